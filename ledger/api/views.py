"""`/log/checkpoint`, `/log/tile/…`, `/log/policy`, `/log/vkey`: read-only, public, byte for byte as stored; and two lists in JSON.

A path has one spelling or it is a 404, so a file is never served under two names and no name leaves the store.
`/log/policy/<end>` is the policy that was replaced at that moment. `/log/timestamps` is the newest stamped checkpoint with its tokens,
`/log/incidents` every incident with what anyone needs to find it in the log. Source: C2SP tlog-tiles, tlog-checkpoint; formats C.
"""
import json

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.http import require_safe

from common.problems import StorageUnavailable
from ledger.api.lists import incident_list, timestamp_list
from ledger.selectors import published_note
from ledger.storage import log_store, read_object
from ledger.trust import earlier_policies, policy_text, vkeys_text
from tlog.errors import VerificationError
from tlog.tiles import parse_entries_path, parse_tile_path

TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
JSON = "application/json"
# SPEC: tlog-tiles: the checkpoint is mutable, "cache a few seconds"; tiles never change, partial ones included.
FOR_SECONDS = "public, max-age=2"
FOR_EVER = "public, max-age=31536000, immutable"


def answer(body: bytes, content_type: str, cache_control: str) -> HttpResponse:
    return HttpResponse(body, content_type=content_type, headers={"Cache-Control": cache_control})


def json_answer(body: object) -> HttpResponse:
    return answer(json.dumps(body, ensure_ascii=False).encode(), JSON, FOR_SECONDS)


def nothing_here() -> HttpResponse:
    """404 that nobody may keep: the tile may be there in a second."""
    return HttpResponse("404 not found\n", status=404, content_type=TEXT, headers={"Cache-Control": "no-store"})


@method_decorator(require_safe, name="dispatch")
class CheckpointView(View):
    """The newest published checkpoint with all its signatures; 404 while nothing was published."""

    def get(self, request: HttpRequest) -> HttpResponse:
        note = published_note()
        return nothing_here() if note is None else answer(note, TEXT, FOR_SECONDS)


@method_decorator(require_safe, name="dispatch")
class TileView(View):
    """A tile or an entry bundle; 404 for a name that no tile has, for one not written yet, and for a partial that was collected."""

    def get(self, request: HttpRequest, rest: str) -> HttpResponse:
        name = f"tile/{rest}"
        try:
            _require_name(name)
            body = read_object(log_store(), name)
        except (VerificationError, FileNotFoundError):
            return nothing_here()
        except OSError as broken:
            raise StorageUnavailable() from broken
        return answer(body, BYTES, FOR_EVER)


@method_decorator(require_safe, name="dispatch")
class PolicyView(View):
    """The tlog-policy in force."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return answer(policy_text().encode(), TEXT, FOR_SECONDS)


@method_decorator(require_safe, name="dispatch")
class EarlierPolicyView(View):
    """A policy that was replaced, by its end."""

    def get(self, request: HttpRequest, end: str) -> HttpResponse:
        text = earlier_policies().get(end)
        return nothing_here() if text is None else answer(text.encode(), TEXT, FOR_SECONDS)


@method_decorator(require_safe, name="dispatch")
class KeysView(View):
    """The log's and the receipt's vkeys, one a line."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return answer(vkeys_text().encode(), TEXT, FOR_SECONDS)


@method_decorator(require_safe, name="dispatch")
class TimestampsView(View):
    """The newest stamped checkpoint with its tokens; 404 while none is stamped."""

    def get(self, request: HttpRequest) -> HttpResponse:
        found = timestamp_list()
        return nothing_here() if found is None else json_answer(found)


@method_decorator(require_safe, name="dispatch")
class IncidentsView(View):
    """Every incident there ever was, the newest first; an empty list says that there was none."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return json_answer(incident_list())


def _require_name(name: str) -> None:
    """Raises VerificationError unless `name` is the one spelling of a tile or a bundle."""
    if name.startswith("tile/entries/"):
        parse_entries_path(name)
    else:
        parse_tile_path(name)

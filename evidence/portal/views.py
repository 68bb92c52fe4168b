"""Pages by record number: verification, the record, the check of a file's digest. A script adds the digest of a chosen file, and what
digests can show of a package; everything else works without one.

A number may stand in a URL. A digest comes in the body of a POST, is compared and forgotten: it is neither kept nor logged.
"""
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from accounts.portal.workplace import framed
from accounts.viewer import Viewer
from common.errors import DomainError
from evidence.custody import CustodyAction
from evidence.disclosure import Disclosure, disclose_and_note
from evidence.errors import RecordNotFound, RecordNumberMalformed
from evidence.limits import count_verification
from evidence.portal.by_hand import verify_commands
from evidence.portal.file_views import FILES_ON_A_RECORD, views_of_record
from evidence.portal.own_record import own_record
from evidence.portal.package_words import BY_BROWSER, NOT_BY_BROWSER
from evidence.portal.qr_codes import qr_code
from evidence.portal.record_page import record_page
from evidence.portal.state_words import Text, integrity_words
from evidence.selectors import canonical_number, public_record
from evidence.trail import done_by_credential, done_by_viewer
from tlog.canonical import Json
from tlog.claims import parse_claim

# As people paste it: 64 hex digits, in groups of eight or not, perhaps with the file name that sha256sum writes behind.
DIGEST = re.compile(r"\s*((?:[0-9a-fA-F]{8}\s?){7}[0-9a-fA-F]{8})(?:\s.*)?", re.ASCII | re.DOTALL)
LONGEST_INPUT = 200


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What came of comparing a digest: `state` is `same` or `different`, `fault` a sentence when there was nothing to compare."""

    sha256: str
    state: str = ""
    fault: Text = ""
    disclosure: Disclosure | None = None

    @property
    def claim_text(self) -> str:
        """The disclosed claim's own bytes; a claim is UTF-8 by its rules."""
        return self.disclosure.claim.data.decode() if self.disclosure else ""

    @property
    def file(self) -> Json:
        """The disclosed claim's value: name, media type, size, custody, digests."""
        claim = self.disclosure.claim if self.disclosure else None
        return parse_claim(claim.name, claim.data) if claim else None


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class RecordSearchView(View):
    """Verification by number, file, QR code or package; with `?number=…` it leads to the record's page.

    What is posted is a number with the digest of a file, and gets what `FileCheckView` gives, without a token for the same reason.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        typed = request.GET.get("number", "").strip()[:LONGEST_INPUT]
        if "number" not in request.GET:
            return search_page(request, {"typed": ""})
        try:
            return HttpResponseRedirect(reverse("record", args=[canonical_number(typed)]))
        except RecordNumberMalformed as error:
            return search_again(request, typed, error)

    def post(self, request: HttpRequest) -> HttpResponse:
        typed = request.POST.get("number", "").strip()[:LONGEST_INPUT]
        return checked(request, typed)


@method_decorator(never_cache, name="dispatch")
class RecordView(View):
    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        try:
            if number != canonical_number(number):
                return HttpResponseRedirect(reverse("record", args=[canonical_number(number)]))
            return show_record(request, number, None)
        except (RecordNumberMalformed, RecordNotFound) as error:
            return search_again(request, number[:LONGEST_INPUT], error)


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class FileCheckView(View):
    """Compares the digest of a file that somebody holds with the record; whoever opens the address gets the record's page.

    No token guards the form: nobody's session gives a right here, so a forged request does no more than its sender could. That a session
    is named in the trail does not change it: its cookie (SameSite=Lax) does not come with another site's POST.
    """

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("record", args=[number]))

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        return checked(request, number)


class PrintStyleView(View):
    """The running header of a printed record: a page's margin can only be written by a style sheet, and none may be inline."""

    def get(self, request: HttpRequest, number: str) -> HttpResponseBase:
        # The canonical form has letters, digits and hyphens only, so it cannot end the string.
        style = f'@page {{ @top-left {{ content: "{canonical_number(number)}"; }} }}\n'
        return HttpResponse(style, content_type="text/css; charset=utf-8", headers={"Cache-Control": "public, max-age=86400"})


def checked(request: HttpRequest, number: str) -> HttpResponse:
    """The record's page with what came of comparing the digest that was posted, or the form again when there is no such record."""
    # Whoever is signed in has no other right here than anybody, and is counted as anybody.
    count_verification(request, None, now=timezone.now())
    try:
        number = canonical_number(number)
        return show_record(request, number, check_file(number, request.POST.get("sha256", ""), framed(request)))
    except (RecordNumberMalformed, RecordNotFound) as error:
        return search_again(request, number[:LONGEST_INPUT], error)


def check_file(number: str, typed: str, viewer: Viewer | None) -> FileCheck:
    """`viewer`: who is signed in, None for a stranger, whom the trail calls unknown.

    Raises RecordNumberMalformed, RecordNotFound (of the number), DisclosureLimited, ClaimsErased.
    """
    found = DIGEST.fullmatch(typed[:LONGEST_INPUT])
    if not found:
        return FileCheck(typed[:LONGEST_INPUT].strip(), fault=_("请输入 64 位十六进制的 SHA-256 摘要，或选择一个文件。"))
    sha256 = "".join(found[1].split()).lower()
    public_record(number)
    # The page says whether the file is the record's, and shows its claim: two things, two rows.
    done = [done_by_credential(None, action) if viewer is None else done_by_viewer(viewer, action)
            for action in (CustodyAction.VERIFIED, CustodyAction.DISCLOSED)]
    try:
        disclosure = disclose_and_note(number, bytes.fromhex(sha256), *done, now=timezone.now())
    except RecordNotFound:
        return FileCheck(sha256, "different")
    return FileCheck(sha256, "same", disclosure=disclosure)


def show_record(request: HttpRequest, number: str, check: FileCheck | None) -> HttpResponse:
    now = timezone.now()
    page = record_page(public_record(number), now=now)
    if check is not None and check.state:
        page = replace(page, words=(integrity_words({"state": check.state}), *page.words[1:]))
    own = own_record(request, number, now=now)
    context: Mapping[str, object] = {
        "page": page, "check": check, "now": now, "commands": verify_commands(page, settings.PUBLIC_URL), "own": own,
        "code": qr_code(f"{settings.PUBLIC_URL}{reverse('record', args=[number])}"),
        "views": () if own is None else views_of_record(own.record, now=now), "shown_files": FILES_ON_A_RECORD,
    }
    response = render(request, "evidence/record.html", context, status=400 if check is not None and check.fault else 200)
    response["X-Robots-Tag"] = "noindex"
    return response


def search_again(request: HttpRequest, typed: str, error: DomainError) -> HttpResponse:
    """The form once more, with what was typed and what is wrong with it."""
    return search_page(request, {"typed": typed, "error": error}, status=error.status)


def search_page(request: HttpRequest, context: Mapping[str, object], *, status: int = 200) -> HttpResponse:
    more = {"site": settings.PUBLIC_URL, "package_checks": BY_BROWSER, "not_by_browser": NOT_BY_BROWSER}
    return render(request, "evidence/search.html", {**more, **context}, status=status)

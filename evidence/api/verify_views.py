"""POST /api/v1/verify: a package, a file with a record number, or a digest with a record number → named checks.

Public, and a convenience only: the offline verifier says the same without us. What is uploaded here is hashed or examined
and never kept.
"""
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from multipart import MultipartError, MultipartSegment
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import ApiKey, TrialStep
from accounts.trial import note_trial_step
from common.bodies import answer, read_json
from common.faults import MultipartMalformed, PartsMalformed
from evidence.api import payloads, schema
from evidence.custody import CustodyAction, Happening
from evidence.errors import FileTooLarge, RecordNumberMalformed, VerificationBusy
from evidence.limits import count_verification
from evidence.multipart import multipart_events
from evidence.trail import done_by_credential
from evidence.verification import note_examined, verify_file
from ledger.trust import trust_files
from tlog.digests import new_sha256, new_sm3
from tlog.package import examine_package
from tlog.report import Report

# Examining a package costs memory and time, and anyone may ask: two at a time in each process.
EXAMINING = threading.BoundedSemaphore(2)
VERDICTS = {0: "passed", 2: "failed", 3: "incomplete"}
MAX_NUMBER_BYTES = 64


class VerifyView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(**schema.VERIFY)
    def post(self, request: Request) -> HttpResponse:
        count_verification(request._request, request.auth if isinstance(request.auth, ApiKey) else None, now=timezone.now())
        report = verify_upload(request) if request.content_type.startswith("multipart/") else verify_digest(request)
        if isinstance(request.auth, ApiKey):
            key = request.auth
            note_trial_step(key.organisation, TrialStep.Step.VERIFIED, actor=f"api_key:{key.pk}", now=timezone.now())
        return answer(report_json(report))


def report_json(report: Report) -> dict[str, object]:
    return {
        "verdict": VERDICTS[report.exit_code],
        "checks": [
            {"name": check.name, "outcome": check.outcome, "reason": check.reason, "required": check.required} for check in report.checks
        ],
    }


def verify_digest(request: Request) -> Report:
    """The JSON form: a record's number with the digests of a file."""
    wanted = payloads.decode(read_json(request), payloads.DigestToVerify)
    sm3 = None if wanted.sm3 is None else bytes.fromhex(wanted.sm3)
    return verify_file(wanted.record, bytes.fromhex(wanted.sha256), sm3, by=_verification(request), now=timezone.now())


def verify_upload(request: Request) -> Report:
    """The one part `package`, or the parts `record` and `file` in this order."""
    parts = _parts(request)
    name, data = next(parts, ("", iter(())))
    if name == "package":
        return _verify_package(request, data, parts)
    if name != "record":
        raise PartsMalformed(wanted="package | record, file")
    number = _short_text(data)
    name, data = next(parts, ("", iter(())))
    if name != "file":
        raise PartsMalformed(wanted="record, file")
    sha256, sm3 = _digests(data)
    _must_end(parts)
    return verify_file(number, sha256, sm3, by=_verification(request), now=timezone.now())


def _verify_package(request: Request, data: Iterator[bytes], parts: Iterator[tuple[str, Iterator[bytes]]]) -> Report:
    with _place():
        pass  # whoever comes while all are taken is told so before he sends anything
    with tempfile.TemporaryDirectory(prefix="cunzheng-verify-") as folder:
        with Path(folder, "package").open("wb") as file:
            _copy(data, file)
        _must_end(parts)
        # Not before all has come: whoever sends a byte now and then must not keep the others from being examined.
        with _place():
            report = _examine(folder)
    if isinstance(request.auth, ApiKey):
        # Without a key nobody is known who could stand in a trail, and a package proves all it proves without us.
        note_examined(report, _verification(request, f"package: {VERDICTS[report.exit_code]}"), now=timezone.now())
    return report


def _must_end(parts: Iterator[tuple[str, Iterator[bytes]]]) -> None:
    """Raises PartsMalformed for a part too many, before anything is written of what came."""
    if next(parts, None) is not None:
        raise PartsMalformed(wanted="package | record, file")


def _verification(request: Request, told: str | None = None) -> Happening:
    """For the record's trail: by a machine with its key, or by somebody who needed none."""
    return done_by_credential(request.auth if isinstance(request.auth, ApiKey) else None, CustodyAction.VERIFIED, purpose=told)


def _parts(request: Request) -> Iterator[tuple[str, Iterator[bytes]]]:
    """(name, chunks) of each part; the chunks of one must be taken before the next part is asked for."""
    events = _events(request)
    for event in events:
        if isinstance(event, MultipartSegment):
            yield event.name, _bounded(iter(events.__next__, None))


def _events(request: Request) -> Iterator[MultipartSegment | bytes | None]:
    try:
        yield from multipart_events(request._request)
    except MultipartError:
        raise MultipartMalformed from None


def _bounded(chunks: Iterator[object]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        assert isinstance(chunk, bytes)
        size += len(chunk)
        if size > settings.MAX_FILE_BYTES:
            raise FileTooLarge(limit=settings.MAX_FILE_BYTES)
        yield chunk


def _short_text(chunks: Iterator[bytes]) -> str:
    text = b""
    for chunk in chunks:
        text += chunk
        if len(text) > MAX_NUMBER_BYTES:
            raise RecordNumberMalformed
    return text.decode("ascii", "replace")


def _digests(chunks: Iterator[bytes]) -> tuple[bytes, bytes]:
    sha256, sm3 = new_sha256(), new_sm3()
    for chunk in chunks:
        sha256.update(chunk)
        sm3.update(chunk)
    return sha256.digest(), sm3.digest()


@contextmanager
def _place() -> Iterator[None]:
    """Raises VerificationBusy while as many are examined as may be at once."""
    if not EXAMINING.acquire(blocking=False):
        raise VerificationBusy(retry_after_s=10)
    try:
        yield
    finally:
        EXAMINING.release()


def _examine(folder: str) -> Report:
    """Of the file `package` in this folder, which gets the trust files, too."""
    trust = Path(folder, "trust")
    for name, data in trust_files().items():
        path = trust / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return examine_package(Path(folder, "package"), trust=trust, now=timezone.now())


def _copy(chunks: Iterator[bytes], file: BinaryIO) -> None:
    for chunk in chunks:
        file.write(chunk)

"""Timestamp tokens: judged by `tlog.timestamp` against the trusted roots, and by what was archived about revocation.

What it is for: one place that turns a token in a package into a finding and, when it is good, into the moment that it
proves. Nothing else in an examination may be taken for a proof of time.

What it does not do: rely on an archived OCSP answer. The service judged it before it was kept (`tlog.timestamp.ocsp_answer`),
but whoever made a package could leave it out, so "good" proves nothing here and its signature is not asked for. It can only
make things worse: an answer that says "revoked" refuses the token beside which it lies, and one that cannot be read does, too.

Source: formats of this project, A7; RFC 6960 section 4.2.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import ocsp

from tlog.errors import VerificationError
from tlog.examination.findings import Findings
from tlog.examination.trust import Trust
from tlog.timestamp import verify_token
from tlog.timestamp.backing import backing_of
from tlog.timestamp.list_file import parse_lists

SKEW_S = 300
"""Seconds by which two honest clocks may differ."""


@dataclass(frozen=True, slots=True)
class LoneStamp:
    """A verified token that no renewal covers: its time (aware, UTC), and whether the certificates behind it have not ended yet."""

    at: datetime
    lasts: bool


@dataclass(frozen=True, slots=True)
class StampJudge:
    """Judges tokens; `now` (aware) is the examiner's clock, None when a genTime in the future is not to be noticed.

    `made_at` is when the package says it was made: until then its timestamps had to be kept alive.
    """

    findings: Findings
    trust: Trust
    now: datetime | None
    made_at: datetime

    def examine(
        self, name: str, subject: str, token: bytes, digest: bytes, *, crls: Sequence[bytes] = (), answers: Sequence[bytes] = ()
    ) -> datetime | None:
        """Note under check `name` whether `token` stamps `digest` (SHA-256); returns genTime (aware, UTC) if it does.

        `crls` (files of one list in DER, or of several in PEM) and OCSP `answers` (DER) are those archived beside the token.
        """
        if not self._has_roots(name, subject):
            return None
        return self.findings.attempt(name, subject, lambda: self._verify(token, digest, crls, answers), _tell)

    def examine_lone(self, name: str, subject: str, token: bytes, digest: bytes) -> LoneStamp | None:
        """`examine` a token that nothing renews: once the certificates behind it have ended, it holds up and carries nothing.

        Whoever found such a key later could make tokens of any earlier time. The token of a checkpoint is renewed; this one just ends.
        """
        if not self._has_roots(name, subject):
            return None
        try:
            when = self._verify(token, digest, (), ())
        except VerificationError as refusal:
            self.findings.failed(name, subject, str(refusal))
            return None
        until = self.lasts_until(token)
        lasts = until >= self.made_at and (self.now is None or until >= self.now)
        if lasts:
            self.findings.passed(name, subject, _tell(when))
        else:
            lapsed = f"{_tell(when)}, but the certificates behind it ended on {until:%Y-%m-%d} and nothing renews it: nothing rests on it"
            self.findings.skipped(name, subject, lapsed, required=False)
        return LoneStamp(when, lasts)

    def lasts_until(self, token: bytes) -> datetime:
        """Return when the first certificate behind a token ends that was found good."""
        return backing_of(token, roots=self.trust.roots, intermediates=self.trust.intermediates).valid_until

    def _has_roots(self, name: str, subject: str) -> bool:
        if not self.trust.roots:
            self.findings.skipped(name, subject, "no root certificate of a timestamping authority among the trust files")
        return bool(self.trust.roots)

    def _verify(self, token: bytes, digest: bytes, crls: Sequence[bytes], answers: Sequence[bytes]) -> datetime:
        trust = self.trust
        return verify_archived(
            token, digest, roots=trust.roots, intermediates=trust.intermediates, now=self.now, crls=crls, answers=answers)


def verify_archived(
    token: bytes, digest: bytes, *, roots: Sequence[bytes], intermediates: Sequence[bytes] = (), now: datetime | None,
    crls: Sequence[bytes], answers: Sequence[bytes],
) -> datetime:
    """Check a token over `digest` (SHA-256) with what was archived about revocation beside it; its genTime (aware, UTC).

    `roots` and `intermediates` are certificates in DER; the others as in `StampJudge.examine`. Raises VerificationError.
    """
    lists = tuple(encoded for file in crls for encoded in parse_lists(file))
    verified = verify_token(token, digest=digest, roots=roots, intermediates=intermediates, now=now, skew_s=SKEW_S, crls=lists)
    for answer in answers:
        _refuse_revoked(answer, verified.gen_time)
    return verified.gen_time


def _tell(when: datetime) -> str:
    return f"stamped at {when:%Y-%m-%d %H:%M:%S} UTC"


def verify_not_before(when: Sequence[datetime], earliest_s: int | None) -> None:
    """Check that no genTime is earlier than a checkpoint's earliest cosignature (POSIX seconds, None without one).

    Raises:
        VerificationError: a token states a time before what it stamps existed.
    """
    # SPEC: A7, "nor earlier than the checkpoint's earliest cosignature less that skew".
    if earliest_s is not None and any(moment.timestamp() < earliest_s - SKEW_S for moment in when):
        raise VerificationError("genTime is earlier than the cosignature of what it stamps")


def _refuse_revoked(answer: bytes, when: datetime) -> None:
    """Refuse a token beside which lies an answer that a certificate was revoked before `when`, or its key compromised ever."""
    try:
        response = ocsp.load_der_ocsp_response(answer)
        if response.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise VerificationError("the archived OCSP answer is an error")
        revoked = [
            (single.revocation_time_utc or datetime.min.replace(tzinfo=UTC), single.revocation_reason)
            for single in response.responses
            if single.certificate_status == ocsp.OCSPCertStatus.REVOKED
        ]
    except (ValueError, UnsupportedAlgorithm):
        raise VerificationError("an OCSP answer that cannot be read") from None
    # SPEC: A7, revoked before genTime, or key compromise at any time: refused.
    if any(since <= when or reason == x509.ReasonFlags.key_compromise for since, reason in revoked):
        raise VerificationError("the archived OCSP answer says that a certificate of the chain was revoked")

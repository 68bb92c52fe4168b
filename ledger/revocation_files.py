"""The two files of an archive, `<tsa>.crl` and `<tsa>.ocsp`, judged for the chain behind a token: are they of it, and what do they say?

A file of lists holds one list for each that the chain names, a file of an answer the one about the signer. The verdicts are those of
`tlog.timestamp`; here they become what an archive needs: usable or not, condemned or not.

Source: formats A5, A7; RFC 5280 section 6.3, RFC 6960.
"""
from collections.abc import Iterator
from datetime import datetime

from cryptography import x509

from tlog.errors import VerificationError
from tlog.timestamp import Reason, TimestampRefused
from tlog.timestamp.backing import Backing
from tlog.timestamp.list_file import format_lists, parse_lists
from tlog.timestamp.ocsp_answer import judge_answer
from tlog.timestamp.revocation import judge_revocation

CRL, OCSP = "crl", "ocsp"
CONDEMNED = (Reason.REVOKED, Reason.KEY_COMPROMISE)
# Words of this chain's own authorities, be they too old for a later token: what they say of a certificate stays said.
_GENUINE = (None, *CONDEMNED, Reason.CRL_STALE, Reason.OCSP_STALE)


def named_forms(backing: Backing) -> tuple[str, ...]:
    """Of which forms an archive of this chain has files: what its certificates name."""
    return (*([CRL] if backing.lists else []), *([OCSP] if backing.responder else []))


def judge_file(form: str, data: bytes, backing: Backing, *, fetched_at: datetime) -> None:
    """Judge an archived file for a chain. Raises VerificationError; that a certificate is revoked raises nothing."""
    if form not in named_forms(backing):
        raise VerificationError(f"the chain names nothing of the form {form}")
    if form == OCSP:
        verdicts = [answer_verdict(data, backing, now=fetched_at)]
    else:
        lists = parse_lists(data)
        if data != format_lists(lists):
            raise VerificationError("the file of lists is not spelled as it was kept")
        if len(lists) != len(backing.lists):
            raise VerificationError(f"{len(lists)} lists where the chain names {len(backing.lists)}")
        verdicts = [list_verdict(encoded, backing) for encoded in lists]
    if unusable := [verdict for verdict in verdicts if verdict not in (None, *CONDEMNED)]:
        raise VerificationError(f"{unusable[0]}: what is archived is not of this chain and time")


def condemned_by(form: str, data: bytes, backing: Backing) -> Reason | None:
    """Why an archived file refuses every token of this chain and time; None when it does not. Raises VerificationError."""
    return next((verdict for _, verdict in words(form, data, backing) if verdict in CONDEMNED), None)


def speakers(form: str, backing: Backing) -> dict[x509.Name, bytes]:
    """Whose words count for a chain, by name, with the certificate: the authorities whose lists, or the signer about whom an answer, is."""
    return {each.subject: each.der for each in (backing.path[:1] if form == OCSP else backing.path[1:])}


def words(form: str, data: bytes, backing: Backing) -> Iterator[tuple[x509.Name, Reason | None]]:
    """What a file says that was archived with any token of an authority, for this chain: one of `speakers`, and the verdict.

    What another chain's authorities signed, and what is about another certificate, says nothing here. Raises VerificationError.
    """
    if form == OCSP:
        verdict = answer_verdict(data, backing, now=None)
        if verdict in _GENUINE:
            yield backing.path[0].subject, verdict
        return
    for encoded in parse_lists(data):
        verdict = list_verdict(encoded, backing)
        if verdict in _GENUINE:
            yield x509.load_der_x509_crl(encoded).issuer, verdict


def list_verdict(encoded: bytes, backing: Backing) -> Reason | None:
    """Why one list (DER) refuses tokens of this chain and time, or cannot be used for them; None for neither."""
    try:
        judge_revocation(backing.path, [encoded], backing.gen_time)
    except TimestampRefused as refused:
        return refused.reason
    return None


def answer_verdict(encoded: bytes, backing: Backing, *, now: datetime | None) -> Reason | None:
    """The same of an OCSP answer; `now` is the clock of whoever fetched it, None when that was long ago."""
    try:
        judge_answer(backing.path, encoded, backing.gen_time, now=now)
    except TimestampRefused as refused:
        return refused.reason
    return None

"""What the sandbox authority says to a timestamp request: the right answer, or one of the wrong ones.

Bytes in, bytes out: the network's misbehaviour is the server's business. Source: RFC 3161 section 2.4.
"""
from __future__ import annotations

import enum
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyasn1.codec.der import decoder
from pyasn1.error import PyAsn1Error
from rfc3161ng import TimeStampReq

from sandbox.tsa import authority, signing
from sandbox.tsa.authority import Authority
from sandbox.tsa.signing import Identity

POLICY = "1.3.6.1.4.1.0.3161.1"
_SHA256_OID = "2.16.840.1.101.3.4.2.1"
_BAD_ALGORITHM, _BAD_REQUEST, _BAD_DATA_FORMAT, _UNACCEPTED_POLICY, _SYSTEM_FAILURE = 0, 2, 5, 15, 25


class WrongAnswer(enum.StrEnum):
    """Answers that a client must see through."""

    WRONG_IMPRINT = "wrong-imprint"
    WRONG_NONCE = "wrong-nonce"
    NO_NONCE = "no-nonce"
    EXPIRED_CERTIFICATE = "expired-certificate"
    OTHER_AUTHORITY = "other-authority"
    AN_HOUR_AGO = "an-hour-ago"
    AN_HOUR_AHEAD = "an-hour-ahead"
    A_YEAR_AGO = "a-year-ago"
    A_YEAR_AHEAD = "a-year-ahead"
    OTHER_POLICY = "other-policy"
    REJECTION = "rejection"


_OTHER_POLICY = "2.999.3161"
_WRONG_TIMES = {
    WrongAnswer.AN_HOUR_AGO: timedelta(hours=-1), WrongAnswer.AN_HOUR_AHEAD: timedelta(hours=1),
    WrongAnswer.A_YEAR_AGO: timedelta(days=-365), WrongAnswer.A_YEAR_AHEAD: timedelta(days=365),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A readable request: SHA-256 imprint, and what the client asks for; `policy` is one that is served."""

    digest: bytes
    nonce: int | None
    wants_certificates: bool
    policy: str


class RejectedRequestError(Exception):
    """The request cannot be granted: a text for people and a bit of PKIFailureInfo."""

    def __init__(self, text: str, failure_bit: int) -> None:
        super().__init__(text)
        self.failure_bit = failure_bit


class Responder:
    """Signs timestamps with the authority's key and the time of `clock` (aware UTC), under the policies that it serves, first the usual.

    A serial is 127 random bits, so that it is unique among all threads, all starts and a folder restored from a backup, with no counter
    that any of them could set back.
    """

    def __init__(
        self, hierarchy: Authority, clock: Callable[[], datetime] = lambda: datetime.now(UTC), policies: Sequence[str] = (POLICY,),
    ) -> None:
        self.clock = clock
        self.hierarchy = hierarchy
        self.policies = tuple(policies)

    def answer(self, query: bytes, wrong: WrongAnswer | None = None) -> bytes:
        """Give the TimeStampResp to an encoded TimeStampReq; any bytes get one."""
        try:
            request = parse_request(query, self.policies)
        except RejectedRequestError as error:
            return signing.rejected(str(error), error.failure_bit)
        if wrong is WrongAnswer.REJECTION:
            return signing.rejected("rejected on request 按要求拒绝", _SYSTEM_FAILURE)
        identity = self._identity(wrong)
        stamped = hashlib.sha256(request.digest).digest() if wrong is WrongAnswer.WRONG_IMPRINT else request.digest
        content = signing.tst_info(
            policy=_OTHER_POLICY if wrong is WrongAnswer.OTHER_POLICY else request.policy,
            message_imprint=signing.imprint(stamped),
            serial=secrets.randbits(127),
            gen_time=self._time(wrong),
            nonce=_nonce(request, wrong),
            tsa=identity.certificate.subject,
        )
        return signing.granted(signing.sign_token(content, identity, with_certificates=request.wants_certificates))

    def _time(self, wrong: WrongAnswer | None) -> datetime:
        return self.clock() + (_WRONG_TIMES.get(wrong, timedelta(0)) if wrong else timedelta(0))

    def _identity(self, wrong: WrongAnswer | None) -> Identity:
        if wrong is WrongAnswer.OTHER_AUTHORITY:
            return authority.make_authority().tsa
        tsa = self.hierarchy.tsa
        if wrong is WrongAnswer.EXPIRED_CERTIFICATE:
            until = self.clock() - timedelta(days=1)
            return authority.issue(
                tsa.certificate.subject, self.hierarchy.intermediate, valid_from=until - timedelta(days=365), valid_until=until
            )
        return tsa


def parse_request(query: bytes, policies: Sequence[str] = (POLICY,)) -> Request:
    """Read an encoded TimeStampReq for one of `policies`, the first unless it asks for another. Raises: RejectedRequestError."""
    try:
        request, rest = decoder.decode(query, asn1Spec=TimeStampReq())
    except (PyAsn1Error, ValueError, TypeError, IndexError) as error:
        raise RejectedRequestError("the request cannot be read", _BAD_DATA_FORMAT) from error
    if rest or int(request["version"]) != 1 or request["extensions"].isValue:
        raise RejectedRequestError("the request is not one of version 1 without extensions", _BAD_REQUEST)
    imprint = request["messageImprint"]
    digest = bytes(imprint["hashedMessage"])
    if str(imprint["hashAlgorithm"]["algorithm"]) != _SHA256_OID:
        raise RejectedRequestError("the imprint is not SHA-256", _BAD_ALGORITHM)
    if len(digest) != hashlib.sha256().digest_size:
        raise RejectedRequestError("the imprint has not the length of SHA-256", _BAD_DATA_FORMAT)
    policy = str(request["reqPolicy"]) if request["reqPolicy"].isValue else policies[0]
    if policy not in policies:
        raise RejectedRequestError("the policy is not served here", _UNACCEPTED_POLICY)
    nonce = int(request["nonce"]) if request["nonce"].isValue else None
    return Request(digest, nonce, bool(request["certReq"]), policy)


def _nonce(request: Request, wrong: WrongAnswer | None) -> int | None:
    if wrong is WrongAnswer.NO_NONCE:
        return None
    if wrong is WrongAnswer.WRONG_NONCE:
        return (request.nonce or 0) + 1
    return request.nonce

"""Asks the issuers of a chain about its certificates: a list by GET from each distribution point, an OCSP answer by POST about the signer.

An adapter: no rows, no retries. The addresses stand in certificates that chain to a pinned root, and nobody else chooses any; whatever
comes back is judged before it is given out. One that says "revoked" is given out like any other: to drop it would be to hide it.
An address that failed is left alone for a while: hundreds of tokens wait for the same list, and the worker has other jobs.

Source: RFC 5280 section 4.2.1.13, RFC 6960 appendix A.
"""
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus

from django.conf import settings

from common.bounded_http import Limits, NoAnswer, get_any, post
from common.jobs import RetryLater
from ledger.revocation_files import CONDEMNED, OCSP, answer_verdict, list_verdict
from tlog.errors import VerificationError
from tlog.timestamp import Reason
from tlog.timestamp.backing import Backing
from tlog.timestamp.list_file import format_lists, parse_lists
from tlog.timestamp.ocsp_answer import MAX_BYTES, question_about

logger = logging.getLogger(__name__)

UNAVAILABLE = "revocation-unavailable"
MAX_LIST_BYTES = 1024 * 1024
REST_S = 60.0
# Address → the moment (monotonic) from which on it may be asked again.
RESTING: dict[str, float] = {}


def fetch_file(form: str, backing: Backing, *, now: datetime) -> bytes:
    """The file of this form (one of `named_forms`) for a chain, usable at `now`. Raises RetryLater; no transaction may be open."""
    if form == OCSP:
        assert backing.responder is not None
        return _first([backing.responder], lambda address: _ask(address, backing, now))
    return format_lists([_first(addresses, lambda address: _fetch(address, backing)) for addresses in backing.lists])


def _first(addresses: Sequence[str], ask: Callable[[str], bytes]) -> bytes:
    """What the first of the addresses gives that gives something usable. Raises RetryLater."""
    trouble = "resting"
    for address in addresses:
        if time.monotonic() < RESTING.get(address, float("-inf")):
            continue
        try:
            return ask(address)
        except (NoAnswer, VerificationError) as fault:
            trouble = fault.trouble if isinstance(fault, NoAnswer) else "unusable"
            RESTING[address] = time.monotonic() + REST_S
            logger.warning("%s is not asked about revocation for %.0f s: %s", address, REST_S, fault)
    raise RetryLater(f"{UNAVAILABLE}: {trouble}")


def _fetch(address: str, backing: Backing) -> bytes:
    answer = get_any(address, limits=Limits(settings.TSA_TIMEOUT_S, MAX_LIST_BYTES))
    if answer.status != HTTPStatus.OK:
        raise VerificationError(f"status {answer.status}")
    lists = parse_lists(answer.body)
    if len(lists) != 1:
        raise VerificationError("no usable list: several lists")
    _judge(list_verdict(lists[0], backing), address, backing)
    return lists[0]


def _ask(address: str, backing: Backing, now: datetime) -> bytes:
    answer = post(
        address, question_about(backing.path), content_type="application/ocsp-request", accept="application/ocsp-response",
        limits=Limits(settings.TSA_TIMEOUT_S, MAX_BYTES))
    _judge(answer_verdict(answer, backing, now=now), address, backing)
    return answer


def _judge(verdict: Reason | None, address: str, backing: Backing) -> None:
    if verdict in CONDEMNED:
        logger.error("a certificate of %s is revoked, says %s", backing.path[0].title(), address)
    elif verdict is not None:
        raise VerificationError(f"not usable: {verdict}")

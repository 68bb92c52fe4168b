"""The text of a policy: judged before it is used, compared with another, and written for other keys of the log. No file is read here.

What a policy demands of witnesses is the operator's to write; which `log` lines of this log it bears follows from the log's keys in force.
So two texts are compared without addresses and without this log's own lines, and `under_keys` puts these in their place.

Source: C2SP tlog-policy; formats A5 (`policies/<end>.txt`).
"""
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from tlog.errors import VerificationError
from tlog.note import Signature, Verifier
from tlog.policy import Policy, parse_policy

MOMENT = "%Y%m%dT%H%M%SZ"
"""How formats A5 spells the end of a policy."""


@dataclass(frozen=True, slots=True)
class Period:
    """A policy and the moment from which it is in force (whole seconds, UTC)."""

    since: datetime
    text: str

    @property
    def policy(self) -> Policy:
        """Raises ImproperlyConfigured when the text is no policy: it was judged before it was recorded."""
        return _parsed(self.text)


@lru_cache(maxsize=64)
def _parsed(text: str) -> Policy:
    try:
        return parse_policy(text)
    except VerificationError as damaged:
        raise ImproperlyConfigured(f"a recorded policy is damaged: {damaged}") from damaged


def judge_policy(text: str, where: str, *, accepted: Collection[str], line: str) -> Policy:
    """The policy of an operator's text, which names one of the log's `accepted` public keys; `line` is the one that it should name.

    Raises ImproperlyConfigured with one sentence that begins with `where`.
    """
    try:
        policy = parse_policy(text)
    except VerificationError as wrong:
        raise ImproperlyConfigured(f"{where} is no policy: {wrong}.") from wrong
    if not {verifier.vkey for verifier in policy.log_verifiers} & set(accepted):
        raise ImproperlyConfigured(f"{where} does not name this log's key; its line is: log {line}")
    logs = [(f"log {log.verifier.name}", log.url) for log in policy.logs]
    for whose, url in (*logs, *((f"witness {each.name}", each.url) for each in policy.witnesses)):
        if url is not None and not _is_address(url):
            raise ImproperlyConfigured(f"{where}: the address of the {whose} is not http or https.")
    reachable = [Signature(each.verifier.name, each.verifier.key_id, b"", None) for each in policy.witnesses if each.url is not None]
    try:
        policy.verify_quorum(reachable)
    except VerificationError as unreachable:
        raise ImproperlyConfigured(f"{where}: the witnesses that have an address can never be the quorum {policy.quorum}.") from unreachable
    return policy


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def own_keys(policy: Policy, origin: str) -> tuple[Verifier, ...]:
    """The keys of the log `origin` in a policy, in their order."""
    return tuple(verifier for verifier in policy.log_verifiers if verifier.name == origin)


def fingerprint(key: Verifier) -> str:
    """Hex SHA-256 of the public key in groups of four, to be read aloud: as a witness's ceremony record has it."""
    digits = hashlib.sha256(key.public_key).hexdigest()
    return " ".join(digits[at:at + 4] for at in range(0, len(digits), 4))


def demands(policy: Policy, origin: str) -> object:
    """What a policy demands, to be compared: everything but addresses and the keys of the log `origin`."""
    others = {log.verifier for log in policy.logs if log.verifier.name != origin}
    return others, [(each.name, each.verifier) for each in policy.witnesses], policy.groups, policy.quorum


def under_keys(text: str, origin: str, vkeys: Collection[str]) -> str:
    """The text of a policy with these keys of the log `origin`, one line each; the text itself when it names just these."""
    policy = parse_policy(text)
    own = [log for log in policy.logs if log.verifier.name == origin]
    if {log.verifier.vkey for log in own} == set(vkeys):
        return text
    url = next((log.url for log in own if log.url is not None), None)
    kept = [line for line in text.split("\n") if not _is_line_of(line, origin)]
    return "\n".join([*(f"log {vkey} {url}" if url else f"log {vkey}" for vkey in vkeys), *kept])


def _is_line_of(line: str, origin: str) -> bool:
    words = line.split()
    return words[:1] == ["log"] and words[1].startswith(f"{origin}+")

"""A case: a token, what the verifier is told, and the verdict that is right; and the list of all cases, one named function each.

The files `cases_*.py` register their functions here; a function runs only when its test does.
"""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from tests.tlog.timestamp.pki import PKI, STAMPED_AT
from tlog.timestamp import Reason

DIGEST = hashlib.sha256(b"example.org/log\n7\nq1oMw3rVQ8Zs9xTn4eYdY0mFqC8bq3o1J7q0hHhYw5k=\n").digest()
NONCE = 0x7F3A_5C91_0D42_E8B6
POLICY = "1.3.6.1.4.1.0.3161.2"


class Told(TypedDict):
    """What `verify_token` is told."""

    digest: bytes
    roots: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    nonce: int | None
    policy: str | None
    now: datetime | None
    not_before: datetime | None
    crls: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A token or response, and the caller's side; `at` is the time at which the oracles judge certificates."""

    token: bytes
    digest: bytes = DIGEST
    roots: tuple[bytes, ...] = field(default_factory=lambda: (PKI.root.der,))
    intermediates: tuple[bytes, ...] = ()
    nonce: int | None = NONCE
    policy: str | None = POLICY
    now: datetime | None = STAMPED_AT
    not_before: datetime | None = STAMPED_AT
    crls: tuple[bytes, ...] = ()
    at: datetime = STAMPED_AT

    def told(self) -> Told:
        return Told(
            digest=self.digest, roots=self.roots, intermediates=self.intermediates, nonce=self.nonce, policy=self.policy, now=self.now,
            not_before=self.not_before, crls=self.crls,
        )  # fmt: skip


Build = Callable[[], Case | bytes]
GOOD: dict[str, Build] = {}
HOSTILE: dict[str, tuple[Reason, Build]] = {}


def _title(build: Build) -> str:
    return build.__name__.replace("_", " ")


def good(build: Build) -> Build:
    """Register a case that is right."""
    assert _title(build) not in GOOD
    GOOD[_title(build)] = build
    return build


def hostile(reason: Reason) -> Callable[[Build], Build]:
    """Register a case that is refused for `reason`."""

    def register(build: Build) -> Build:
        each(reason, {_title(build): build})
        return build

    return register


def each(reason: Reason, builds: dict[str, Build]) -> None:
    """Register hostile cases that differ in one part only."""
    assert not builds.keys() & HOSTILE.keys(), builds.keys() & HOSTILE.keys()
    HOSTILE.update({title: (reason, build) for title, build in builds.items()})


def make(build: Build) -> Case:
    """Build a case; a function that gives bytes means a token with the usual caller."""
    made = build()
    return Case(token=made) if isinstance(made, bytes) else made

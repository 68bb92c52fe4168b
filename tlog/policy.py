"""A trust policy: which logs are known, which witnesses, and how many of them must have cosigned.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]                 name: used in this file only
    group <name> all|any|<k> <member>…            at least k of the members, witnesses or groups defined above
    quorum <name>|none                            exactly once

One item a line, its words separated by spaces and tabs; empty lines and lines that begin with "#" say nothing.

The rules that keep a quorum honest: every witness has a key of its own and a cosignature key (a log never votes in its own
quorum), and every name is a member at most once, so that nobody is counted twice.

What it does not do: say who the witnesses are; a policy is worth what its source is worth. Times of cosignatures are not judged.

Source: C2SP tlog-policy (draft of 2026).

>>> policy = parse_policy("log example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\\nquorum none\\n")
>>> [verifier.name for verifier in policy.log_verifiers], policy.quorum
(['example.com/foo'], 'none')
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tlog.checkpoint import Checkpoint, parse_checkpoint
from tlog.encoding import decimal
from tlog.errors import VerificationError
from tlog.note import Signature, Verifier, open_note
from tlog.verifier import COSIGNATURE, MLDSA44

NO_QUORUM = "none"

# SPEC: tlog-policy, character set: 0x09, 0x0A, 0x20-0x7E and 0x80-0xFF.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLANK = re.compile(r"[ \t]+")


@dataclass(frozen=True, slots=True)
class Log:
    """A known log; `url` is None where the policy gives none."""

    verifier: Verifier
    url: str | None


@dataclass(frozen=True, slots=True)
class Witness:
    """A known witness under its name in the policy; `url` is None where the policy gives none."""

    name: str
    verifier: Verifier
    url: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """A group witnesses a checkpoint when `threshold` of its `members` do (1 ≤ threshold ≤ number of members)."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy; a group comes after its members; `quorum` is the name of a witness or group, or "none"."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str

    @property
    def log_verifiers(self) -> tuple[Verifier, ...]:
        """The keys of the logs."""
        return tuple(log.verifier for log in self.logs)

    @property
    def witness_verifiers(self) -> tuple[Verifier, ...]:
        """The keys of the witnesses."""
        return tuple(witness.verifier for witness in self.witnesses)

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """All keys: what a checkpoint is to be opened with."""
        return self.log_verifiers + self.witness_verifiers

    def verify_log(self, signatures: Iterable[Signature]) -> tuple[Log, ...]:
        """Return the logs whose keys made these signatures, which `open_note` verified by this policy's `verifiers`.

        Raises:
            VerificationError: there is none.
        """
        keys = _keys_of(signatures)
        if logs := tuple(log for log in self.logs if (log.verifier.name, log.verifier.key_id) in keys):
            return logs
        raise VerificationError("no signature by a log of the policy")

    def verify_quorum(self, signatures: Iterable[Signature]) -> tuple[Witness, ...]:
        """Return the witnesses whose keys made these signatures, which `open_note` verified by this policy's `verifiers`.

        Raises:
            VerificationError: they are not the quorum that the policy asks for; with the quorum "none" any will do.
        """
        keys = _keys_of(signatures)
        cosigned = tuple(item for item in self.witnesses if (item.verifier.name, item.verifier.key_id) in keys)
        reached = {NO_QUORUM, *(witness.name for witness in cosigned)}
        # In the order of definition every member is decided before its group; no recursion for a hostile file to exhaust.
        for group in self.groups:
            if sum(member in reached for member in group.members) >= group.threshold:
                reached.add(group.name)
        if self.quorum not in reached:
            raise VerificationError(f"quorum {self.quorum!r} not reached by {len(cosigned)} cosignatures")
        return cosigned


def parse_policy(text: str) -> Policy:
    """Return the policy that a text spells.

    Raises:
        VerificationError: a malformed line or key, a key or name given twice, an unknown or repeated member, a witness
            without a cosignature key, or not exactly one quorum line.
    """
    if _FORBIDDEN.search(text):
        raise VerificationError("a policy has no control characters but tabs and newlines")
    draft = _Draft()
    for line in text.split("\n"):
        words = _BLANK.split(line.strip(" \t"))
        if words != [""] and not words[0].startswith("#"):
            draft.add(words)
    if draft.quorum is None:
        raise VerificationError("a policy has a quorum line")
    return Policy(tuple(draft.logs), tuple(draft.witnesses), tuple(draft.groups), draft.quorum)


def verify_checkpoint(data: bytes, policy: Policy) -> Checkpoint:
    """Verify a checkpoint's signatures: a log of the policy signed it, its quorum cosigned it; return the checkpoint.

    Raises:
        VerificationError: it is malformed, a known signature fails, or one is missing.
    """
    note = open_note(data, policy.verifiers)
    policy.verify_log(note.signatures)
    policy.verify_quorum(note.signatures)
    return parse_checkpoint(note.text)


@dataclass(slots=True)
class _Draft:
    """What the lines read so far have defined."""

    logs: list[Log] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: str | None = None
    names: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    log_keys: set[bytes] = field(default_factory=set)
    witness_keys: set[bytes] = field(default_factory=set)

    def add(self, words: list[str]) -> None:
        """Take in one line."""
        match words:
            case ["log", vkey, *rest] if len(rest) <= 1:
                self.logs.append(Log(_fresh_key(vkey, self.log_keys), rest[0] if rest else None))
            case ["witness", name, vkey, *rest] if len(rest) <= 1:
                self._define(name)
                self.witnesses.append(Witness(name, _cosignature_key(vkey, self.witness_keys), rest[0] if rest else None))
            case ["group", name, threshold, first, *rest]:
                self._add_group(name, threshold, (first, *rest))
            case ["quorum", name] if self.quorum is None and name in self.names | {NO_QUORUM}:
                self.quorum = name
            case _:
                raise VerificationError(f"not a line of a policy, or not here: {' '.join(words)[:60]!r}")

    def _add_group(self, name: str, threshold: str, members: tuple[str, ...]) -> None:
        needed = {"all": len(members), "any": 1}.get(threshold) or decimal(threshold)
        if not 1 <= needed <= len(members):
            raise VerificationError(f"group {name[:60]!r} asks for {needed} of {len(members)} members")
        for member in members:
            # SPEC: tlog-policy: "Each defined name can be listed as a group member at most once."
            if member not in self.names or member in self.members:
                raise VerificationError(f"group member {member[:60]!r} is not defined above, or is a member already")
            self.members.add(member)
        self._define(name)
        self.groups.append(Group(name, needed, members))

    def _define(self, name: str) -> None:
        # SPEC: tlog-policy: witnesses and groups share a namespace, in which "none" is predefined.
        if name in self.names or name == NO_QUORUM:
            raise VerificationError(f"the name {name[:60]!r} is taken")
        self.names.add(name)


def _fresh_key(vkey: str, seen: set[bytes]) -> Verifier:
    verifier = Verifier.from_vkey(vkey)
    # SPEC: tlog-policy: vkeys are duplicate "if they wrap the same underlying public key, even if they differ by key name".
    if verifier.public_key in seen:
        raise VerificationError(f"the key of {verifier.name[:60]!r} stands twice in the policy")
    seen.add(verifier.public_key)
    return verifier


def _cosignature_key(vkey: str, seen: set[bytes]) -> Verifier:
    verifier = _fresh_key(vkey, seen)
    # Without this rule a log could list its own key as a witness and be its own quorum.
    if verifier.type not in (COSIGNATURE, MLDSA44):
        raise VerificationError(f"the witness key {verifier.name[:60]!r} is not a cosignature key")
    return verifier


def _keys_of(signatures: Iterable[Signature]) -> set[tuple[str, bytes]]:
    return {(signature.name, signature.key_id) for signature in signatures}

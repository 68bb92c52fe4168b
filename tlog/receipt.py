"""What the service signs about time and order: the receipt of a deposit, and the head of a case.

What it is for: both are signed notes whose key name is `<origin>/receipt`. A receipt is returned with every
acknowledgement and promises that its leaves are in a published checkpoint by `include-by`:

    cunzheng/receipt/v1
    <received, POSIX seconds>
    <include-by, POSIX seconds>
    <record number> <base64 of the leaf hash>        one line for each record of the batch

A case head states how far a case's chain of deposits went at that time; two heads that contradict each other are proof
against the service:

    cunzheng/case-head/v1
    <case ref, 32 hex digits>
    <last sequence>
    <hex SHA-256 of the last statement>
    <POSIX seconds>

What it does not do: sign (`tlog.note.sign_note` does; Ed25519 gives a retry the same bytes), read a clock, or look into
the log: whether a promise was kept is the auditor's question.

Source: formats of this project, A3 and A5; C2SP signed-note.

>>> from tlog.note import Signer, sign_note
>>> signer = Signer.from_seed("example.com/log/receipt", bytes(32))
>>> keys = parse_receipt_keys(signer.vkey + "\\n")
>>> text = format_receipt(received=1795420800, include_by=1795507200, leaves=[("CZ-20261123-4K7QM-X2R9D-0", bytes(32))])
>>> print(text, end="")
cunzheng/receipt/v1
1795420800
1795507200
CZ-20261123-4K7QM-X2R9D-0 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
>>> open_receipt(sign_note(text, [signer]), keys).leaves[0][0]
'CZ-20261123-4K7QM-X2R9D-0'
>>> head = format_case_head(ref="00" * 16, sequence=1, statement_sha256=bytes(32), time=1795420800)
>>> open_case_head(sign_note(head, [signer]), keys).sequence
1
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tlog.encoding import decimal, decode_base64, encode_base64
from tlog.errors import VerificationError
from tlog.note import Verifier, open_note
from tlog.record_number import verify_record_number
from tlog.verifier import ED25519

KEY_SUFFIX = "/receipt"

_RECEIPT = "cunzheng/receipt/v1"
_CASE_HEAD = "cunzheng/case-head/v1"
_REF = re.compile(r"[0-9a-f]{32}")
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A promise: these leaves (record number, 32-byte leaf hash) are published by `include_by`; times are POSIX seconds."""

    received: int
    include_by: int
    leaves: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class CaseHead:
    """The last deposit of a case at `time` (POSIX seconds): its sequence ≥ 1 and its statement's SHA-256 (32 bytes)."""

    ref: str
    sequence: int
    statement_sha256: bytes
    time: int


def parse_receipt_keys(text: str) -> tuple[Verifier, ...]:
    """Return the keys of a `receipt.vkey` file: one vkey a line, empty lines ignored.

    Raises:
        VerificationError: no key, or one that is not an Ed25519 key named `<origin>/receipt`.
    """
    keys = tuple(Verifier.from_vkey(line) for line in text.split("\n") if line)
    if not keys or not all(key.type == ED25519 and key.name.endswith(KEY_SUFFIX) for key in keys):
        raise VerificationError("receipts are signed by Ed25519 keys named <origin>/receipt")
    return keys


def format_receipt(*, received: int, include_by: int, leaves: Sequence[tuple[str, bytes]]) -> str:
    """Return the text of a receipt for `leaves` (record number, 32-byte leaf hash), at least one, none twice.

    Raises:
        ValueError: whatever `open_receipt` would refuse in a signed text.
    """
    lines = [f"{record} {encode_base64(leaf_hash)}\n" for record, leaf_hash in leaves]
    text = f"{_RECEIPT}\n{received}\n{include_by}\n{''.join(lines)}"
    try:
        # Compared, because a record number with a newline in it could promise more than was asked for.
        if _parse_receipt(text) == Receipt(received, include_by, tuple(leaves)):
            return text
    except VerificationError as fault:
        raise ValueError(f"format_receipt: {fault}") from None
    raise ValueError("format_receipt: the text would say something else")


def open_receipt(note: bytes, verifiers: Iterable[Verifier]) -> Receipt:
    """Return the receipt that a note is, signed by one of the service's receipt keys.

    Raises:
        VerificationError: no signature by a key named `<origin>/receipt`, another text, times in the wrong order, no
            record, a record number that is none, or one record twice.
    """
    return _parse_receipt(_open(note, verifiers))


def format_case_head(*, ref: str, sequence: int, statement_sha256: bytes, time: int) -> str:
    """Return the text of a case head; `ref` is 32 hex digits, sequence ≥ 1, the digest 32 bytes, `time` POSIX seconds.

    Raises:
        ValueError: whatever `open_case_head` would refuse in a signed text.
    """
    text = f"{_CASE_HEAD}\n{ref}\n{sequence}\n{statement_sha256.hex()}\n{time}\n"
    try:
        _parse_case_head(text)
    except VerificationError as fault:
        raise ValueError(f"format_case_head: {fault}") from None
    return text


def open_case_head(note: bytes, verifiers: Iterable[Verifier]) -> CaseHead:
    """Return the case head that a note is, signed by one of the service's receipt keys.

    Raises:
        VerificationError: no signature by a key named `<origin>/receipt`, or another text.
    """
    return _parse_case_head(_open(note, verifiers))


def _open(note: bytes, verifiers: Iterable[Verifier]) -> str:
    opened = open_note(note, verifiers)
    names = {signature.name for signature in opened.signatures}
    # SPEC: A3, the key name is <origin>/receipt. The log's own key signs checkpoints, and a text of its is no promise to
    # a depositor; two services cannot have made one promise.
    if len(names) != 1 or not all(name.endswith(KEY_SUFFIX) for name in names):
        raise VerificationError("not signed by the receipt key of one origin")
    return opened.text


def _lines(text: str, first: str) -> list[str]:
    # A note's text ends in a newline; a row that is empty all the same fails as what it should have been.
    head, *rows = text.removesuffix("\n").split("\n")
    if head != first:
        raise VerificationError(f"not a {first}")
    return rows


def _parse_receipt(text: str) -> Receipt:
    rows = _lines(text, _RECEIPT)
    if len(rows) < 3:
        raise VerificationError("a receipt without times or without a record")
    received, include_by = decimal(rows[0]), decimal(rows[1])
    if include_by <= received:
        raise VerificationError("the receipt's include-by is not after received")
    leaves = tuple([_parse_leaf(row) for row in rows[2:]])
    # A record twice would leave open which of two leaves was promised.
    if len({record for record, _ in leaves}) != len(leaves):
        raise VerificationError("a record stands twice in the receipt")
    return Receipt(received, include_by, leaves)


def _parse_leaf(row: str) -> tuple[str, bytes]:
    record, _, leaf_hash = row.partition(" ")
    return verify_record_number(record), decode_base64(leaf_hash, 32)


def _parse_case_head(text: str) -> CaseHead:
    rows = _lines(text, _CASE_HEAD)
    if len(rows) != 4:
        raise VerificationError("a case head has four lines after the first")
    ref, sequence, digest, time = rows
    if not _REF.fullmatch(ref) or not _HEX_DIGEST.fullmatch(digest):
        raise VerificationError("the case head's ref or digest is not lower-case hex of 16 and 32 bytes")
    head = CaseHead(ref, decimal(sequence), bytes.fromhex(digest), decimal(time))
    if head.sequence < 1:
        raise VerificationError("the case head's sequence begins at 1")
    return head

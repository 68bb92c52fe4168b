"""A signed note: a text, an empty line, and one line for each signature.

    <text: any lines, empty ones included; the last one ends in a newline>
    <empty line: the last one of the note>
    — <key name> <base64 of (4 bytes of key ID ‖ signature)>
    …

UTF-8; no control character but the newline. Every signature is over the text with its final newline, nothing else.

The rule that makes notes safe to pass around: a line whose (name, key ID) nobody asked for is ignored, so that anyone may
add signatures; a line whose pair is known must verify, or the whole note is refused; and one known line is needed.

What it does not do: believe the text. Only what `open_note` returns has been signed by one of the given keys; `split_note`
is for programs that move signatures about, such as a witness or a log collecting cosignatures.

Source: C2SP signed-note v1.0.0.

>>> log = Signer.from_seed("example.com/log", bytes(32))
>>> data = sign_note("hello\\n", [log])
>>> open_note(data, [log.verifier]).text
'hello\\n'
>>> open_note(data.replace(b"hello", b"hullo"), [log.verifier])
Traceback (most recent call last):
tlog.errors.VerificationError: the signature of 'example.com/log' does not verify
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tlog.encoding import decode_base64, decode_uncanonical_base64, plain_text
from tlog.errors import VerificationError
from tlog.signer import CosignatureSigner, Signer
from tlog.verifier import KEY_ID_BYTES, Verifier, verify_key_name

__all__ = [
    "MAX_SIGNATURE_LINES",
    "CosignatureSigner",
    "Note",
    "Signature",
    "SignatureLine",
    "Signer",
    "Verifier",
    "format_note",
    "open_note",
    "sign_note",
    "split_note",
]

# SPEC: signed-note: "Verifiers SHOULD apply a maximum limit […], but MUST accept at least up to 16 signatures."
MAX_SIGNATURE_LINES = 128


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that verified: `key_id` is 4 bytes, `signature` all bytes after it, a cosignature's 8 of time included.

    `timestamp` is the POSIX seconds that a cosignature states, None for other types.
    """

    name: str
    key_id: bytes
    signature: bytes
    timestamp: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its verified signatures, at least one, in the order of their lines and each once."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature line as it stands in a note; nothing about it has been verified."""

    name: str
    payload: str

    @property
    def text(self) -> str:
        """The line with its newline."""
        return f"— {self.name} {self.payload}\n"

    def decode(self) -> tuple[bytes, bytes]:
        """Return key ID (4 bytes) and signature (1 byte or more).

        Raises:
            VerificationError: the payload is not base64 of five bytes or more. Unused bits are not judged here: the line
                of an unknown key is ignored however it is spelled.
        """
        blob = decode_uncanonical_base64(self.payload)
        if len(blob) <= KEY_ID_BYTES:
            raise VerificationError(f"the signature line of {self.name!r} is too short")
        return blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:]


def split_note(data: bytes) -> tuple[str, tuple[SignatureLine, ...]]:
    """Return the unverified text of a note and its signature lines, undecoded.

    Raises:
        VerificationError: not UTF-8, a forbidden control character, no empty line, a line after it that is no signature
            line, or more than 128 of them.
    """
    try:
        whole = plain_text(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise VerificationError("a note is UTF-8") from None
    # SPEC: signed-note: "the text is separated from the signatures by the last empty line in the note".
    text, separator, tail = whole.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise VerificationError("a note is a text, an empty line and signature lines")
    if tail.count("\n") > MAX_SIGNATURE_LINES:
        raise VerificationError(f"more than {MAX_SIGNATURE_LINES} signature lines")
    return text + "\n", tuple(_parse_line(line) for line in tail[:-1].split("\n"))


def open_note(data: bytes, verifiers: Iterable[Verifier]) -> Note:
    """Verify a note by the keys of its possible signers; return its text and the signatures that verified.

    The keys are the caller's decision and must come from elsewhere than the note.

    Raises:
        VerificationError: the note is malformed, a line of a given key does not verify, or none is by a given key.
    """
    text, lines = split_note(data)
    known = _by_name_and_id(verifiers)
    verified: dict[Signature, None] = {}
    for line in lines:
        # A payload that is no base64 could be anyone's, so it counts as a signature that fails.
        key_id, signature = line.decode()
        # SPEC: signed-note: "Verifiers MUST ignore signatures from unknown keys, even if they share a name or ID".
        verifier = known.get((line.name, key_id))
        if verifier is None:
            continue
        # SPEC: "If the key name and ID match a known key, verifiers MUST verify the signature." Respelled base64 would let
        # two different notes carry one signature.
        decode_base64(line.payload)
        verified[Signature(line.name, key_id, signature, verifier.verify(signature, text))] = None
    if not verified:
        raise VerificationError("no signature by a known key")
    return Note(text, tuple(verified))


def format_note(text: str, lines: Iterable[str]) -> bytes:
    """Return the bytes of a note; each signature line is as a signer returned it, with its newline.

    Raises:
        ValueError: the result would be no note, or one with another text.
    """
    data = f"{text}\n{''.join(lines)}".encode()
    try:
        if split_note(data)[0] == text:
            return data
    except VerificationError as error:
        raise ValueError(str(error)) from None
    raise ValueError("a note's text ends in a newline, and its signature lines hold no empty one")


def sign_note(text: str, signers: Iterable[Signer]) -> bytes:
    """Return the note with this text and one signature line by each signer.

    Raises:
        ValueError: no note can have this text, or there is no signer.
    """
    return format_note(text, [signer.sign(text) for signer in signers])


def _parse_line(line: str) -> SignatureLine:
    name, space, payload = line.removeprefix("— ").partition(" ")
    if not line.startswith("— ") or not space:
        raise VerificationError(f"not a signature line: {line[:60]!r}")
    return SignatureLine(verify_key_name(name), payload)


def _by_name_and_id(verifiers: Iterable[Verifier]) -> dict[tuple[str, bytes], Verifier]:
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        # A key whose type this installation cannot verify is treated as unknown: its lines never count, and never harm.
        if verifier.loaded is not None and known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise VerificationError(f"two keys share the name {verifier.name!r} and the key ID {verifier.key_id.hex()}")
    return known

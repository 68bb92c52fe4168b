"""Signed notes: published ones open, the rules about known and unknown lines hold, and any other bytes are refused."""
import base64
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import example, given
from hypothesis import strategies as st

from tlog.encoding import encode_base64
from tlog.errors import VerificationError
from tlog.note import CosignatureSigner, SignatureLine, Signer, Verifier, format_note, open_note, sign_note, split_note
from tlog.signer import MlDsaCosignatureSigner, format_signature_line
from tlog.verifier import MLDSA44, subtree_message

VECTORS: dict[str, dict[str, Any]] = {
    vector["name"]: vector for vector in json.loads((Path(__file__).parent.parent / "vectors" / "notes.json").read_text())
}
WITH_VKEYS = [vector for vector in VECTORS.values() if "vkeys" in vector]
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER, ENOCH = (Verifier.from_vkey(vkey) for vkey in VECTORS["go-note-peter-enoch"]["vkeys"])
PETER_LINE, ENOCH_LINE = (f"{line}\n" for line in VECTORS["go-note-peter-enoch"]["note"].split("\n")[3:5])
SEED = bytes(range(32))
LOG, OTHER = Signer.from_seed("example.com/log", SEED), Signer.from_seed("example.com/other", SEED)
WITNESS = CosignatureSigner.from_seed("example.com/witness", SEED)
POST_QUANTUM = MlDsaCosignatureSigner.from_seed("example.com/pq", SEED)
CHECKPOINT = f"example.com/log\n5\n{encode_base64(bytes(32))}\n"
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def note(*lines: str, text: str = TEXT) -> bytes:
    return f"{text}\n{''.join(lines)}".encode()


def respelled(line: str) -> str:
    """The same bytes in base64 that is not canonical: an unused bit of the last digit is set."""
    body, padding = line.rstrip("=\n"), line[len(line.rstrip("=\n")) :]
    assert "=" in padding
    return body[:-1] + DIGITS[DIGITS.index(body[-1]) + 1] + padding


@pytest.mark.parametrize("vector", WITH_VKEYS, ids=lambda vector: vector["name"])
def test_published_note_opens(vector: dict[str, Any]) -> None:
    verifiers = [Verifier.from_vkey(vkey) for vkey in vector["vkeys"]]
    opened = open_note(vector["note"].encode(), verifiers)
    assert opened.text == vector["note"].rpartition("\n\n")[0] + "\n"
    assert [(item.name, item.key_id, item.timestamp) for item in opened.signatures] == [(v.name, v.key_id, None) for v in verifiers]


def test_the_published_key_makes_the_published_signature() -> None:
    secret = VECTORS["go-note-peter-enoch"]["skey_public_test_key"].split("+", 4)[4]
    signer = Signer.from_seed("PeterNeumann", base64.b64decode(secret)[1:])
    assert (signer.vkey, signer.sign(TEXT)) == (PETER.vkey, PETER_LINE)
    assert sign_note(TEXT, [signer]) == note(PETER_LINE)


def test_a_published_log_key_verifies_its_checkpoint() -> None:
    vector = VECTORS["sigsum-seed17-log"]
    origin, data = vector["note"].split("\n")[0], vector["note"].encode()
    signer = Signer.from_seed(origin, bytes.fromhex(vector["ed25519_seed_hex"]))
    assert sign_note(open_note(data, [signer.verifier]).text, [signer]) == data


def test_a_published_cosignature_verifies_and_the_dummy_line_beside_it_does_not() -> None:
    vector = VECTORS["sigsum-seed17-cosignature"]
    data = vector["note"].encode()
    cosigner = CosignatureSigner.from_seed(vector["cosigner_name"], bytes.fromhex(vector["ed25519_seed_hex"]))
    opened = open_note(data, [cosigner.verifier])
    assert [item.timestamp for item in opened.signatures] == [vector["cosignature_timestamp"]]
    assert cosigner.sign(opened.text, vector["cosignature_timestamp"]) == vector["note"].split("\n", 5)[5]
    dummy = dataclasses.replace(LOG.verifier, name="example.org/log", key_id=split_note(data)[1][0].decode()[0])
    with pytest.raises(VerificationError, match="does not verify"):
        open_note(data, [cosigner.verifier, dummy])


def test_only_known_lines_are_returned_in_their_order_and_each_once() -> None:
    data = note(PETER_LINE, ENOCH_LINE, PETER_LINE)
    assert [item.name for item in open_note(data, [ENOCH, PETER]).signatures] == ["PeterNeumann", "EnochRoot"]
    assert [item.name for item in open_note(data, [ENOCH]).signatures] == ["EnochRoot"]
    assert [item.name for item in open_note(data, iter([PETER, PETER])).signatures] == ["PeterNeumann"]


@pytest.mark.parametrize("verifiers", [[], [LOG.verifier], [dataclasses.replace(PETER, name="Peter")]])
def test_a_note_without_a_known_line_is_refused(verifiers: list[Verifier]) -> None:
    same_name_only = dataclasses.replace(PETER, key_id=bytes(4))
    verifiers = [*verifiers, same_name_only]
    with pytest.raises(VerificationError, match="no signature by a known key"):
        open_note(note(PETER_LINE, ENOCH_LINE), verifiers)


def test_a_known_line_that_fails_refuses_the_note_whatever_else_is_good() -> None:
    wrong = PETER_LINE[:60] + "ABCD" + PETER_LINE[60:]
    for lines in ([wrong], [wrong, ENOCH_LINE], [ENOCH_LINE, wrong], [PETER_LINE, wrong], [wrong, PETER_LINE]):
        with pytest.raises(VerificationError, match="does not verify"):
            open_note(note(*lines), [PETER, ENOCH])
    assert open_note(note(ENOCH_LINE, wrong), [ENOCH]).text == TEXT


def test_a_signature_covers_every_character_of_the_text() -> None:
    data = note(PETER_LINE)
    for place in range(len(TEXT)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(VerificationError):
            open_note(changed, [PETER])


def test_the_last_empty_line_separates_text_and_signatures() -> None:
    for text in ("a\n\nb\n", "\n", "\n\n", "a\n\n", f"a\n\n{PETER_LINE}"):
        data = sign_note(text, [LOG])
        assert open_note(data, [LOG.verifier]).text == text


BAD = {
    "nothing": b"",
    "one newline": b"\n",
    "an empty line": b"\n\n",
    "only a text": TEXT.encode(),
    "no signature line": note(),
    "no empty line": note(PETER_LINE, text=TEXT[:-1]),
    "no last newline": note(PETER_LINE[:-1]),
    "an empty line at the end": note(PETER_LINE, "\n"),
    "another line at the end": note(PETER_LINE, "Unexpected line.\n"),
    "a line without a space": note(PETER_LINE, "—\n"),
    "a control character": b"\x01" + note(PETER_LINE),
    "a tab": note(PETER_LINE, text="a\tb\n"),
    "carriage returns": note(PETER_LINE).replace(b"\n", b"\r\n"),
    "no UTF-8": b"\xff" + note(PETER_LINE),
    "a surrogate in UTF-8": b"\xed\xa0\x80" + note(PETER_LINE),
    "a space before the line": note(" " + PETER_LINE),
    "a hyphen for the dash": note(PETER_LINE.replace("—", "-")),
    "no space behind the dash": note(PETER_LINE.replace("— ", "—")),
    "two spaces behind the dash": note(PETER_LINE.replace("— ", "—  ")),
    "a line without signature": note(PETER_LINE, "— PeterNeumann\n"),
    "a line without name": note(PETER_LINE, "—  x08go/ZJ\n"),
    "a name with a wide space": note(PETER_LINE, "— Bad\u2003Name x08go/ZJ\n"),
    "a name with a plus sign": note(PETER_LINE, "— Bad+Name x08go/ZJ\n"),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_what_is_no_note_is_neither_opened_nor_split(data: bytes) -> None:
    with pytest.raises(VerificationError):
        open_note(data, [PETER])
    with pytest.raises(VerificationError):
        split_note(data)


@pytest.mark.parametrize(
    "data", [note(PETER_LINE, text=" " + TEXT), note(PETER_LINE.replace("\n", " \n")), note(PETER_LINE, "— Bad Name x08go/ZJ\n")]
)
def test_a_space_more_in_text_name_or_signature_fails(data: bytes) -> None:
    with pytest.raises(VerificationError):
        open_note(data, [PETER])


@pytest.mark.parametrize("payload", ["", "=", "AAAAA", "x08go/ZJA=", "x08go/Z-", "x08 go/ZJ", "x08g", "x08gow==", "存证", "x08go_ZJkuBS"])
@pytest.mark.parametrize("name", ["PeterNeumann", "Unknown"])
def test_a_line_that_is_no_base64_counts_as_a_failing_one_but_leaves_a_note_that_can_be_split(name: str, payload: str) -> None:
    data = note(PETER_LINE, f"— {name} {payload}\n")
    assert split_note(data)[1][1] == SignatureLine(name, payload)
    with pytest.raises(VerificationError):
        open_note(data, [PETER])


def test_base64_that_is_not_canonical_fails_for_a_known_key_and_is_ignored_for_an_unknown_one() -> None:
    line = LOG.sign(TEXT)
    assert SignatureLine(*respelled(line).split()[1:]).decode() == SignatureLine(*line.split()[1:]).decode()
    for wrong in (respelled(line), line.replace(line.split()[2], encode_base64(LOG.verifier.key_id + bytes(65)) + "=")):
        with pytest.raises(VerificationError, match="not canonical"):
            open_note(note(wrong), [LOG.verifier])
        assert [item.name for item in open_note(note(PETER_LINE, wrong), [PETER]).signatures] == ["PeterNeumann"]


def test_a_note_takes_128_signature_lines_and_no_more() -> None:
    lines = [Signer.from_seed(f"name{number}", SEED).sign(TEXT) for number in range(127)]
    assert len(split_note(note(*lines, PETER_LINE))[1]) == 128
    assert open_note(note(*lines, PETER_LINE), [PETER]).text == TEXT
    with pytest.raises(VerificationError, match="more than 128"):
        open_note(note(*lines, ENOCH_LINE, PETER_LINE), [PETER])


def test_two_keys_of_one_name_and_id_are_never_confused() -> None:
    double = dataclasses.replace(ENOCH, name=PETER.name, key_id=PETER.key_id)
    with pytest.raises(VerificationError, match="share the name"):
        open_note(note(PETER_LINE), [PETER, double])


def test_a_cosigner_is_known_by_name_type_and_key_together() -> None:
    data = note(LOG.sign(CHECKPOINT), WITNESS.sign(CHECKPOINT, 1234), text=CHECKPOINT)
    opened = open_note(data, [LOG.verifier, WITNESS.verifier])
    assert [(item.name, item.timestamp, len(item.signature)) for item in opened.signatures] == [
        ("example.com/log", None, 64), ("example.com/witness", 1234, 72),
    ]  # fmt: skip
    with pytest.raises(VerificationError, match="no signature by a known key"):
        open_note(data, [OTHER.verifier, CosignatureSigner.from_seed("example.com/log", SEED).verifier])


def test_a_cosigner_may_state_several_times() -> None:
    data = note(WITNESS.sign(CHECKPOINT, 7), WITNESS.sign(CHECKPOINT, 5), text=CHECKPOINT)
    assert [item.timestamp for item in open_note(data, [WITNESS.verifier]).signatures] == [7, 5]


def ml_dsa_line(text: str, timestamp: int) -> tuple[str, Verifier]:
    key = mldsa.MLDSA44PrivateKey.from_seed_bytes(SEED)
    verifier = Verifier.from_public_key("example.com/pq", MLDSA44, key.public_key().public_bytes_raw())
    signature = timestamp.to_bytes(8, "big") + key.sign(subtree_message(verifier.name, timestamp, text))
    return format_signature_line(verifier, signature), verifier


def test_sixteen_post_quantum_lines_are_accepted() -> None:
    line, verifier = ml_dsa_line(CHECKPOINT, 99)
    others = [line.replace("/pq", f"/pq{number}") for number in range(15)]
    opened = open_note(note(*others, line, text=CHECKPOINT), [verifier])
    assert [(item.timestamp, len(item.signature)) for item in opened.signatures] == [(99, 2428)]


def test_a_line_that_this_installation_cannot_verify_is_ignored_and_never_counts() -> None:
    line, verifier = ml_dsa_line(CHECKPOINT, 99)
    unusable = dataclasses.replace(verifier, loaded=None)
    data = note(LOG.sign(CHECKPOINT), line, text=CHECKPOINT)
    assert [item.name for item in open_note(data, [LOG.verifier, unusable]).signatures] == ["example.com/log"]
    with pytest.raises(VerificationError, match="no signature by a known key"):
        open_note(data, [unusable])


@pytest.mark.parametrize("text", ["", "no newline", "a\tb\n", "\ud800\n"])
def test_a_text_that_no_note_can_have_is_not_signed(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each of the four has its own message
        LOG.sign(text)
    with pytest.raises(ValueError):  # noqa: PT011
        WITNESS.sign(text, 0)
    with pytest.raises(ValueError):  # noqa: PT011
        format_note(text, [PETER_LINE])


@pytest.mark.parametrize(
    "lines", [[], [""], [PETER_LINE, "\n"], [PETER_LINE[:-1]], ["\n", PETER_LINE], [f"x\n\n{PETER_LINE}"], [PETER_LINE] * 129]
)
def test_a_note_is_not_made_of_what_are_no_lines(lines: list[str]) -> None:
    with pytest.raises(ValueError, match=r"note|signature lines"):
        format_note(TEXT, lines)


def test_signers_are_not_made_of_bad_seeds_and_names_and_show_no_secret() -> None:
    for make in (Signer.from_seed, CosignatureSigner.from_seed, MlDsaCosignatureSigner.from_seed):
        with pytest.raises(ValueError, match="32 bytes"):
            make("name", SEED[:31])
        with pytest.raises(ValueError, match="not a key name"):
            make("a b", SEED)
        signer = make("name", SEED)
        shown = repr(signer)
        assert Verifier.from_vkey(signer.vkey) == signer.verifier
        assert "PrivateKey" not in shown
        assert SEED.hex() not in shown


@pytest.mark.parametrize("timestamp", [-1, 2**63])
def test_a_cosignature_of_an_impossible_time_is_not_made(timestamp: int) -> None:
    for cosigner in (WITNESS, POST_QUANTUM):
        with pytest.raises(ValueError, match="below 2"):
            cosigner.sign(CHECKPOINT, timestamp)


def test_a_post_quantum_cosigner_signs_checkpoints_and_nothing_else() -> None:
    opened = open_note(note(POST_QUANTUM.sign(CHECKPOINT, 99), text=CHECKPOINT), [POST_QUANTUM.verifier])
    assert [(item.name, item.timestamp, len(item.signature)) for item in opened.signatures] == [("example.com/pq", 99, 2428)]
    with pytest.raises(ValueError, match="checkpoint"):
        POST_QUANTUM.sign(TEXT, 99)


def test_without_ml_dsa_in_the_installation_no_such_cosigner_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    with pytest.raises(ValueError, match="has no ML-DSA-44"):
        MlDsaCosignatureSigner.from_seed("name", SEED)


LINES = st.text(st.characters(min_codepoint=32, codec="utf-8"))


@given(st.lists(LINES, min_size=1), st.integers(0, 2**63 - 1))
@example(["text"], 2**63 - 1)
def test_every_signed_text_is_opened_again(lines: list[str], timestamp: int) -> None:
    text = "".join(f"{line}\n" for line in lines)
    data = format_note(text, [LOG.sign(text), WITNESS.sign(text, timestamp)])
    opened = open_note(data, [LOG.verifier, WITNESS.verifier])
    assert (opened.text, [item.timestamp for item in opened.signatures]) == (text, [None, timestamp])
    assert format_note(text, [line.text for line in split_note(data)[1]]) == data


@given(st.binary())
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(VerificationError):
        open_note(data, [PETER])


GOOD = note(LOG.sign(CHECKPOINT), WITNESS.sign(CHECKPOINT, 1234), PETER_LINE, text=CHECKPOINT)


@given(st.integers(0, len(GOOD)), st.integers(0, 9), st.binary(max_size=9))
def test_a_damaged_note_is_refused_or_says_the_same(start: int, cut: int, put: bytes) -> None:
    data = GOOD[:start] + put + GOOD[start + cut :]
    try:
        opened = open_note(data, [LOG.verifier])
    except VerificationError:
        return
    assert opened.text == CHECKPOINT


@pytest.mark.parametrize("data", [b"\n" * 2**20, b"\n\n" + b"\n" * 2**20, b"a\n\n" + "— a AAAAAAAA\n".encode() * 2**16,
                                  b"a\n\n" + "— ".encode() * 2**20, note("— a " + "A" * 2**22 + "\n"), b"\xe2\x80" * 2**20])  # fmt: skip
def test_a_huge_input_is_refused_at_once(data: bytes) -> None:
    start = time.monotonic()
    with pytest.raises(VerificationError):
        open_note(data, [PETER])
    assert time.monotonic() - start < 2

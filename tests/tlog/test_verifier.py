"""Named keys: vkeys of all four types, what each of them signs, and everything that is no key."""
import dataclasses
import hashlib
import importlib
import types
from collections.abc import Callable

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from hypothesis import given
from hypothesis import strategies as st

from tlog.encoding import encode_base64
from tlog.errors import VerificationError
from tlog.verifier import COSIGNATURE, ECDSA, ED25519, MLDSA44, Verifier, cosignature_message, mldsa44_loader, subtree_message

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
CHECKPOINT = f"example.com/log\n5\n{encode_base64(bytes(32))}\n"
Curve = Callable[[], ec.EllipticCurve]


def spki(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def vkey(name: str, blob: bytes, key_id: str | None = None) -> str:
    """A vkey of a type byte and a key, with the right ID unless another one is given."""
    right = hashlib.sha256(name.encode() + b"\n" + blob).hexdigest()[:8]
    return f"{name}+{key_id or right}+{encode_base64(blob)}"


def test_a_published_vkey_is_read_and_written_back() -> None:
    verifier = Verifier.from_vkey(PETER)
    assert (verifier.name, verifier.key_id.hex(), verifier.type, verifier.vkey) == ("PeterNeumann", "c74f20a3", ED25519, PETER)


def test_no_part_of_a_vkey_and_no_changed_character_is_a_vkey() -> None:
    parts = {PETER[start:end] for start in range(len(PETER)) for end in range(start, len(PETER) + 1)} - {PETER}
    changed = {PETER[:i] + chr(ord(PETER[i]) + step) + PETER[i + 1 :] for i in range(len(PETER)) for step in (1, -1)}
    for text in parts | changed | {PETER + "=", PETER + "\n", " " + PETER, PETER.replace("c74f20a3", "C74F20A3")}:
        with pytest.raises(VerificationError):
            Verifier.from_vkey(text)


@pytest.mark.parametrize("text", [
    "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # a key too long, with its own ID
    "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # an unknown type, with its own ID
    "", "+", "++", "+++", "a+00000000+", "a+00000000+AQ==", "\ud800+00000000+AQ==", "a+" + "0" * 10**6,
    *(vkey("name", bytes([kind]) + bytes(32)) for kind in (0, 3, 5, 6, 0xFF)),
    *(vkey("name", bytes([kind]) + bytes(length)) for kind, length in [(1, 31), (4, 33), (6, 1311)]),
])  # fmt: skip
def test_what_is_no_vkey_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        Verifier.from_vkey(text)


@pytest.mark.parametrize("name", ["", "a b", "a\tb", "a\nb", "a\u00a0b", "a\u0085b", "a\u2028b", "a\u3000b", "a\x01b", "\udc80"])
def test_a_name_that_notes_do_not_allow_is_refused(name: str) -> None:
    with pytest.raises(VerificationError):
        Verifier.from_public_key(name, ED25519, bytes(32))


@pytest.mark.parametrize("name", ["a", "example.com/log/2026", "存证", "a\u200bb", "—", "~"])
def test_a_name_of_anything_else_is_kept(name: str) -> None:
    verifier = Verifier.from_public_key(name, COSIGNATURE, bytes(32))
    assert Verifier.from_vkey(verifier.vkey) == verifier


def test_a_plus_in_a_name_is_refused() -> None:
    with pytest.raises(VerificationError, match="not a key name"):
        Verifier.from_public_key("a+b", ED25519, bytes(32))


def test_keys_of_one_byte_string_differ_by_name_and_type() -> None:
    keys = [Verifier.from_public_key(name, kind, bytes(32)) for name in ("a", "b") for kind in (ED25519, COSIGNATURE)]
    assert len({key.key_id for key in keys}) == len(set(keys)) == 4


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
def test_an_ecdsa_key_verifies_sha_256_and_has_the_id_of_its_spki(curve: Curve) -> None:
    key = ec.generate_private_key(curve())
    verifier = Verifier.from_vkey(Verifier.from_public_key("log", ECDSA, spki(key)).vkey)
    assert verifier.key_id == hashlib.sha256(spki(key)).digest()[:4]
    signature = key.sign(b"text\n", ec.ECDSA(hashes.SHA256()))
    assert verifier.verify(signature, "text\n") is None
    for wrong in (signature[:-1], b"", key.sign(b"text\n", ec.ECDSA(hashes.SHA512()))):
        with pytest.raises(VerificationError, match="does not verify"):
            verifier.verify(wrong, "text\n")


def test_what_is_no_ecdsa_key_is_refused() -> None:
    key = ec.derive_private_key(7, ec.SECP256R1())
    others = [spki(ec.generate_private_key(ec.SECP256K1())), spki(rsa.generate_private_key(65537, 2048))]
    others.append(spki(ed25519.Ed25519PrivateKey.generate()))
    body = spki(key)
    for data in [b"", body[:-1], body + b"\0", body[:-1] + bytes([body[-1] ^ 1]), *others]:
        with pytest.raises(VerificationError, match="ECDSA"):
            Verifier.from_public_key("log", ECDSA, data)


def test_an_ecdsa_key_has_one_spelling() -> None:
    key = ec.derive_private_key(7, ec.SECP256R1())
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    head = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    assert serialization.load_der_public_key(head + point) == key.public_key()
    with pytest.raises(VerificationError, match="usual encoding"):
        Verifier.from_public_key("log", ECDSA, head + point)


def test_a_cosignature_covers_its_time_and_gives_it_back() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    verifier = Verifier.from_public_key("witness", COSIGNATURE, key.public_key().public_bytes_raw())
    for time in (0, 1234, 2**63 - 1):
        signature = time.to_bytes(8, "big") + key.sign(cosignature_message(time, CHECKPOINT))
        assert verifier.verify(signature, CHECKPOINT) == time
        for wrong in ((time ^ 1).to_bytes(8, "big") + signature[8:], signature[:-1], signature + b"\0", signature[:8], signature[:7], b""):
            with pytest.raises(VerificationError):
                verifier.verify(wrong, CHECKPOINT)


def test_a_cosignature_of_an_impossible_time_is_refused() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    verifier = Verifier.from_public_key("witness", COSIGNATURE, key.public_key().public_bytes_raw())
    with pytest.raises(VerificationError, match="impossible time"):
        verifier.verify((2**63).to_bytes(8, "big") + key.sign(cosignature_message(2**63, CHECKPOINT)), CHECKPOINT)


def test_a_logs_signature_is_no_cosignature_and_the_other_way_round() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    log, witness = (Verifier.from_public_key("name", kind, key.public_key().public_bytes_raw()) for kind in (ED25519, COSIGNATURE))
    with pytest.raises(VerificationError):
        witness.verify(bytes(8) + key.sign(CHECKPOINT.encode()), CHECKPOINT)
    with pytest.raises(VerificationError):
        log.verify(key.sign(cosignature_message(0, CHECKPOINT)), CHECKPOINT)


def mldsa_witness(name: str = "witness") -> tuple[mldsa.MLDSA44PrivateKey, Verifier]:
    key = mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    return key, Verifier.from_public_key(name, MLDSA44, key.public_key().public_bytes_raw())


def test_the_ml_dsa_message_is_the_one_of_the_specification() -> None:
    name, time, origin = b"\x01w", (1234).to_bytes(8, "big"), b"\x0fexample.com/log"
    start, end, root = bytes(8), (5).to_bytes(8, "big"), bytes(32)
    assert subtree_message("w", 1234, CHECKPOINT) == b"subtree/v1\n\0" + name + time + origin + start + end + root


def test_an_ml_dsa_cosignature_verifies_whatever_the_extension_lines_say() -> None:
    key, verifier = mldsa_witness()
    assert Verifier.from_vkey(verifier.vkey) == verifier
    signature = (1234).to_bytes(8, "big") + key.sign(subtree_message("witness", 1234, CHECKPOINT))
    assert len(signature) == 8 + 2420
    assert verifier.verify(signature, CHECKPOINT) == verifier.verify(signature, CHECKPOINT + "extension\n") == 1234
    for wrong in (signature[:-1], signature[:8], bytes(8) + signature[8:]):
        with pytest.raises(VerificationError):
            verifier.verify(wrong, CHECKPOINT)


def test_an_ml_dsa_cosignature_is_of_one_name_and_of_a_checkpoint() -> None:
    key, verifier = mldsa_witness("other")
    signature = bytes(8) + key.sign(subtree_message("witness", 0, CHECKPOINT))
    for text in (CHECKPOINT, "no checkpoint\n", "x" * 256 + CHECKPOINT):
        with pytest.raises(VerificationError):
            verifier.verify(signature, text)


def test_name_and_origin_of_an_ml_dsa_cosignature_are_at_most_255_bytes() -> None:
    rest = CHECKPOINT.partition("\n")[2]
    longest = subtree_message("n" * 255, 0, "o" * 255 + "\n" + rest)
    assert longest[12:13] == longest[12 + 256 + 8 : 12 + 256 + 9] == b"\xff"
    for name, origin in [("n" * 256, "o"), ("n", "o" * 256), ("证" * 86, "o")]:
        with pytest.raises(VerificationError, match="too long"):
            subtree_message(name, 0, f"{origin}\n{rest}")


def absent(name: str) -> types.ModuleType:
    raise ImportError(name)


def refusing(_: bytes) -> None:
    raise UnsupportedAlgorithm("the backend has no ML-DSA")


def test_ml_dsa_is_found_where_it_is_and_missed_where_it_is_not() -> None:
    older, backend = types.ModuleType("mldsa"), types.ModuleType("mldsa")
    vars(backend)["MLDSA44PublicKey"] = types.SimpleNamespace(from_public_bytes=refusing)
    assert mldsa44_loader(importlib.import_module) is not None
    assert mldsa44_loader(absent) is mldsa44_loader(lambda _: older) is mldsa44_loader(lambda _: backend) is None


def test_a_key_that_this_installation_cannot_use_verifies_nothing() -> None:
    _, verifier = mldsa_witness()
    unusable = dataclasses.replace(verifier, loaded=None)
    assert unusable == verifier
    with pytest.raises(VerificationError, match="cannot be verified by this installation"):
        unusable.verify(bytes(2428), CHECKPOINT)


@given(st.one_of(st.text(), st.builds(lambda key: vkey("n", key), st.binary(max_size=40)), st.builds(
    lambda key: vkey("n", b"\x02" + key, hashlib.sha256(key).hexdigest()[:8]), st.binary(max_size=100))))  # fmt: skip
def test_any_text_is_a_vkey_in_one_spelling_or_refused(text: str) -> None:
    try:
        assert Verifier.from_vkey(text).vkey == text
    except VerificationError:
        return


@given(st.binary(max_size=100), st.sampled_from([ED25519, ECDSA, COSIGNATURE, MLDSA44]))
def test_any_bytes_for_a_signature_are_refused(signature: bytes, kind: int) -> None:
    # A real key: of the all-zero one, a point of order four, forgeries are easy.
    ed = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    keys = {ED25519: ed, COSIGNATURE: ed, ECDSA: spki(ec.derive_private_key(7, ec.SECP256R1())), MLDSA44: bytes(1312)}
    with pytest.raises(VerificationError):
        Verifier.from_public_key("n", kind, keys[kind]).verify(signature, CHECKPOINT)

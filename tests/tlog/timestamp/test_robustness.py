"""No bytes, however hostile, get anything out of the verifier but a verdict: no other exception, no long time, no big memory."""
from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
import tracemalloc
import warnings
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ReasonFlags
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.tsa import der, signing
from tests.tlog.timestamp.cases import DIGEST, Case, make
from tests.tlog.timestamp.cases_revocation import crl, entry
from tests.tlog.timestamp.catalogue import HOSTILE
from tests.tlog.timestamp.factory import Recipe, signed_by, signing_certificate
from tests.tlog.timestamp.pki import PKI, STAMPED_AT, Holder, authority_extensions, ec_key, issue, tsa_extensions
from tlog.errors import VerificationError
from tlog.timestamp import Reason, TimestampRefused, VerifiedTimestamp, ber, extract_token, verify_token
from tlog.timestamp.backing import names_revocation
from tlog.timestamp.list_file import parse_lists

ROOT = Path(__file__).parents[3]
SECONDS = 5.0  # generous: what is guarded against takes minutes


def verdict(case: Case) -> VerifiedTimestamp | Reason:
    try:
        return verify_token(case.token, **case.told())
    except TimestampRefused as error:
        return error.reason


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Flip, replace, cut out, insert or repeat something somewhere, once to three times."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        at, other = dice.randrange(len(changed)), dice.randrange(len(changed))
        match dice.randrange(5):
            case 0:
                changed[at] ^= 1 << dice.randrange(8)
            case 1:
                changed[at] = dice.randrange(256)
            case 2:
                del changed[at : at + dice.randint(1, 8)]
            case 3:
                changed[at:at] = dice.randbytes(dice.randint(1, 8))
            case _:
                changed[at:at] = changed[other : other + dice.randint(1, 60)]
        changed = changed or bytearray(b"\x30")
    return bytes(changed)


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_token_gets_a_verdict(seed: int) -> None:
    dice, token = random.Random(seed), Recipe().token()
    for _ in range(250):
        verdict(Case(token=mutated(token, dice)))


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_statement_that_is_signed_all_the_same_gets_a_verdict(seed: int) -> None:
    dice, content = random.Random(seed), Recipe().content()
    for _ in range(100):
        verdict(Case(token=Recipe(raw_content=mutated(content, dice)).token()))


@pytest.mark.parametrize("seed", range(4))
def test_damaged_attributes_that_are_signed_all_the_same_get_a_verdict(seed: int) -> None:
    dice, attributes = random.Random(seed), list(Recipe().signed_attributes())
    for _ in range(100):
        at = dice.randrange(3)
        changed = (*attributes[:at], mutated(attributes[at], dice), *attributes[at + 1 :])
        verdict(Case(token=Recipe(attributes=changed).token()))


@pytest.mark.parametrize("seed", range(4))
def test_damaged_certificates_and_lists_get_a_verdict(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(100):
        tsa, intermediate = mutated(PKI.tsa.der, dice), mutated(PKI.intermediate.der, dice)
        verdict(Case(token=Recipe(certificates=(tsa, PKI.tsa.der, intermediate)).token(), crls=(mutated(tsa, dice),)))
        verdict(Case(token=Recipe().token(), roots=(mutated(PKI.root.der, dice), PKI.root.der), intermediates=(intermediate,)))


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_certificate_that_is_signed_and_identified_all_the_same_gets_a_verdict(seed: int) -> None:
    dice, (tbs, *_) = random.Random(seed), ber.parse(PKI.tsa.der).children
    for _ in range(150):
        certificate = signed_anew(mutated(ber.encode(tbs), dice), PKI.intermediate)
        identifier = der.sequence(der.octets(hashlib.sha256(certificate).digest()))
        ess = (signing_certificate(signing.ID_SIGNING_CERTIFICATE_V2, identifier),)
        verdict(Case(token=Recipe(ess=ess, certificates=(certificate, PKI.intermediate.der)).token()))


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_list_that_is_signed_all_the_same_gets_a_verdict(seed: int) -> None:
    revoked = entry(PKI.tsa, STAMPED_AT, ReasonFlags.superseded, invalid_since=STAMPED_AT)
    dice, (tbs, *_) = random.Random(seed), ber.parse(crl(PKI.intermediate, revoked)).children
    for _ in range(150):
        verdict(Case(token=Recipe().token(), crls=(signed_anew(mutated(ber.encode(tbs), dice), PKI.intermediate),)))


def signed_anew(tbs: bytes, issuer: Holder) -> bytes:
    """Sign damaged content of a certificate or a list as its issuer."""
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    signature = issuer.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return der.sequence(tbs, signing.ECDSA_WITH_SHA256, der.element(0x03, b"\x00" + signature))


@pytest.mark.parametrize("year", ["0000", "0001", "9999"])
def test_a_certificate_of_an_odd_year_gets_a_verdict(year: str) -> None:
    fields = [ber.encode(field) for field in ber.parse(PKI.tsa.der).children[0].children]
    fields[4] = der.sequence(*(der.element(0x18, f"{when}0101000000Z".encode()) for when in (year, "9999")))
    certificate = signed_anew(der.sequence(*fields), PKI.intermediate)
    ess = (signing_certificate(signing.ID_SIGNING_CERTIFICATE_V2, der.sequence(der.octets(hashlib.sha256(certificate).digest()))),)
    case = Case(token=Recipe(ess=ess, certificates=(certificate, PKI.intermediate.der)).token())
    expected = {"0000": Reason.SIGNER_CERTIFICATE, "9999": Reason.NOT_YET_VALID}
    assert verdict(case) is expected[year] if year in expected else isinstance(verdict(case), VerifiedTimestamp)


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(VerificationError):
        verify_token(data, digest=DIGEST, roots=[PKI.root.der])


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_what_can_be_read_as_ber_is_written_once_and_for_all(data: bytes) -> None:
    try:
        written = ber.encode(ber.parse(data))
    except TimestampRefused:
        return
    assert ber.encode(ber.parse(written)) == written


@pytest.mark.parametrize("title", [title for title, (reason, _) in HOSTILE.items() if reason is Reason.TOO_LARGE])
def test_a_bomb_costs_neither_time_nor_memory(title: str) -> None:
    case = make(HOSTILE[title][1])
    tracemalloc.start()
    try:
        started = time.monotonic()
        assert verdict(case) is Reason.TOO_LARGE
        assert time.monotonic() - started < SECONDS
        assert tracemalloc.get_traced_memory()[1] < 64 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_many_cross_certificates_do_not_explode() -> None:
    # Every authority certifies every other one: the number of paths is factorial, and none of them leads to the root.
    names = [f"Cross {number}" for number in range(6)]
    seeds = [issue(name, None, key=ec_key(name), extensions=authority_extensions()) for name in names]
    crossed = [
        issue(seed.subject, issuer, key=seed.key, extensions=authority_extensions()) for seed in seeds for issuer in seeds if seed != issuer
    ]
    tsa = issue("TSA in a web", seeds[0], extensions=tsa_extensions())
    started = time.monotonic()
    assert verdict(signed_by(tsa, *crossed)) is Reason.CHAIN
    assert time.monotonic() - started < SECONDS


def test_a_way_out_of_many_cross_certificates_is_found() -> None:
    names = [f"Maze {number}" for number in range(5)]
    seeds = [issue(name, None, key=ec_key(name), extensions=authority_extensions()) for name in names]
    crossed = [
        issue(seed.subject, issuer, key=seed.key, extensions=authority_extensions()) for seed in seeds for issuer in seeds if seed != issuer
    ]
    exit_ = issue(seeds[-1].subject, PKI.root, key=seeds[-1].key, extensions=authority_extensions())
    tsa = issue("TSA in a maze", seeds[0], extensions=tsa_extensions())
    assert isinstance(verdict(signed_by(tsa, *crossed, exit_)), VerifiedTimestamp)


def test_a_certificate_with_an_odd_serial_number_is_unreadable_where_warnings_are_no_errors() -> None:
    case = make(HOSTILE["signer's certificate with a serial number of zero"][1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert verdict(case) is Reason.SIGNER_CERTIFICATE


# What the caller gets and gives


def test_a_verified_token_says_what_was_signed() -> None:
    case = make(Recipe().token)
    assert verify_token(case.token, **case.told()) == VerifiedTimestamp(
        gen_time=STAMPED_AT, policy=case.policy or "", serial=20261123, tsa_name="CN=Test TSA,O=测试机构,C=CN", digest_algorithm="sha256"
    )


def test_a_fraction_is_cut_to_microseconds() -> None:
    token = Recipe(time=der.element(0x18, b"20261123080000.1234567Z")).token()
    assert verify_token(token, digest=DIGEST, roots=[PKI.root.der]).gen_time == STAMPED_AT.replace(microsecond=123456)


def test_a_token_is_cut_out_of_its_response_byte_for_byte() -> None:
    token = Recipe().token()
    assert extract_token(signing.granted(token)) == token
    assert extract_token(token) == token
    with pytest.raises(TimestampRefused, match=r"^status: "):
        extract_token(signing.rejected("no", 0))


@pytest.mark.parametrize("digest", [b"", DIGEST[:31], DIGEST + b"\x00"])
def test_a_digest_of_another_length_is_our_own_mistake(digest: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        verify_token(Recipe().token(), digest=digest, roots=[PKI.root.der])


def test_a_time_without_zone_is_our_own_mistake() -> None:
    naive = datetime(2026, 11, 23)  # noqa: DTZ001 -- the mistake in question
    with pytest.raises(ValueError, match="aware"):
        verify_token(Recipe().token(), digest=DIGEST, roots=[PKI.root.der], now=naive)
    with pytest.raises(ValueError, match="aware"):
        verify_token(Recipe().token(), digest=DIGEST, roots=[PKI.root.der], not_before=naive)


def test_importing_tlog_loads_neither_asn1_nor_certificates() -> None:
    code = "import sys, tlog, tlog.errors; sys.exit(any(name.startswith(('pyasn1', 'cryptography.x509')) for name in sys.modules))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_holders_of_the_session_are_made_once() -> None:
    assert PKI.tsa is PKI.tsa
    assert isinstance(PKI.tsa, Holder)


@pytest.mark.parametrize("data", [b"-----BEGIN X509 CRL-----\nAAA\n-----END X509 CRL-----\n", b"-----BEGIN NOTHING-----"])
def test_a_file_of_lists_that_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(VerificationError, match="cannot be read"):
        parse_lists(data)


@pytest.mark.parametrize("data", [b"", b"garbage", Recipe().token()[:-1]])
def test_garbage_names_nobody_to_ask_about_revocation(data: bytes) -> None:
    assert not names_revocation(data)

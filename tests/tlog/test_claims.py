"""Claims: the fields of A1 accepted and refused one by one, digests over salt and claim, disclosure of one alone."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tlog.deposits import VALUES, changed, sample_claims
from tests.tlog.mutants import each_bit_flipped, each_byte_lost_or_doubled, each_byte_replaced
from tlog.canonical import MAX_INTEGER, IllegalValue, canonical_json
from tlog.claims import MAX_CLAIM, Claim, claim_order, encode_claim, file_name, make_claim, parse_claim, salt_claim, verify_claim
from tlog.digests import sm3
from tlog.entry import KINDS
from tlog.errors import VerificationError

SALT = bytes(range(32))
BIG = 2**53

# Claim and field; values of that field, all else as in the sample.
LEGAL: dict[tuple[str, str], list[object]] = {
    ("depositor", "organisation"): ["a", "A.b_c:d-0" + "x" * 55],
    ("depositor", "organisation_name"): ["", "O" * 5000],
    ("depositor", "agent"): [None, "agent:007"],
    ("depositor", "credential"): ["session", "api_key:" + "Z" * 64, "api_key:a.b_c-9"],
    ("case", "ref"): ["f" * 32],
    ("case", "sequence"): [2, MAX_INTEGER],
    ("subject", "kind"): ["sms", "k_9"],
    ("subject", "title"): [""],
    ("subject", "metadata"): [{}, {"a": {"b": [True, -MAX_INTEGER]}}],
    ("files/1", "name"): ["a", "../a\\b"],
    ("files/1", "media_type"): ["x/y", "text/plain;charset=utf-8"],
    ("files/1", "size_bytes"): [0, MAX_INTEGER],
    ("files/1", "custody"): ["vault", "depositor"],
    ("provenance", "collector"): ["", None],
    ("provenance", "device"): ["手机", None],
    ("provenance", "captured_from"): [None, "0001-01-01T00:00:00.000Z"],
    ("provenance", "captured_until"): [None, "9999-12-31T23:59:59.999Z"],
    ("provenance", "clock_offset_ms"): [None, 0, -MAX_INTEGER, MAX_INTEGER],
    ("provenance", "environment"): [None, {}, {"k": ""}],
}

ILLEGAL: dict[tuple[str, str], list[object]] = {
    ("depositor", "organisation"): ["", None, 7, "a b", "a/b", "机构", "x" * 65, "a\n"],
    ("depositor", "organisation_name"): [None, 7, "a\0", "\ud800"],
    ("depositor", "agent"): ["", 7, False, "x" * 65],
    ("depositor", "credential"): [None, "", "api_key:", "api_key:" + "x" * 65, "api_key:a:b", "Session", "session\n", "password:x"],
    ("case", "ref"): [None, "f" * 31, "F" * 32, "loan-2026-1"],
    ("case", "sequence"): [0, -1, 1, True, "7", None, 7.0, BIG],
    ("case", "previous"): [None, "", 0, "AB" * 32, "ab" * 31],
    ("subject", "kind"): [None, 1, "", "Call", "call-recording", "录音"],
    ("subject", "title"): [None, 7, "a\0"],
    ("subject", "metadata"): [None, [], "x", {"A": 1}, {"a": 0.5}, {"a": BIG}, {"a": ["\udfff"]}, {"": 1}, {"a": {"b-c": 1}}],
    ("files/1", "name"): [None, 1, "", "a\0.wav"],
    ("files/1", "media_type"): [None, "", "audio", "/wav", "audio/", "au dio/wav", "a/b\n"],
    ("files/1", "size_bytes"): [None, "1", False, -1, 1.5, BIG],
    ("files/1", "sha256"): [None, "CD" * 32, "cd" * 31, "cd" * 33, b"c" * 32],
    ("files/1", "sm3"): [None, "", "EF" * 32],
    ("files/1", "custody"): [None, "Vault", "court", ["vault"]],
    **{
        ("provenance", field): [1, False, [], {}]
        for field in ("source_system", "generation", "collector", "tool", "tool_version", "device")
    },
    ("provenance", "captured_from"): ["", 1, "2026-11-23", "2026-11-23T24:00:00.000Z"],
    ("provenance", "captured_until"): ["2026-02-30T00:00:00.000Z", "2026-11-23T07:59:30.500+08:00"],
    ("provenance", "clock_offset_ms"): ["5", 0.5, True, BIG, -BIG],
    ("provenance", "environment"): [[], "Debian", {"os": 12}, {"os": None}, {"OS": "Debian"}, {"a": {"b": "c"}}],
}

CASES_LEGAL = [(name, {field: value}) for (name, field), values in LEGAL.items() for value in values] + [
    ("case", {"sequence": 1, "previous": None}),
    ("files/1", {"sm3": None, "custody": "depositor"}),
    ("provenance", dict.fromkeys(VALUES["provenance"])),
]
CASES_ILLEGAL = [(name, {field: value}) for (name, field), values in ILLEGAL.items() for value in values] + [
    ("case", {"sequence": 1, "previous": "ab" * 32}),
    ("case", {"sequence": 2, "previous": None}),
    ("files/1", {"sm3": None, "custody": "vault"}),
]


def disclose(claim: Claim, kind: str = "deposit") -> Any:
    return verify_claim(claim.name, claim.data, claim.salt, claim.sha256, claim.sm3, kind)


def unchecked(name: object, value: object) -> bytes:
    """The bytes of a claim that a service without our rules would have made."""
    return canonical_json({"name": name, "value": value})


def test_digests_are_over_salt_and_claim() -> None:
    claim = make_claim("subject", VALUES["subject"], SALT)
    assert claim.data == canonical_json({"name": "subject", "value": VALUES["subject"]})
    assert claim.sha256 == hashlib.sha256(SALT + claim.data).hexdigest()
    assert claim.sm3 == sm3(SALT + claim.data).hex()


@pytest.mark.parametrize(("name", "fields"), CASES_LEGAL)
def test_fields_that_a1_allows_are_written_and_read(name: str, fields: dict[str, object]) -> None:
    value = changed(name, fields)
    assert disclose(make_claim(name, value, SALT)) == value


@pytest.mark.parametrize(("name", "fields"), CASES_ILLEGAL)
def test_fields_that_a1_does_not_allow_are_refused_by_writer_and_reader(name: str, fields: dict[str, object]) -> None:
    value = changed(name, fields)
    with pytest.raises(IllegalValue):
        make_claim(name, value, SALT)
    try:
        claim = Claim(name, unchecked(name, value), SALT)
    except IllegalValue:
        return  # not even JSON of ours
    with pytest.raises(VerificationError):
        disclose(claim)


@pytest.mark.parametrize("name", VALUES)
def test_every_field_is_needed_and_no_other_is_allowed(name: str) -> None:
    value = dict(VALUES[name])
    others = [{key: part for key, part in value.items() if key != missing} for missing in value] + [{**value, "more": None}, {}]
    for other in (*others, [], None, "text", 7, list(value.values())):
        with pytest.raises(IllegalValue, match="other fields"):
            make_claim(name, other, SALT)
        with pytest.raises(VerificationError, match="other fields"):
            parse_claim(name, unchecked(name, other))


@pytest.mark.parametrize("name", ["files/1", "files/2", "files/10", "files/999", "files/1000"])
def test_file_claims_are_numbered_from_1_to_1000(name: str) -> None:
    assert disclose(make_claim(name, VALUES["files/1"], SALT)) == VALUES["files/1"]


@pytest.mark.parametrize("name", [
    "", "files", "file", "files/", "files/0", "files/01", "files/1001", "files/10000", "files/-1", "files/1/2", "files/１", "files/1\n",
    "Files/1", "case/1", "Case", "owner", "depositor ", "/", "../case",
])  # fmt: skip
def test_a_deposit_has_no_other_claims(name: str) -> None:
    for value in (VALUES["files/1"], VALUES["case"]):
        with pytest.raises(IllegalValue, match="name of a deposit's claim"):
            encode_claim(name, value)
        with pytest.raises(VerificationError, match="name of a deposit's claim"):
            parse_claim(name, unchecked(name, value))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "deposit"])
def test_claims_of_other_kinds_have_any_value_under_a_name_of_our_alphabet(kind: str) -> None:
    for name in ("reason", "parties/2", "case", "files", "x_1/9999"):
        assert disclose(make_claim(name, [{"free": None}], SALT, kind=kind), kind) == [{"free": None}]
    for name in ("", "Reason", "a-b", "a/0", "a/01", "a/b", "a/10000", "a/1/1", "原因", "a.b"):
        with pytest.raises(IllegalValue, match="name of a claim"):
            encode_claim(name, 1, kind=kind)
        with pytest.raises(VerificationError, match="name of a claim"):
            parse_claim(name, unchecked(name, 1), kind=kind)
    with pytest.raises(VerificationError, match="float"):
        parse_claim("reason", b'{"name":"reason","value":0.5}', kind=kind)


def test_a_kind_that_is_none_is_an_error_of_ours() -> None:
    for attempt in (lambda: encode_claim("case", 1, kind="deposits"), lambda: parse_claim("case", unchecked("case", 1), kind="Deposit")):
        with pytest.raises(ValueError, match="no kind of record"):
            attempt()


@pytest.mark.parametrize("data", [
    b"", b"null", b"[]", b'"case"', b'{"name":"case"}', b'{"value":1}', b'{"name":"case","value":1,"x":1}', b'{"name":1,"value":1}',
    b'{"name":null,"value":1}', b'{"name":"Case","value":1}', b'{"name": "case","value":1}', b'{"value":1,"name":"case"}',
])  # fmt: skip
def test_a_claim_is_name_and_value_of_this_name(data: bytes) -> None:
    for kind in ("deposit", "custody"):
        with pytest.raises(VerificationError):
            parse_claim("case", data, kind=kind)


def test_a_claim_cannot_pass_for_another_one() -> None:
    first = make_claim("files/1", VALUES["files/1"], SALT)
    with pytest.raises(VerificationError, match="not the name and value"):
        verify_claim("files/2", first.data, first.salt, first.sha256, first.sm3)
    with pytest.raises(ValueError, match="not the JSON of claim files/2"):
        salt_claim("files/2", first.data, SALT)
    with pytest.raises(ValueError, match="not the JSON of claim files/1"):
        salt_claim("files/1", encode_claim("files/10", VALUES["files/1"]), SALT)


def test_a_claim_has_at_most_64_kib() -> None:
    room = MAX_CLAIM - len(unchecked("subject", changed("subject", {"title": ""})))
    assert len(make_claim("subject", changed("subject", {"title": "x" * room}), SALT).data) == MAX_CLAIM == 65536
    too_long = changed("subject", {"title": "x" * (room + 1)})
    with pytest.raises(IllegalValue, match="65537 bytes where 65536 are allowed"):
        make_claim("subject", too_long, SALT)
    with pytest.raises(VerificationError, match="65537 bytes"):
        disclose(Claim("subject", unchecked("subject", too_long), SALT))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_salt_has_32_bytes(length: int) -> None:
    claim = make_claim("case", VALUES["case"], SALT)
    with pytest.raises(ValueError, match="32 random bytes"):
        make_claim("case", VALUES["case"], bytes(length))
    with pytest.raises(VerificationError, match="salt is not 32 bytes"):
        disclose(Claim("case", claim.data, bytes(length)))


def test_bytes_cannot_move_between_salt_and_claim() -> None:
    claim = make_claim("case", VALUES["case"], SALT)
    for cut in (0, 16, 31, 33, 40):
        whole = claim.salt + claim.data
        with pytest.raises(VerificationError, match="salt is not 32 bytes"):
            verify_claim("case", whole[cut:], whole[:cut], claim.sha256, claim.sm3)


@given(st.sampled_from(sample_claims()), st.binary(min_size=32, max_size=32))
def test_a_claim_reads_back_under_every_salt(claim: Claim, salt: bytes) -> None:
    salted = salt_claim(claim.name, claim.data, salt)
    assert disclose(salted) == VALUES[claim.name]
    assert salted == make_claim(claim.name, VALUES[claim.name], salt)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50), st.integers(-MAX_INTEGER, MAX_INTEGER))
def test_values_read_back_as_they_were(text: str, number: int) -> None:
    value = changed("subject", {"title": text, "metadata": {"text": text, "number": number, "list": [text, {"a": number}]}})
    assert disclose(make_claim("subject", value, SALT)) == value


def test_no_damage_passes() -> None:
    for claim in sample_claims():
        for damage in (each_bit_flipped, each_byte_lost_or_doubled):
            mutants = [(data, claim.salt) for data in damage(claim.data)] + [(claim.data, salt) for salt in damage(claim.salt)]
            for data, salt in mutants:
                with pytest.raises(VerificationError):
                    verify_claim(claim.name, data, salt, claim.sha256, claim.sm3)


def test_both_digests_must_be_right() -> None:
    claim = make_claim("case", VALUES["case"], SALT)
    for sha256, sm3_hex, reason in (
        (claim.sm3, claim.sm3, "SHA-256"),
        (claim.sha256, claim.sha256, "SM3"),
        (claim.sha256.upper(), claim.sm3, "SHA-256"),
    ):
        with pytest.raises(VerificationError, match=f"another {reason}"):
            verify_claim("case", claim.data, claim.salt, sha256, sm3_hex)


def test_a_changed_byte_is_refused_or_tells_something_else() -> None:
    data = make_claim("case", VALUES["case"], SALT).data
    for mutant in each_byte_replaced(data):
        try:
            assert parse_claim("case", mutant) != VALUES["case"]
        except VerificationError:
            continue


@given(
    st.binary() | st.text('{"name":"case","value":{}}0123456789[]null', max_size=60).map(str.encode),
    st.sampled_from([*VALUES, "files/01", ""]),
)
def test_reader_is_total(data: bytes, name: str) -> None:
    for kind in ("deposit", "incident"):
        try:
            value = disclose(Claim(name, data, SALT), kind)
        except VerificationError:
            continue
        assert unchecked(name, value) == data


def test_a_megabyte_is_refused() -> None:
    for piece in (b"[", b'{"name":', b"9", b"\xff", b'{"name":"case","value":1}'):
        with pytest.raises(VerificationError, match="are allowed"):
            disclose(Claim("case", piece * 1_000_000, SALT))


def test_reasons_and_representations_never_tell_the_value() -> None:
    secret = "13800138000"
    fields: list[tuple[str, dict[str, object]]] = [
        ("depositor", {"organisation": f"{secret} "}),
        ("depositor", {"credential": secret}),
        ("case", {"ref": secret}),
        ("subject", {"kind": f"-{secret}"}),
        ("subject", {"metadata": {f"{secret}-": 1}}),
        ("files/1", {"media_type": secret}),
        ("provenance", {"captured_from": secret}),
    ]
    for name, change in fields:
        with pytest.raises(IllegalValue) as refused:
            make_claim(name, changed(name, change), SALT)
        assert secret not in str(refused.value)
    assert secret not in repr(make_claim("subject", changed("subject", {"title": secret}), SALT))


def test_file_names_of_claims_are_never_shared() -> None:
    assert [file_name(name) for name in ("case", "files/1", "files/1000")] == ["case", "files-1", "files-1000"]


def test_claims_sort_by_name_and_files_by_number() -> None:
    names = ["subject", "files/10", "files/2", "provenance", "case", "files/1", "depositor", "files/1000", "files/9"]
    ordered = ["case", "depositor", "files/1", "files/2", "files/9", "files/10", "files/1000", "provenance", "subject"]
    assert sorted(names, key=claim_order) == ordered

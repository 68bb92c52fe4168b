"""Statements: canonical bytes, claims in one order, the day of the number, and nothing that can be left out or added."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tlog.deposits import RECEIVED_AT, RECORD, VALUES, sample_claims, sample_statement
from tests.tlog.mutants import each_bit_flipped, each_byte_lost_or_doubled
from tlog.canonical import canonical_json
from tlog.claims import ClaimDigest, verify_claim
from tlog.entry import KINDS, format_entry, verify_entry
from tlog.errors import VerificationError
from tlog.record_number import check_character, number_from
from tlog.statement import Statement, deposit_claim_names, format_statement, parse_statement
from tlog.times import date_in_china, format_time, parse_time

HEX = "0123456789abcdef" * 4
OTHER_HEX = "f" * 64
OTHER_KINDS = [kind for kind in KINDS if kind != "deposit"]
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)


def digests(*names: str) -> list[ClaimDigest]:
    return [ClaimDigest(name, HEX, OTHER_HEX) for name in names]


def written(**fields: Any) -> bytes:
    """A statement as a service without our rules would have written it: the sample with some fields changed."""
    return canonical_json({**json.loads(sample_statement()), **fields})


def rows(*names: Any) -> list[dict[str, Any]]:
    return [{"name": name, "sha256": HEX, "sm3": OTHER_HEX} for name in names]


def number_of(date: str) -> str:
    return next(number for seed in range(256) if (number := number_from(date, bytes([seed] * 10))))


def test_the_bytes_are_canonical_json_of_the_four_fields() -> None:
    ordered = sorted(sample_claims(), key=lambda claim: claim.name)
    assert sample_statement() == canonical_json({
        "type": "cunzheng/deposit/v1", "record": RECORD, "received_at": RECEIVED_AT,
        "claims": [{"name": claim.name, "sha256": claim.sha256, "sm3": claim.sm3} for claim in ordered],
    })  # fmt: skip


def test_a_deposit_is_shown_from_claim_to_entry() -> None:
    data = sample_statement()
    statement = parse_statement(data, record=RECORD)
    assert statement.kind == "deposit"
    assert statement.record == RECORD
    assert statement.received_at == datetime(2026, 11, 23, 8, 0, 0, 123000, tzinfo=UTC)
    private = {claim.name: claim for claim in sample_claims()}
    for name, sha256, sm3 in statement.claims:
        assert verify_claim(name, private[name].data, private[name].salt, sha256, sm3, statement.kind) == VALUES[name]
    assert verify_entry(format_entry("deposit", data), kind=statement.kind, statement=data).kind == "deposit"


@given(
    st.lists(st.tuples(DIGESTS, DIGESTS), min_size=1, max_size=12),
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    st.binary(min_size=10, max_size=10),
    st.randoms(use_true_random=False),
)
def test_deposits_read_back_in_order_however_they_were_given(
    files: list[tuple[str, str]], moment: datetime, random: bytes, dice: Any
) -> None:
    record = number_from(date_in_china(moment), random) or number_of(date_in_china(moment))
    pairs = [*files, *[(HEX, OTHER_HEX)] * 4]
    claims = [ClaimDigest(name, *pair) for name, pair in zip(deposit_claim_names(len(files)), pairs, strict=True)]
    shuffled = dice.sample(claims, len(claims))
    data = format_statement(kind="deposit", record=record, received_at=format_time(moment), claims=shuffled)
    expected = Statement("deposit", record, moment.replace(microsecond=moment.microsecond // 1000 * 1000), tuple(claims))
    assert parse_statement(data) == parse_statement(data, record=record) == expected


def test_files_2_stands_before_files_10() -> None:
    names = deposit_claim_names(1000)
    assert names[:4] == ("case", "depositor", "files/1", "files/2")
    assert names.index("files/10") == names.index("files/9") + 1
    assert names[-2:] == ("provenance", "subject")
    data = format_statement(kind="deposit", record=RECORD, received_at=RECEIVED_AT, claims=digests(*reversed(names)))
    assert tuple(claim.name for claim in parse_statement(data).claims) == names


@pytest.mark.parametrize("files", [-1, 0, 1001])
def test_a_deposit_has_1_to_1000_files(files: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000 files"):
        deposit_claim_names(files)
    names = ["case", "depositor", *(f"files/{n + 1}" for n in range(files)), "provenance", "subject"]
    with pytest.raises(ValueError, match="a deposit's claims"):
        format_statement(kind="deposit", record=RECORD, received_at=RECEIVED_AT, claims=digests(*names))
    with pytest.raises(VerificationError, match="a deposit's claims"):
        parse_statement(written(claims=rows(*names)))


@pytest.mark.parametrize("names", [
    "", "case", "case depositor provenance subject", "depositor files/1 provenance subject", "case depositor files/2 provenance subject",
    "case depositor files/0 provenance subject", "case depositor files/1 files/3 provenance subject",
    "case depositor files provenance subject",
    "case depositor files/1 files/1 provenance subject", "case depositor files/01 provenance subject",
    "case case depositor files/1 provenance subject", "case depositor files/1 other provenance subject",
    "case depositor files/1 provenance subject witness", "Case depositor files/1 provenance subject",
])  # fmt: skip
def test_a_deposit_has_these_claims_and_no_others(names: str) -> None:
    with pytest.raises(ValueError, match="a deposit's claims"):
        format_statement(kind="deposit", record=RECORD, received_at=RECEIVED_AT, claims=digests(*names.split()))
    with pytest.raises(VerificationError, match="a deposit's claims"):
        parse_statement(written(claims=rows(*names.split())))


@pytest.mark.parametrize("names", [
    ["depositor", "case", "files/1", "provenance", "subject"],
    ["case", "depositor", *sorted(f"files/{n}" for n in range(1, 11)), "provenance", "subject"],
])  # fmt: skip
def test_a_reader_accepts_one_order_only(names: list[str]) -> None:
    with pytest.raises(VerificationError, match="a deposit's claims"):
        parse_statement(written(claims=rows(*names)))


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_other_kinds_have_the_same_shape(kind: str) -> None:
    claims = digests("parties/2", "parties/10", "action", "parties")
    data = format_statement(kind=kind, record=RECORD, received_at=RECEIVED_AT, claims=claims)
    statement = parse_statement(data)
    assert statement.kind == kind
    assert [claim.name for claim in statement.claims] == ["action", "parties", "parties/2", "parties/10"]


@pytest.mark.parametrize("names", [[], ["a", "a"], ["a-b"], ["A"], [""], ["a/0"], ["a/01"], ["a/b"], ["a\n"], ["甲"], ["a", "b "]])
def test_claims_of_other_kinds_have_names_of_our_alphabet_once(names: list[str]) -> None:
    with pytest.raises(VerificationError, match="claims"):
        parse_statement(written(type="cunzheng/custody/v1", claims=rows(*names)))
    with pytest.raises(ValueError, match="claims"):
        format_statement(kind="custody", record=RECORD, received_at=RECEIVED_AT, claims=digests(*names))


@pytest.mark.parametrize("names", [["b", "a"], ["a/10", "a/2"], ["a/1", "a"], ["a", "c", "b"]])
def test_claims_of_other_kinds_are_sorted(names: list[str]) -> None:
    with pytest.raises(VerificationError, match="not sorted by name"):
        parse_statement(written(type="cunzheng/custody/v1", claims=rows(*names)))


@pytest.mark.parametrize(("record", "received_at"), [
    (number_of("20261124"), "2026-11-23T16:00:00.000Z"), (number_of("20261123"), "2026-11-23T15:59:59.999Z"),
    (number_of("20270101"), "2026-12-31T16:00:00.000Z"), (number_of("09990101"), "0999-01-01T00:00:00.000Z"),
])  # fmt: skip
def test_the_number_has_the_day_of_receipt_in_china(record: str, received_at: str) -> None:
    data = format_statement(kind="deposit", record=record, received_at=received_at, claims=sample_claims())
    assert parse_statement(data, record).received_at == parse_time(received_at)


@pytest.mark.parametrize(("record", "received_at"), [
    (number_of("20261123"), "2026-11-23T16:00:00.000Z"), (number_of("20261124"), "2026-11-23T15:59:59.999Z"),
    (number_of("20261231"), "2026-12-31T23:00:00.000Z"), (number_of("99991231"), "9999-12-31T16:00:00.000Z"),
])  # fmt: skip
def test_a_number_of_another_day_is_refused(record: str, received_at: str) -> None:
    with pytest.raises(VerificationError, match="in China"):
        parse_statement(written(record=record, received_at=received_at))
    with pytest.raises(ValueError, match="in China"):
        format_statement(kind="deposit", record=record, received_at=received_at, claims=sample_claims())


def test_a_statement_of_another_record_is_refused() -> None:
    with pytest.raises(VerificationError, match="of another record"):
        parse_statement(sample_statement(), record=number_of("20261123"))


CLAIM = rows("case")[0]
REST = rows("depositor", "files/1", "provenance", "subject")
NOT_A_CLAIM: list[Any] = [
    None, "case", ["case", HEX, HEX], {}, {"name": "case", "sha256": HEX}, {**CLAIM, "salt": HEX}, {**CLAIM, "name": 1},
    {**CLAIM, "sm3": None}, {**CLAIM, "sm3": HEX + "0"}, {**CLAIM, "sm3": ""}, {**CLAIM, "sm3": 0},
    {**CLAIM, "sha256": HEX.upper()}, {**CLAIM, "sha256": HEX[1:]},
]  # fmt: skip
BAD_FIELDS: dict[str, list[Any]] = {
    "type": [
        None, "deposit", "cunzheng/deposit/v2", "cunzheng/other/v1", "cunzheng/Deposit/v1", "cunzheng/entry/v1", "cunzheng/deposit/v1\n",
        "cunzheng//v1", ["cunzheng/deposit/v1"],
    ],
    "record": [None, 1, "", RECORD.lower(), RECORD.replace("-", ""), RECORD[:-1] + "1"],
    "received_at": [None, 1795420800, "2026-11-23T08:00:00Z", "2026-11-23T16:00:00.123+08:00", "2026-11-31T08:00:00.123Z"],
    "claims": [None, {}, "case", {"case": CLAIM}, *([claim, *REST] for claim in NOT_A_CLAIM)],
    "more": [None],
}  # fmt: skip


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in BAD_FIELDS.items() for value in values])
def test_reader_refuses(field: str, value: Any) -> None:
    with pytest.raises(VerificationError):
        parse_statement(written(**{field: value}))


def test_the_tables_above_refuse_for_one_reason_only() -> None:
    assert parse_statement(written(claims=[CLAIM, *REST])).record == RECORD


def test_reader_refuses_a_missing_field() -> None:
    whole = json.loads(sample_statement())
    for missing in whole:
        with pytest.raises(VerificationError, match="not an object with the fields"):
            parse_statement(canonical_json({name: value for name, value in whole.items() if name != missing}))


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[]", b"{}", b'"cunzheng/deposit/v1"', b"1.5", b"\xff", sample_statement() + b"\n", b" " + sample_statement()]
)
def test_reader_refuses_what_is_no_statement(data: bytes) -> None:
    with pytest.raises(VerificationError):
        parse_statement(data)


BAD_DIGESTS = [
    [ClaimDigest("case", *pair), *digests("depositor", "files/1", "provenance", "subject")] for pair in ((HEX, HEX.upper()), ('x"', HEX))
]


@pytest.mark.parametrize(("fields", "reason"), [
    ({"kind": "Deposit"}, "no kind of record"),
    ({"record": RECORD.lower()}, "not a record number"),
    ({"record": RECORD[:-1] + "1"}, "check character"),
    ({"received_at": "2026-11-23"}, "not a time"),
    ({"claims": []}, "a deposit's claims"),
    ({"claims": BAD_DIGESTS[0]}, "64 lower-case hex digits"),
    ({"claims": BAD_DIGESTS[1]}, "64 lower-case hex digits"),
])  # fmt: skip
def test_writer_refuses(fields: dict[str, Any], reason: str) -> None:
    good: dict[str, Any] = {"kind": "deposit", "record": RECORD, "received_at": RECEIVED_AT, "claims": sample_claims()}
    assert format_statement(**good) == sample_statement()
    with pytest.raises(ValueError, match=reason):
        format_statement(**{**good, **fields})


def test_no_damage_passes() -> None:
    data = sample_statement()
    good, entry = parse_statement(data), format_entry("deposit", data)
    for mutant in (*each_bit_flipped(data), *each_byte_lost_or_doubled(data)):
        with pytest.raises(VerificationError):
            verify_entry(entry, kind="deposit", statement=mutant)
        try:
            assert parse_statement(mutant) != good
        except VerificationError:
            continue


@given(st.binary() | st.text('{"claims":[],"received_at":"record":"type":"cunzheng/deposit/v1"}', max_size=80).map(str.encode))
def test_reader_is_total(data: bytes) -> None:
    with pytest.raises(VerificationError):
        parse_statement(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([HEX, "case", RECORD, RECEIVED_AT, "cunzheng/key/v1", ""]),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(["name", "sha256", "sm3", "claims", "type"]), inside, max_size=3)
    ),
    max_leaves=8,
)


@given(st.fixed_dictionaries(dict.fromkeys(("claims", "received_at", "record", "type"), JSON)))
def test_reader_is_total_for_values_of_other_types(value: dict[str, Any]) -> None:
    data = canonical_json(value)
    try:
        statement = parse_statement(data)
    except VerificationError:
        return
    assert format_statement(kind=statement.kind, record=RECORD, received_at=RECEIVED_AT, claims=statement.claims) == data


def test_a_megabyte_is_read_or_refused() -> None:
    for piece in (b"[", b'{"claims":', b"9", b"\xff", sample_statement()):
        with pytest.raises(VerificationError):
            parse_statement(piece * (1_000_000 // len(piece)))
    names = [f"party/{n}" for n in range(1, 6001)]
    data = written(type="cunzheng/custody/v1", claims=rows(*names))
    assert len(data) > 1_000_000
    assert len(parse_statement(data).claims) == 6000


def test_statement_tells_nothing_but_digests() -> None:
    text = sample_statement().decode()
    private = [part for value in VALUES.values() for part in value.values() if isinstance(part, str)]
    assert private
    assert all(part not in text for part in private)
    assert timedelta(0) == parse_statement(sample_statement()).received_at.utcoffset()


def test_the_sample_number_is_whole() -> None:
    assert check_character(RECORD.replace("-", "")[2:-1]) == RECORD[-1]

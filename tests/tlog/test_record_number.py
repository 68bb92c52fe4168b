"""Record numbers: the check character of ISO 7064, one written form, and what people make of it when they type."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tlog.mutants import each_byte_lost_or_doubled, each_byte_replaced
from tlog.errors import VerificationError
from tlog.record_number import RANDOM_LENGTH, check_character, normalise_record_number, number_from, verify_record_number

NUMBER = "CZ-20261123-4K7QM-X2R9D-0"
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM = st.binary(min_size=RANDOM_LENGTH, max_size=RANDOM_LENGTH)
DATES = st.dates().map(lambda day: f"{day.year:04}{day.month:02}{day.day:02}")
NUMBERS = st.builds(number_from, DATES, RANDOM).filter(bool)


def test_the_example_of_the_standard() -> None:
    assert check_character("A12425GABC1234002") == "M"


@given(st.text(CHARACTERS, max_size=30))
def test_the_check_character_closes_the_recursion_of_iso_7064(text: str) -> None:
    # ISO 7064 section 9: P(1) = M; S = P + a; P' = 2·(S mod M, where 0 counts as M) mod (M + 1); the last S is 1 modulo M.
    product = 36
    for character in text:
        total = (product + CHARACTERS.index(character)) % 36
        product = 2 * (total if total else 36) % 37
    assert (product + CHARACTERS.index(check_character(text))) % 36 == 1


@pytest.mark.parametrize("text", ["a", "A-", "Ä", "１", " ", "\0"])
def test_the_check_character_of_anything_else_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(ValueError, match="0-9 and A-Z"):
        check_character(text)


@given(DATES, RANDOM)
def test_a_draw_is_a_number_or_has_a_check_character_that_is_read_otherwise(date: str, random: bytes) -> None:
    number = number_from(date, random)
    letters = "".join(CROCKFORD[byte % 32] for byte in random)
    check = check_character(date + letters)
    if check in "ILOU":
        assert number is None
    else:
        assert number == f"CZ-{date}-{letters[:5]}-{letters[5:]}-{check}"
        assert verify_record_number(number) == number


def test_each_of_the_four_unreadable_check_characters_is_drawn_again() -> None:
    unreadable = Counter(
        check
        for last in range(32)
        for before in range(32)
        if (check := check_character("20261123" + "0" * 8 + CROCKFORD[before] + CROCKFORD[last])) in "ILOU"
        and number_from("20261123", bytes([*[0] * 8, before, last])) is None
    )
    assert set(unreadable) == set("ILOU")


def test_no_letter_is_favoured() -> None:
    numbers = (number_from("20261123", bytes([byte, second] + [0] * 8)) for byte in range(256) for second in range(16))
    drawn = Counter(number[12] for number in numbers if number)
    assert set(drawn) == set(CROCKFORD)
    # Each letter has eight of 256 byte values, and one draw in nine is lost whatever the letter.
    assert max(drawn.values()) - min(drawn.values()) <= 8 * 5


@pytest.mark.parametrize(("date", "random"), [
    ("2026112", bytes(10)), ("202611230", bytes(10)), ("2026-11-23", bytes(10)), ("２０２６１１２３", bytes(10)), ("20261123\n", bytes(10)),
    ("20261123", bytes(9)), ("20261123", bytes(11)), ("20261123", b""),
])  # fmt: skip
def test_writer_refuses(date: str, random: bytes) -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        number_from(date, random)


@pytest.mark.parametrize("text", [
    NUMBER, NUMBER.lower(), NUMBER.replace("-", ""), NUMBER.replace("-", " "), "cz20261123 4k7qm x2r9d 0", " CZ - 2026 1123-4K7Q-MX2R-9D0 ",
    NUMBER[:-1] + "O", NUMBER[:-1] + "o", "CZ-2O26II23-4K7QM-X2R9D-0", "CZ-2o26l123-4K7QM-X2R9D-0", "cz-2026L123-4K7QM-X2R9D-o",
])  # fmt: skip
def test_what_people_type_is_read(text: str) -> None:
    assert normalise_record_number(text) == NUMBER


@given(NUMBERS, st.sampled_from(["", "-", " ", " - "]), st.sampled_from("0oO"), st.sampled_from("1iIlL"))
def test_every_number_survives_being_typed(number: str, between: str, zero: str, one: str) -> None:
    typed = between.join(number.lower()).replace("0", zero).replace("1", one)
    assert normalise_record_number(typed) == number


@pytest.mark.parametrize("text", [
    "", " ", "CZ", "20261123-4K7QM-X2R9D-0", "CY-20261123-4K7QM-X2R9D-0", NUMBER + "0", NUMBER[:-1], NUMBER[:-1] + "1",
    "CZ-20261123-4K7QM-X2R9E-0", "CZ-20261123-4K7QM-2XR9D-0", "CZ-20261132-4K7QM-X2R9D-0", "CZ-20261123-UK7QM-X2R9D-0",
    "CZ-2026112A-4K7QM-X2R9D-0", NUMBER + "\n", NUMBER + "\t", "\u00a0" + NUMBER, NUMBER.replace("-", "\u2013"),
    NUMBER.replace("1", "\u0131"), NUMBER.replace("2", "２"), "ＣＺ" + NUMBER[2:],
    NUMBER.replace("-", "_"), NUMBER.replace("-", "."), NUMBER + "\0", "\ud800" + NUMBER,
])  # fmt: skip
def test_what_is_no_number_or_mistyped_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        normalise_record_number(text)


@pytest.mark.parametrize("text", [
    "", NUMBER.lower(), NUMBER.replace("-", ""), NUMBER.replace("-", " "), NUMBER + "\n", " " + NUMBER, NUMBER[:-1] + "O",
    NUMBER[:-1] + "1", "CZ-20261123-4K7QM-X2R9D-U", "CZ-20261123-4K7QM-X2R9D-I", "CZ-2O261123-4K7QM-X2R9D-0",
    "CZ-20261123-4K7Q-MX2R9D-0", "CZ-２0261123-4K7QM-X2R9D-0",
])  # fmt: skip
def test_only_the_grouped_form_is_a_record_number(text: str) -> None:
    with pytest.raises(VerificationError):
        verify_record_number(text)


def test_numbers_with_an_unreadable_check_character_are_refused_though_it_is_right() -> None:
    digits = next(f"{n:010}" for n in range(1000) if check_character(f"20261123{n:010}") == "O")
    with pytest.raises(VerificationError):
        verify_record_number(f"CZ-20261123-{digits[:5]}-{digits[5:]}-O")
    # Typed with O it reads as 0, which is not its check character either.
    with pytest.raises(VerificationError):
        normalise_record_number(f"CZ-20261123-{digits[:5]}-{digits[5:]}-O")


def test_every_single_wrong_character_is_noticed() -> None:
    for mutant in each_byte_replaced(NUMBER.encode()):
        text = mutant.decode("latin-1")
        with pytest.raises(VerificationError):
            verify_record_number(text)
        try:
            assert normalise_record_number(text) == NUMBER, "read as another number"
        except VerificationError:
            continue


def test_every_lost_or_doubled_character_is_noticed() -> None:
    for mutant in each_byte_lost_or_doubled(NUMBER.encode()):
        with pytest.raises(VerificationError):
            verify_record_number(mutant.decode())


@given(st.text() | st.text("CZ-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ ", min_size=18, max_size=30))
def test_readers_are_total(text: str) -> None:
    for read in (verify_record_number, normalise_record_number):
        try:
            assert verify_record_number(read(text))
        except VerificationError:
            continue


def test_a_megabyte_is_refused() -> None:
    for text in ("-" * 1_000_000, "CZ" + "0" * 1_000_000, "O" * 1_000_000):
        with pytest.raises(VerificationError):
            normalise_record_number(text)

"""统一社会信用代码: real codes pass, and each single mistake is seen."""
import pytest

from accounts.credit_code import ALPHABET, canonical_credit_code, check_character

# As they print them: Tsinghua University and the Bank of China.
REAL = ("12100000400000624D", "911000001000013428")


@pytest.mark.parametrize("code", REAL)
def test_codes_of_well_known_bodies_pass(code: str) -> None:
    assert canonical_credit_code(code) == code
    assert canonical_credit_code(f" {code[:2]}-{code[2:8]} {code[8:].lower()} ") == code


def test_every_single_wrong_character_is_seen() -> None:
    code = REAL[1]
    for position in range(18):
        for wrong in set(ALPHABET) - {code[position]}:
            with pytest.raises(ValueError, match=r"form|check"):
                canonical_credit_code(code[:position] + wrong + code[position + 1:])


def test_two_neighbours_that_changed_places_are_seen() -> None:
    body = "91350100M000100Y4"
    code = body + check_character(body)
    for position in range(17):
        if code[position] != code[position + 1]:
            swapped = code[:position] + code[position + 1] + code[position] + code[position + 2:]
            with pytest.raises(ValueError, match=r"form|check"):
                canonical_credit_code(swapped)


@pytest.mark.parametrize("wrong", [
    "", "9110000010000134", "91100000100001342800", "9110000010000I3428", "９１１０００００１００００１３４２８", "91100O001000013428",
])
def test_what_has_another_form_is_no_code(wrong: str) -> None:
    with pytest.raises(ValueError, match="form"):
        canonical_credit_code(wrong)

"""The report of an examination: which checks decide its exit code."""
import pytest

from tlog.report import FAILED, NOT_CHECKED, PASSED, Check, Report

GOOD, BAD = Check("leaf", PASSED), Check("leaf", FAILED, "another entry")
OPEN, EXCUSED = Check("timestamps", NOT_CHECKED, "no trusted root"), Check("certificate", NOT_CHECKED, "not-yet", required=False)


def test_outcomes_have_the_published_names() -> None:
    assert (PASSED, FAILED, NOT_CHECKED) == ("passed", "failed", "not checked")


@pytest.mark.parametrize(("checks", "code"), [
    ((GOOD,), 0), ((GOOD, EXCUSED), 0), ((GOOD, OPEN), 3), ((OPEN, GOOD, EXCUSED), 3), ((BAD,), 2), ((OPEN, BAD, GOOD), 2),
    ((GOOD, Check("catalogue", FAILED, "differs", required=False)), 2), ((EXCUSED,), 0), ((), 3),
])  # fmt: skip
def test_exit_code_is_that_of_the_worst_check(checks: tuple[Check, ...], code: int) -> None:
    assert Report(checks).exit_code == code

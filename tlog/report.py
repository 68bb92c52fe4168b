"""The outcome of an examination: named checks, each passed, failed or not checked, with its reason.

What it is for: `examine_…` functions return a `Report`; the command line, the API and the pages show it. The command line
ends with its `exit_code`.

What it does not do: decide which checks there are (`tlog.checks`) or make any.

>>> report = Report((Check("leaf", PASSED), Check("certificate binding", NOT_CHECKED, "not-yet", required=False)))
>>> report.exit_code
0
>>> Report((Check("leaf", PASSED), Check("timestamps", NOT_CHECKED, "no trusted root"))).exit_code
3
>>> Report((Check("leaf", FAILED, "another entry"), Check("timestamps", NOT_CHECKED, "no trusted root"))).exit_code
2
"""

from dataclasses import dataclass
from typing import Final, Literal

Outcome = Literal["passed", "failed", "not checked"]
PASSED: Final = "passed"
FAILED: Final = "failed"
NOT_CHECKED: Final = "not checked"


@dataclass(frozen=True, slots=True)
class Check:
    """One named check; `reason` says why it did not pass, or what exactly passed; empty when the name says it all.

    A check that is not `required` may stay unchecked without leaving the report incomplete; it may never fail.
    """

    name: str
    outcome: Outcome
    reason: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of one examination, in the order in which they were made."""

    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> Literal[0, 2, 3]:
        """Return 2 if anything failed, else 3 if a required check was not made, else 0.

        An examination that made no check at all is incomplete: silence is never a success.
        """
        if any(check.outcome == FAILED for check in self.checks):
            return 2
        if any(check.required and check.outcome == NOT_CHECKED for check in self.checks) or not self.checks:
            return 3
        return 0

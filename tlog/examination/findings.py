"""The findings of one examination, collected while its parts are judged.

What it is for: each part is judged by functions that return a value or raise `VerificationError`; here the outcome
becomes a named check, and the examination goes on, so that a reader sees everything that is wrong and not only the first.

What it does not do: judge. An exception of another class is a bug and passes through.

>>> findings = Findings()
>>> def judge() -> int:
...     raise VerificationError("digest differs")
>>> findings.attempt(checks.ENTRY, "CZ-1", judge) is None
True
>>> findings.report().checks
(Check(name='entry', outcome='failed', reason='CZ-1: digest differs', required=True),)
"""

from collections.abc import Callable
from typing import TypeVar

from tlog import checks
from tlog.errors import VerificationError
from tlog.report import FAILED, NOT_CHECKED, PASSED, Check, Outcome, Report

Value = TypeVar("Value")


class Findings:
    """Named checks in the making; `subject` is the part that a check concerns, empty for the package as a whole."""

    def __init__(self) -> None:
        self._checks: list[Check] = []

    def passed(self, name: str, subject: str = "", reason: str = "") -> None:
        """Note that a check passed; `reason` says what exactly."""
        self._add(name, PASSED, subject, reason)

    def failed(self, name: str, subject: str, reason: str) -> None:
        """Note that a check failed, and why."""
        self._add(name, FAILED, subject, reason)

    def skipped(self, name: str, subject: str, reason: str, *, required: bool = True) -> None:
        """Note that a check was not made, and why; the report is incomplete if it was `required`."""
        self._add(name, NOT_CHECKED, subject, reason, required=required)

    def attempt(self, name: str, subject: str, judge: Callable[[], Value], tell: Callable[[Value], str] | None = None) -> Value | None:
        """Return what `judge` returns, noted as passed with `tell(value)` for a reason; None when it refused, noted as failed."""
        try:
            value = judge()
        except VerificationError as refusal:
            self.failed(name, subject, str(refusal))
            return None
        self.passed(name, subject, tell(value) if tell else "")
        return value

    def report(self) -> Report:
        """Return the report, in the order of `tlog.checks.NAMES`; findings of one name stay in the order of noting."""
        return Report(tuple(sorted(self._checks, key=lambda check: checks.NAMES.index(check.name))))

    def _add(self, name: str, outcome: Outcome, subject: str, reason: str, *, required: bool = True) -> None:
        assert name in checks.MEANING, f"{name} is not in the closed list of checks"
        self._checks.append(Check(name, outcome, ": ".join(filter(None, (subject, reason))), required))

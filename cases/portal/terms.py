"""What a contract agreed on, in the reader's words: day count, uplift, order of appropriation, clauses; for a case page and its sheet.

What it does not do: say whether a term is lawful.
"""
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.portal.words import COMPONENTS, REASONS
from cases.reckoning.appropriation import PRO_RATA
from cases.reckoning.terms import STATUTORY_BETWEEN, STATUTORY_WITHIN, Agreement

Word = str | Promise
CLAUSES = {
    "rate": _("利率"), "repayment": _("还款"), "penalty": _("罚息"), "compound": _("复利"), "acceleration": _("提前到期"),
    "appropriation": _("抵充"), "charges": _("费用"),
}


@dataclass(frozen=True, slots=True)
class TermsView:
    """`within` and `between`: the orders that are followed, the statute's where the contract agreed none. `clauses`: with their numbers."""

    day_count: str
    penalty_uplift: Decimal
    compound: bool
    designation: bool
    within: tuple[Word, ...]
    within_agreed: bool
    between: tuple[Word, ...]
    between_agreed: bool
    clauses: tuple[tuple[Word, str], ...]


def terms_view(of: Agreement) -> TermsView:
    """The terms as pages show them."""
    within, between = of.within or STATUTORY_WITHIN, STATUTORY_BETWEEN if of.between is None else of.between
    clauses = ((word, getattr(of.clauses, name)) for name, word in CLAUSES.items())
    return TermsView(
        of.day_count.value, of.penalty_uplift, of.compound, of.designation, tuple(COMPONENTS[each] for each in within),
        of.within is not None, tuple(REASONS[each.value] for each in between) or (REASONS[PRO_RATA],), of.between is not None,
        tuple((word, number) for word, number in clauses if number))

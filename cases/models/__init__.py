"""Tables of the loan case: the case and its chain, who is owed, the loan, who owes, notes, caps, and files to be imported."""
from cases.models.case import Case, CaseRevision
from cases.models.creditors import Creditor, CreditorSide
from cases.models.imports import CaseImport
from cases.models.loan import Agreement, Charge, Drawdown, Payment
from cases.models.notes import Note, NoteText
from cases.models.parties import Consent, ContactPoint, Party
from cases.models.policy import RateCapRow

__all__ = [
    "Agreement", "Case", "CaseImport", "CaseRevision", "Charge", "Consent", "ContactPoint", "Creditor", "CreditorSide", "Drawdown", "Note",
    "NoteText", "Party", "Payment", "RateCapRow",
]

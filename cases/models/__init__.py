"""Rows of `cases`, by aggregate: the case and its chain, its file, who works on it, who else may see it, who saw it."""
from cases.models.access import GRANT_ALONE, AccessEvent, Grant, GrantedCase
from cases.models.assignment import Assignment, Distribution, Entrustment
from cases.models.case import Case, CaseRevision
from cases.models.creditors import Creditor, CreditorSide
from cases.models.imports import CaseImport
from cases.models.loan import Agreement, Charge, Drawdown, Payment
from cases.models.matter import Matter, Order, OrderedCase, OrderedKind, SubmittedCase
from cases.models.notes import Note, NoteText
from cases.models.parties import Consent, ContactPoint, Party
from cases.models.policy import RateCapRow

__all__ = [
    "GRANT_ALONE", "AccessEvent", "Agreement", "Assignment", "Case", "CaseImport", "CaseRevision", "Charge", "Consent", "ContactPoint",
    "Creditor", "CreditorSide", "Distribution", "Drawdown", "Entrustment", "Grant", "GrantedCase", "Matter", "Note", "NoteText", "Order",
    "OrderedCase", "OrderedKind", "Party", "Payment", "RateCapRow", "SubmittedCase",
]

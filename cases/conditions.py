"""What every entrustment, grant, submission and order must fulfil before it is written: words, period, document, cases, a second person."""
import re
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Q

from accounts.models import Organisation
from accounts.permissions import Kind
from accounts.selectors import REF
from accounts.viewer import PERSON, Viewer
from cases.errors import (
    CasesMissing,
    ConsentMissing,
    DocumentMissing,
    DocumentUnsuitable,
    OrganisationUnsuitable,
    PeriodUnsuitable,
    SecondPersonNeeded,
    TextUnsuitable,
)
from cases.facts import ConsentKind
from cases.models import Case, Consent
from cases.papers import DepositedPaper, deposited_paper
from cases.selectors import own_cases
from tlog.times import CHINA

MOST_CASES = 1000
MOST_WORDS = 5 * MOST_CASES
"""A reference may hold spaces; nobody's thousand cases have more words than these."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
LONGEST_CONSENT = 200
# Kinds of evidence are what whoever deposits says; a recording, a message or a ledger is no contract and no mandate, though.
CONTRACTS = frozenset({"contract", "document"})


def plain(text: str, limit: int, *, pointer: str) -> str:
    """One line of words, spaces made single. Raises TextUnsuitable when empty, longer than `limit`, or with control characters."""
    words = " ".join(text.split())
    if not words or len(words) > limit or CONTROL.search(words):
        raise TextUnsuitable(pointer=pointer)
    return words


def check_period(starts_at: datetime, ends_at: datetime, *, now: datetime) -> None:
    """Raises PeriodUnsuitable unless the period ends after its start and after now."""
    if ends_at <= starts_at or ends_at <= now:
        raise PeriodUnsuitable(pointer="/ends_at")


def own_paper(organisation: Organisation, typed: str) -> str:
    """The number of the document that this organisation deposited. Raises DocumentMissing."""
    return _paper(organisation, typed).number


def own_contract(organisation: Organisation, typed: str) -> str:
    """As `own_paper`, of a kind that a contract or a mandate can have. Raises DocumentMissing, DocumentUnsuitable."""
    paper = _paper(organisation, typed)
    if paper.kind not in CONTRACTS:
        raise DocumentUnsuitable(pointer="/document")
    return paper.number


def _paper(organisation: Organisation, typed: str) -> DepositedPaper:
    paper = deposited_paper(organisation.pk, typed.strip())
    if paper is None:
        raise DocumentMissing(pointer="/document")
    return paper


def consent(typed: str, cases: Sequence[Case], *, now: datetime) -> str:
    """The document of a separate consent to provision, by its name or its record, that the file of each of these cases holds, not withdrawn
    on this day in China.

    The record of a deposited consent is one where the files name its number; that a record was deposited consents to nothing.
    Raises DocumentMissing, ConsentMissing.
    """
    document, today = typed.strip(), now.astimezone(CHINA).date()
    if not document or len(document) > LONGEST_CONSENT:
        raise DocumentMissing(pointer="/document")
    named = Q(document=document) | Q(record=document.upper())
    given = Consent.objects.filter(named, party__case__in=cases, kind=ConsentKind.PROVISION, given_on__lte=today)
    standing = given.filter(Q(withdrawn_on=None) | Q(withdrawn_on__gt=today))
    if missing := len(cases) - standing.values("party__case").distinct().count():
        raise ConsentMissing(pointer="/document", count=missing)
    return document


def organisation_among(kinds: Collection[Kind], ref: str, *, pointer: str) -> Organisation:
    """The active organisation of one of these kinds under this ref. Raises OrganisationUnsuitable, also for one on trial."""
    found = Organisation.objects.filter(ref=ref).first() if REF.fullmatch(ref) else None
    if found is None or found.status != Organisation.Status.ACTIVE or found.kind not in kinds:
        raise OrganisationUnsuitable(pointer=pointer)
    return found


def cases_named(organisation: Organisation, refs: Sequence[str]) -> list[Case]:
    """These cases of this organisation, 1 to 1,000. Raises CasesMissing, CaseNotFound."""
    if not 0 < len(refs) <= MOST_CASES:
        raise CasesMissing(limit=MOST_CASES, pointer="/cases")
    return own_cases(organisation, refs)


def check_person(viewer: Viewer) -> None:
    """Raises SecondPersonNeeded when the viewer is a machine."""
    # A key is in many hands, and one pair of eyes that holds a key too would be two.
    if viewer.person is None:
        raise SecondPersonNeeded


def check_second_person(viewer: Viewer, first: str) -> None:
    """Raises SecondPersonNeeded unless the viewer and whoever acted first are two people."""
    check_person(viewer)
    if not first.startswith(PERSON) or viewer.actor == first:
        raise SecondPersonNeeded

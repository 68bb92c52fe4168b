"""平台资质与利害关系: what the operator says of the platform, each with a deposited document, and what of it was valid on a given day.

A court weighs the qualification of a platform and its interest in the parties (LAW below), as they were when the evidence was deposited. So
nothing here is ever overwritten: each row is valid for days, a mistake is replaced by a row that names it, and both stay visible.
What nobody gave is said to be not given. What this does not do: judge whether a certificate is genuine.
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Organisation, Person
from accounts.permissions import Kind as OrganisationKind
from evidence.errors import FactMalformed, FactTaken
from evidence.models import PlatformFact, PlatformReminder
from evidence.own_deposits import OwnDeposit, OwnFile, deposit_own, the_operator
from ledger.policies import policy_at
from notifications.kinds import FACT_ENDING
from notifications.noticing import leave_notices
from tlog.times import CHINA

Kind, Relation = PlatformFact.Kind, PlatformFact.Relation
# Of these there may be several at a time, told apart by their names.
NAMED = frozenset({Kind.WITNESS_RUNNER, Kind.CERTIFICATE, Kind.MANUAL})
# LAW: 区块链信息服务管理规定第十一条; 网络安全法（2017）第二十一条; 密码法第二十七条: these have a number and whoever gave it.
NUMBERED = frozenset({Kind.FILING, Kind.CLASSIFIED_PROTECTION, Kind.CRYPTO_ASSESSMENT, Kind.CERTIFICATE})
LARGEST_BYTES = 20 * 1024**2
REMIND_DAYS = (90, 30, 7)
REMIND = "evidence.remind-platform-facts"
CASE = "cunzheng:platform-facts"


@dataclass(frozen=True, slots=True)
class FactTold:
    """What an operator types about one fact; `once` makes a form that was sent twice one fact, `replaces` the row that was a mistake."""

    kind: PlatformFact.Kind
    told: str
    valid_from: date
    valid_until: date | None
    once: str
    name: str = ""
    organisation: Organisation | None = None
    relation: str = ""
    number: str = ""
    issuer: str = ""
    replaces: PlatformFact | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """What can be said at most once at a time: `fact` is what was valid, None where nothing was given (未提供)."""

    kind: PlatformFact.Kind
    name: str
    organisation_id: int | None
    fact: PlatformFact | None


def record_fact(told: FactTold, document: OwnFile, *, by: Person, now: datetime) -> PlatformFact:
    """Deposit the document, then write the fact with its record's number.

    Raises FactMalformed, FactTaken, and what `deposit_own` raises.
    """
    _check(told, document)
    record = deposit_own(OwnDeposit(
        f"cunzheng-fact-{told.once}", CASE, "platform_fact", Kind(told.kind).value, [document],
        {"kind": told.kind.value, "told": told.told, "valid_from": told.valid_from.isoformat(),
         "valid_until": told.valid_until and told.valid_until.isoformat(), "recorded_by": f"person:{by.pk}"}), now=now)
    fact = PlatformFact(
        kind=told.kind, name=told.name, organisation=told.organisation, relation=told.relation, told=told.told, number=told.number,
        issuer=told.issuer, valid_from=told.valid_from, valid_until=told.valid_until, record=record, replaces=told.replaces,
        recorded_at=now, recorded_by=by)
    try:
        with transaction.atomic():
            fact.save()
    except IntegrityError:
        raise FactTaken from None
    return fact


def _check(told: FactTold, document: OwnFile) -> None:
    relates = told.kind == Kind.RELATION
    wrong = (
        not told.told or (told.valid_until is not None and told.valid_until < told.valid_from),
        relates != (told.organisation is not None) or relates != (told.relation in Relation.values),
        (told.kind in NAMED) != bool(told.name), told.kind in NUMBERED and not (told.number and told.issuer),
        not 0 < len(document.data) <= LARGEST_BYTES,
        told.replaces is not None and slot_key(told.replaces) != (told.kind, told.name, told.organisation and told.organisation.pk),
    )
    if any(wrong):
        raise FactMalformed


def slot_key(fact: PlatformFact) -> tuple[str, str, int | None]:
    return fact.kind, fact.name, fact.organisation_id


def valid_on(facts: Sequence[PlatformFact], day: date) -> PlatformFact | None:
    """Of one slot's rows that nothing replaced, the one valid on this day: of two that overlap, the one that began later.

    Pure. None in a gap.
    """
    valid = [fact for fact in facts if fact.valid_from <= day and (fact.valid_until is None or day <= fact.valid_until)]
    return max(valid, key=lambda fact: (fact.valid_from, fact.pk), default=None)


def facts_valid_at(moment: datetime, *, organisation: Organisation | None = None) -> list[Slot]:
    """Every slot as it stood at that moment's day in China, in the order of the kinds; for a dossier about `organisation`'s evidence.

    The paper of trails quotes it for the days on which its records were received (`evidence.custody_paper`), and the page of facts asks it,
    which each record's page leads to as of the day of its receipt. No package does: the list of its members is closed (formats A5).
    With an organisation, the operator's relation to it alone is among them; without, that to every organisation which was let in by then,
    also where none was told. So is every witness of the policy in force at that moment. Any other named slot is there from the day of its
    first fact, and with None once that has ended.
    """
    # LAW: 人民法院在线诉讼规则（法释〔2021〕12号）第十七条: qualification of the platform, and its interest in the parties.
    day = moment.astimezone(CHINA).date()
    rows = list(standing_facts().filter(valid_from__lte=day).select_related("organisation"))
    if organisation is not None:
        rows = [row for row in rows if row.kind != Kind.RELATION or row.organisation_id == organisation.pk]
    tenants = tenants_on(day) if organisation is None else [organisation.pk]
    owed = {Kind.RELATION: {("", tenant) for tenant in tenants}, Kind.WITNESS_RUNNER: {(name, 0) for name in witnesses_at(moment)}}
    return [
        slot for kind in Kind for slot in _slots(kind, [row for row in rows if row.kind == kind], day, owed.get(kind, set()))]


def tenants_on(day: date) -> list[int]:
    """The ids of the organisations that were let in and there on that day, the suspended ones too: what was told of them matters still."""
    let_in = [Organisation.Status.TRIAL, Organisation.Status.ACTIVE, Organisation.Status.SUSPENDED]
    over = datetime.combine(day + timedelta(days=1), time.min, CHINA)
    rows = Organisation.objects.filter(status__in=let_in, created_at__lt=over).exclude(kind=OrganisationKind.OPERATOR)
    return list(rows.values_list("pk", flat=True))


def witnesses_at(moment: datetime) -> list[str]:
    """The names of the witnesses of the policy in force at that moment; none before the service was set up."""
    try:
        return [witness.name for witness in policy_at(moment).policy.witnesses]
    except ImproperlyConfigured:
        return []


def _slots(kind: PlatformFact.Kind, rows: Sequence[PlatformFact], day: date, owed: set[tuple[str, int]]) -> Iterator[Slot]:
    """Of one kind: what was told, and what is owed, as (name, organisation's id), in order; one empty slot where there is neither."""
    for name, organisation_id in sorted(owed | {(row.name, row.organisation_id or 0) for row in rows}) or [("", 0)]:
        mine = [row for row in rows if (row.name, row.organisation_id or 0) == (name, organisation_id)]
        yield Slot(kind, name, organisation_id or None, valid_on(mine, day))


def standing_facts() -> "QuerySet[PlatformFact]":
    """Rows that nothing replaced."""
    replaced = PlatformFact.objects.filter(replaces__isnull=False).values("replaces_id")
    found: QuerySet[PlatformFact] = PlatformFact.objects.exclude(pk__in=replaced)
    return found


def all_facts() -> "QuerySet[PlatformFact]":
    """Every version, the newest first."""
    found: QuerySet[PlatformFact] = PlatformFact.objects.select_related("organisation", "replaces")
    return found.order_by("-id")


def remind_of_endings(_day: int) -> None:
    """Daily job: tell the operator's inbox of facts that end within 90, 30 and 7 days, once each. No operator, nobody to tell."""
    now = timezone.now()
    for fact, left in endings_within(max(REMIND_DAYS), now=now):
        _remind(fact, [days for days in REMIND_DAYS if left <= days], now)


def endings_within(days: int, *, now: datetime) -> list[tuple[PlatformFact, int]]:
    """Facts that end within so many days and that nothing follows, with the days that are left (0: today is the last), soonest first."""
    today = now.astimezone(CHINA).date()
    ending = standing_facts().filter(valid_until__gte=today, valid_until__lte=today + timedelta(days=days))
    return [(fact, (fact.valid_until - today).days) for fact in ending.order_by("valid_until", "id")
            if fact.valid_until is not None and not _followed(fact)]


def _followed(fact: PlatformFact) -> bool:
    """Whether a fact of the same slot begins by the day after this one ends, and lasts longer."""
    assert fact.valid_until is not None
    ends = fact.valid_until
    others = standing_facts().filter(kind=fact.kind, name=fact.name, organisation=fact.organisation).exclude(pk=fact.pk)
    return any((each.valid_until is None or each.valid_until > ends) and (each.valid_from - ends).days <= 1 for each in others)


def _remind(fact: PlatformFact, due: Sequence[int], now: datetime) -> None:
    """One notice for the nearest of the thresholds that were crossed; those before it count as told."""
    with transaction.atomic():
        told = set(PlatformReminder.objects.filter(fact=fact).values_list("days", flat=True))
        fresh = [days for days in due if days not in told]
        if not fresh:
            return
        PlatformReminder.objects.bulk_create(PlatformReminder(fact=fact, days=days, told_at=now) for days in fresh)
        if min(fresh) == min(due):
            leave_notices([the_operator().pk], kind=FACT_ENDING, subject=f"{fact.record}:{min(due)}", now=now)

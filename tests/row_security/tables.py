"""Rows in every table behind row-level security, and who may see which of them: written from the rule and not from the policies.

`PATHS` names for each table what of a viewer's sight its rows hang on. What it does not know: dates and kinds within a case's file, which
`test_policies.py` asks; every row here is dated before the day.
"""
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q

from accounts.models import Organisation
from accounts.permissions import Kind
from cases import models as cases
from cases.models import Case, Entrustment, Grant, Order, OrderedCase
from evidence import models as evidence
from evidence.batch_rows import DepositBatch
from evidence.models import Evidence
from evidence.quarantine_rows import Quarantine, Release
from notifications import models as notifications
from tests.cases.cast import Cast
from tests.table_rows import NOW, Rows
from tests.test_isolation import SEEN_BY, World


@dataclass(frozen=True)
class Sight:
    """What is open to a session: its organisation, the cases and records by their ids, and whose rate caps it reckons with."""

    organisation: int
    cases: frozenset[int]
    records: frozenset[int]
    deals_with: frozenset[int]

    def rows(self, model: type[Model]) -> set[int]:
        """The ids of all rows of this table that are open. Raises KeyError for a table without a row in `PATHS`."""
        return set(model._default_manager.filter(PATHS[model](self)).values_list("pk", flat=True))


Rule = Callable[[Sight], Q]


def of_case(path: str) -> Rule:
    return lambda sight: Q(**{f"{path}__in": sight.cases})


def of_record(*paths: str) -> Rule:
    """Of a record, or of several of which each is open."""
    return lambda sight: Q(**{f"{path}__in": sight.records for path in paths})


def of_either(*paths: str) -> Rule:
    """Of organisations that are sides of a paper, or whose the row is."""
    def rule(sight: Sight) -> Q:
        found = Q(pk__in=[])
        for path in paths:
            found |= Q(**{path: sight.organisation})
        return found

    return rule


def of_order(path: str) -> Rule:
    """Of the court, and of whoever's case an opened order names."""
    def rule(sight: Sight) -> Q:
        named = OrderedCase.objects.filter(case__organisation=sight.organisation, order__opened_at__isnull=False)
        return Q(**{f"{path}court": sight.organisation}) | Q(**{f"{path}pk__in": named.values("order")})

    return rule


PATHS: dict[type[Model], Rule] = {
    Case: of_case("pk"),
    **{model: of_case("case") for model in (
        cases.CaseRevision, cases.CreditorSide, cases.Agreement, cases.Drawdown, cases.Payment, cases.Charge, cases.Party, cases.Note)},
    cases.Creditor: of_case("side__case"), cases.ContactPoint: of_case("party__case"), cases.Consent: of_case("party__case"),
    cases.NoteText: of_case("note__case"),
    cases.CaseImport: of_either("organisation"), cases.RateCapRow: lambda sight: Q(organisation__in=sight.deals_with),
    Entrustment: of_either("lender", "agency"), cases.Assignment: of_either("entrustment__lender", "entrustment__agency"),
    cases.Distribution: of_either("assignment__entrustment__lender", "assignment__entrustment__agency"),
    Grant: of_either("lender", "receiver"), cases.GrantedCase: of_either("grant__lender", "grant__receiver"),
    cases.Matter: of_either("grant__lender", "institution"),
    cases.SubmittedCase: of_either("matter__grant__lender", "matter__institution"),
    Order: of_order(""), cases.OrderedKind: of_order("order__"),
    OrderedCase: lambda sight: Q(order__court=sight.organisation) | Q(
        case__organisation=sight.organisation, order__opened_at__isnull=False),
    cases.AccessEvent: of_either("organisation", "case__organisation"),
    Evidence: of_record("pk"),
    **{model: of_record("evidence") for model in (
        evidence.EvidenceFile, evidence.CustodyEvent, evidence.GrantedTrail, evidence.RecordTimestamp, evidence.DisclosureAttempts,
        Quarantine)},
    evidence.Rendering: of_record("file__evidence"), evidence.RenderingPart: of_record("rendering__file__evidence"),
    evidence.CustodyHead: of_record("event__evidence"),
    evidence.CustodyCommitment: lambda sight: Q(pk__in=evidence.CustodyHead.objects.filter(
        event__evidence__in=sight.records).values("commitment")),
    Release: of_record("quarantine__evidence"), evidence.Relation: of_record("source", "target"),
    evidence.Supersession: lambda sight: Q(superseded__in=sight.records) | Q(correction__in=sight.records),
    evidence.OriginalTicket: of_either("organisation"), DepositBatch: of_either("organisation"),
    notifications.WebhookEndpoint: of_either("organisation"), notifications.WebhookAttempt: of_either("delivery__endpoint__organisation"),
    **{model: of_either("endpoint__organisation") for model in (
        notifications.WebhookSubscription, notifications.WebhookSecret, notifications.WebhookDelivery)},
}


def sight_of(world: World, organisation: Organisation, *, at_home: bool, agent_without: bool = False) -> Sight:
    """What a person of this organisation sees. `agent_without`: he is of the agency, and the case was not distributed to him."""
    kind = Kind(organisation.kind)
    opened = {name for name, kinds in SEEN_BY.items() if at_home and kind in kinds and not agent_without}
    own = set(Case.objects.filter(organisation=organisation).values_list("pk", flat=True))
    numbers = world.open_records(kind, not at_home or agent_without)
    lender = world.cast.organisations["lender"].pk
    deals = at_home and kind in {Kind.COLLECTION_AGENCY, *SEEN_BY["granted"]}
    return Sight(
        organisation.pk, frozenset(own | {case.pk for name, case in world.cases.items() if name in opened}),
        frozenset(Evidence.objects.filter(Q(organisation=organisation) | Q(record__in=numbers)).values_list("pk", flat=True)),
        frozenset({organisation.pk, *([lender] if deals else [])}))


def fill(world: World) -> None:
    """A row in every table, in those of a case or a record one for each case of the world, so that what is hidden is there to be seen."""
    cast, rows, person = world.cast, Rows(), world.cast.people["legal"]
    for case in world.cases.values():
        fill_case(rows, case)
        fill_record(rows, Evidence.objects.filter(case=case).order_by("pk")[0], cast)
    first = {name: Evidence.objects.filter(case=case).order_by("pk")[0] for name, case in world.cases.items()}
    for source, target in (("granted", "accepted"), ("own", "granted"), ("other", "own"), ("assigned", "revoked")):
        rows.relation(said_by=first[source], source=first[source], target=first[target])
        rows.supersession(superseded=first[target], correction=first[source])
    for organisation in (cast.organisations["lender"], cast.organisations["rival lender"], cast.organisations["court"]):
        rows.rate_cap(organisation=organisation)
        moved(rows.case_import(), organisation=organisation)
        moved(rows.ticket(), organisation=organisation, person=person)
        DepositBatch.objects.create(
            ref=organisation.ref, organisation=organisation, credential=rows.api_key(organisation=organisation), at=NOW, refused_code="x")
        webhook = rows.webhook()
        moved(webhook, organisation=organisation)
        notifications.WebhookSubscription.objects.create(endpoint=webhook, event="record.timestamped")
        rows.secret(endpoint=webhook)
        rows.attempt(delivery=rows.delivery(endpoint=webhook))
    # Of kinds, and not opened: it opens nothing.
    cast.ordered(world.cases["own"], kinds=("sms",), opened=False)


def moved(row: Model, **values: Any) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**values)


def fill_case(rows: Rows, case: Case) -> None:
    sequence = case.revisions.count() + 1
    rows.revision(case=case, sequence=sequence)
    rows.creditor(side=rows.side(case=case, sequence=sequence))
    moved(rows.agreement(), case=case)
    rows.drawdown(case=case)
    rows.payment(case=case)
    rows.charge(case=case)
    # Nothing is sealed in them, so that the file can be read.
    party = rows.party(case=case, sealed_name=None, name_index=None, erased_at=NOW)
    rows.contact(party=party, sealed_value=None, value_index=None, erased_at=NOW)
    rows.consent(party=party)
    note = rows.note(case=case, sequence=case.notes.count() + 1, organisation_ref=case.organisation.ref, shared=True)
    cases.NoteText.objects.create(note=note, erased_at=NOW)
    cases.AccessEvent(
        case=case, organisation=case.organisation, at=NOW, what="case", actor="a", roles="", signed_in="key", root="own",
        request_id="r").save()


def fill_record(rows: Rows, record: Evidence, cast: Cast) -> None:
    file = record.files.get()
    rendering = evidence.Rendering.objects.create(file=file, version=1, kind="text", made_at=NOW)
    rows.rendering_part(rendering=rendering)
    rows.head(event=record.custody.order_by("-sequence")[0])
    rows.release(quarantine=rows.quarantine(evidence=record), proposed_by=cast.people["legal"])
    evidence.DisclosureAttempts.objects.create(evidence=record, day=NOW.date())
    evidence.RecordTimestamp(evidence=record, authority="a", token=b"t", gen_time=NOW).save()
    evidence.GrantedTrail.objects.create(evidence=record, grant=Grant.objects.order_by("pk")[0])

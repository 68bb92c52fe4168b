"""One valid row of every table, for tests that change one thing in it."""
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from oauth2_provider.models import Application

from accounts.models import (
    AnnualReview,
    ApiKey,
    ApplicationCheck,
    AuditEntry,
    Invitation,
    LinkedIdentity,
    Membership,
    Organisation,
    Person,
    Replacement,
    SigningKey,
    WorkstationFactor,
)
from accounts.models import Application as Admission
from cases.models import (
    AccessEvent,
    Agreement,
    Assignment,
    Case,
    CaseImport,
    CaseRevision,
    Charge,
    Consent,
    ContactPoint,
    Creditor,
    CreditorSide,
    Distribution,
    Drawdown,
    Entrustment,
    Grant,
    Matter,
    Note,
    Order,
    Party,
    Payment,
    RateCapRow,
)
from evidence.batch_rows import DepositBatch
from evidence.models import (
    ApplicationPaper,
    CustodyCommitment,
    CustodyEvent,
    CustodyHead,
    Evidence,
    EvidenceFile,
    OriginalTicket,
    PaperTicket,
    PlatformFact,
    Relation,
    Rendering,
    RenderingPart,
    Supersession,
)
from evidence.quarantine_rows import Quarantine, Release
from ledger.models import Receipt
from notifications.models import (
    AddressLetter,
    Channel,
    Message,
    Notice,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
)
from vault.models import StoredObject

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
D = b"d" * 32


class Rows:
    """One valid row of each table, made on demand; `make` takes changes."""

    def __init__(self) -> None:
        self.count = 0

    def organisation(self, **changes: Any) -> Organisation:
        self.count += 1
        values = {"ref": f"o{self.count}", "name": "甲", "kind": "lender", "status": "active", "created_at": NOW}
        return Organisation.objects.create(**{**values, **changes})

    def person(self, **changes: Any) -> Person:
        self.count += 1
        return Person.objects.create(**{"login": f"p{self.count}", "display_name": "张三", "created_at": NOW, **changes})

    def membership(self, **changes: Any) -> Membership:
        values = {"organisation_kind": "lender", "role": "case_officer", "since": NOW, **changes}
        person, organisation = values.pop("person", None) or self.person(), values.pop("organisation", None) or self.organisation()
        return Membership.objects.create(person=person, organisation=organisation, **values)

    def invitation(self, **changes: Any) -> Invitation:
        self.count += 1
        values = {"organisation_kind": "lender", "role": "case_officer", "login": "x", "display_name": "张三", "created_at": NOW}
        values |= {"token_sha256": self.count.to_bytes(32, "big"), "expires_at": NOW + timedelta(days=1), **changes}
        return Invitation.objects.create(**{**values, "organisation": values.get("organisation") or self.organisation()})

    def api_key(self, **changes: Any) -> ApiKey:
        self.count += 1
        values = {"organisation": None, "prefix": f"p{self.count}", "secret_sha256": D, "label": "x", "created_at": NOW}
        values |= {"expires_at": NOW + timedelta(days=1), **changes}
        return ApiKey.objects.create(**{**values, "organisation": values["organisation"] or self.organisation()})

    def application(self) -> Application:
        kind, grant = Application.CLIENT_CONFIDENTIAL, Application.GRANT_CLIENT_CREDENTIALS
        return Application.objects.create(client_type=kind, authorization_grant_type=grant, hash_client_secret=False)

    def signing_key(self, **changes: Any) -> SigningKey:
        self.count += 1
        values = {"thumbprint": f"t{self.count}", "algorithm": "ed25519", "spki": D, "label": "x", "created_at": NOW, **changes}
        return SigningKey.objects.create(**{"organisation": values.pop("organisation", None) or self.organisation(), **values})

    def workstation(self, **changes: Any) -> WorkstationFactor:
        values = {"registered_at": NOW, **changes}
        values["authenticator"] = values.get("authenticator") or Authenticator.objects.create(
            user=self.person(), type=Authenticator.Type.WEBAUTHN, data={"name": "x"})
        return WorkstationFactor.objects.create(**{"organisation": values.pop("organisation", None) or self.organisation(), **values})

    def linked(self, **changes: Any) -> LinkedIdentity:
        self.count += 1
        values = {"issuer": "https://id.example", "subject": f"s{self.count}", "linked_at": NOW, **changes}
        return LinkedIdentity.objects.create(**{"person": values.pop("person", None) or self.person(), **values})

    def audited(self, organisation: Organisation, number: int = 1, previous: str = "") -> AuditEntry:
        row = AuditEntry(organisation=organisation, number=number, at=NOW, event="session:started", previous=previous, digest="0" * 64)
        row.save()
        return row

    def case(self, **changes: Any) -> Case:
        self.count += 1
        values = {"ref": f"{self.count:032}", "client_reference": f"LN-{self.count}", "created_at": NOW, **changes}
        return Case.objects.create(**{"organisation": values.pop("organisation", None) or self.organisation(), **values})

    def revision(self, **changes: Any) -> CaseRevision:
        row = CaseRevision(**{"sequence": 1, "at": NOW, "change": "file", "detail": "1", "actor": "a", "case": changes.pop("case", None)
                              or self.case(), **changes})
        row.save()
        return row

    def side(self, **changes: Any) -> CreditorSide:
        return CreditorSide.objects.create(**{"case": changes.pop("case", None) or self.case(), "sequence": 1, **changes})

    def creditor(self, **changes: Any) -> Creditor:
        values = {"position": 1, "name": "甲", "share": 1, **changes}
        return Creditor.objects.create(**{"side": values.pop("side", None) or self.side(), **values})

    def agreement(self, **changes: Any) -> Agreement:
        values = {"number": "n", "signed_on": NOW.date(), "day_count": "30/360", "penalty_uplift": 0, "compound": False, **changes}
        return Agreement.objects.create(case=self.case(), designation=True, **values)

    def drawdown(self, **changes: Any) -> Drawdown:
        values = {"reference": "d", "principal": 1, "drawn_on": NOW.date(), "annual_rate": 0, "months": 1, "repayment": "bullet", **changes}
        return Drawdown.objects.create(**{"case": values.pop("case", None) or self.case(), **values})

    def payment(self, **changes: Any) -> Payment:
        values = {"reference": "p", "received_on": NOW.date(), "amount": 1, **changes}
        return Payment.objects.create(**{"case": values.pop("case", None) or self.case(), **values})

    def charge(self, **changes: Any) -> Charge:
        values = {"reference": "c", "drawdown": "d", "charged_on": NOW.date(), "amount": 1, "is_fee": False, **changes}
        return Charge.objects.create(**{"case": values.pop("case", None) or self.case(), **values})

    def party(self, **changes: Any) -> Party:
        self.count += 1
        values = {"reference": f"p{self.count}", "role": "guarantor", "kind": "person", "sealed_name": D, "name_index": D, **changes}
        return Party.objects.create(**{"case": values.pop("case", None) or self.case(), **values})

    def contact(self, **changes: Any) -> ContactPoint:
        values = {"position": 1, "kind": "mobile", "sealed_value": D, "value_index": D, "basis": "contract", "confirmed": False, **changes}
        return ContactPoint.objects.create(**{"party": values.pop("party", None) or self.party(), **values})

    def consent(self, **changes: Any) -> Consent:
        values = {"position": 1, "kind": "recording", "document": "d", "given_on": NOW.date(), **changes}
        return Consent.objects.create(**{"party": values.pop("party", None) or self.party(), **values})

    def note(self, **changes: Any) -> Note:
        row = Note(**{"sequence": 1, "at": NOW, "actor": "a", "organisation_ref": "o", "case": changes.pop("case", None) or self.case(),
                      **changes})
        row.save()
        return row

    def rate_cap(self, **changes: Any) -> RateCapRow:
        values = {"annual_rate": 0, "effective_from": NOW.date(), "day_count": "30/360", "source": "s", "stated_by": "b", **changes}
        return RateCapRow.objects.create(**{"organisation": values.pop("organisation", None) or self.organisation(), **values})

    def case_import(self, **changes: Any) -> CaseImport:
        self.count += 1
        values = {"ref": f"{self.count:032}", "format": "csv", "rows": 1, "checked_at": NOW, "checked_by": "a", **changes}
        return CaseImport.objects.create(organisation=self.organisation(), **values)

    def entrustment(self, **changes: Any) -> Entrustment:
        self.count += 1
        values = {"ref": f"e{self.count}", "agency_kind": "collection_agency", "number": f"n{self.count}", "scope": "s", "document": "CZ-1",
                  "starts_at": NOW, "ends_at": NOW + timedelta(days=1), "created_at": NOW, "created_by": "a", **changes}
        lender = values.pop("lender", None) or self.organisation()
        return Entrustment.objects.create(lender=lender, agency=self.organisation(kind="collection_agency"), **values)

    def assignment(self, **changes: Any) -> Assignment:
        self.count += 1
        values = {"ref": f"a{self.count}", "assigned_at": NOW, "assigned_by": "a", **changes}
        made = {"entrustment": values.pop("entrustment", None) or self.entrustment(), "case": values.pop("case", None) or self.case()}
        return Assignment.objects.create(**made, **values)

    def distribution(self, **changes: Any) -> Distribution:
        values = {"since": NOW, "made_by": "a", **changes}
        return Distribution.objects.create(
            assignment=values.pop("assignment", None) or self.assignment(), agent=self.person(), **values)

    def grant(self, **changes: Any) -> Grant:
        self.count += 1
        values = {"ref": f"g{self.count}", "receiver_kind": "court", "basis": "duty", "document": "CZ-1", "purpose": "p", "starts_at": NOW,
                  "ends_at": NOW + timedelta(days=1), "case_count": 1, "needs_second": False,
                  "created_at": NOW, "granted_by": "person:1", **changes}
        return Grant.objects.create(lender=self.organisation(), receiver=self.organisation(kind="court"), **values)

    def matter(self, **changes: Any) -> Matter:
        self.count += 1
        values = {"ref": f"m{self.count}", "purpose": "p", "submitted_at": NOW, "submitted_by": "a", **changes}
        return Matter.objects.create(grant=self.grant(), institution=self.organisation(kind="court"), **values)

    def order(self, **changes: Any) -> Order:
        self.count += 1
        values = {"ref": f"o{self.count}", "court_kind": "court", "number": f"n{self.count}", "document": "CZ-1", "scope": "s",
                  "starts_at": NOW, "ends_at": NOW + timedelta(days=1), "uploaded_at": NOW, "uploaded_by": "a", **changes}
        return Order.objects.create(court=values.pop("court", None) or self.organisation(kind="court"), **values)

    def access_event(self, **changes: Any) -> AccessEvent:
        values = {"at": NOW, "what": "case", "actor": "a", "roles": "", "signed_in": "key", "root": "own", "request_id": "r", **changes}
        row = AccessEvent(case=self.case(), organisation=self.organisation(), **values)
        row.save()
        return row

    def evidence(self, **changes: Any) -> Evidence:
        self.count += 1
        key = self.api_key()
        receipt = self.receipt()
        values = {
            "record": f"CZ-{self.count}", "organisation": key.organisation, "case": None, "case_sequence": 1, "kind": "sms",
            "received_at": NOW, "credential": key, "receipt": receipt, "ticket": self.count, "statement": b"{}", **changes,
        }
        return Evidence.objects.create(**{**values, "case": values["case"] or self.case()})

    def stored(self, **changes: Any) -> StoredObject:
        self.count += 1
        values = {"name": f"n{self.count}", "size_bytes": 1, "sha256_hmac": D, "stored_at": NOW, **changes}
        return StoredObject.objects.create(organisation=self.organisation(), **values)

    def file(self, **changes: Any) -> EvidenceFile:
        values = {"position": 1, "size_bytes": 1, "sha256_hmac": D, **changes}
        return EvidenceFile.objects.create(**{"evidence": values.pop("evidence", None) or self.evidence(), **values})

    def rendering(self, **changes: Any) -> Rendering:
        values = {"version": 1, "kind": "text", "made_at": NOW, **changes}
        return Rendering.objects.create(file=self.file(), **values)

    def rendering_part(self, **changes: Any) -> RenderingPart:
        values = {"position": 1, "media_type": "image/png", "content_key": b"k", **changes}
        rendering = values.pop("rendering", None) or self.rendering()
        return RenderingPart.objects.create(rendering=rendering, stored_object=self.stored(), **values)

    def supersession(self, **changes: Any) -> Supersession:
        values = {"superseded": None, "correction": None, **changes}
        row = Supersession(**{name: value or self.evidence() for name, value in values.items()})
        row.save()
        return row

    def relation(self, **changes: Any) -> Relation:
        values = {"said_by": None, "source": None, "target": None, **changes}
        row = Relation(relation=values.pop("relation", "reply_to"), **{name: value or self.evidence() for name, value in values.items()})
        row.save()
        return row

    def ticket(self, **changes: Any) -> OriginalTicket:
        self.count += 1
        values = {"token_sha256": self.count.to_bytes(32, "big"), "made_at": NOW, "expires_at": NOW + timedelta(minutes=1), **changes}
        return OriginalTicket.objects.create(
            file=self.file(), person=self.person(), organisation=self.organisation(), signed_in="session", **values)

    def paper_ticket(self, **changes: Any) -> PaperTicket:
        self.count += 1
        values = {"token_sha256": self.count.to_bytes(32, "big"), "made_at": NOW, "expires_at": NOW + timedelta(minutes=1), **changes}
        return PaperTicket.objects.create(paper=self.paper(), person=self.person(), **values)

    def custody(self, evidence: Evidence, sequence: int = 1, event: str = "record:ingested") -> CustodyEvent:
        values = {"evidence": evidence, "sequence": sequence, "at": NOW, "digest": "0" * 64}
        row = CustodyEvent(event=event, actor="system", organisation_ref="o", **values)
        row.save()
        return row

    def commitment(self, **changes: Any) -> CustodyCommitment:
        self.count += 1
        receipt = self.receipt()
        values = {"record": f"CZ-{self.count}", "received_at": NOW, "statement": b"{}", "ticket": 1000 + self.count, **changes}
        row = CustodyCommitment(receipt=receipt, **values)
        row.save()
        return row

    def head(self, **changes: Any) -> CustodyHead:
        values = {"position": 1, "salt": D, **changes}
        commitment, event = values.pop("commitment", None) or self.commitment(), values.pop("event", None) or self.custody(self.evidence())
        row = CustodyHead(commitment=commitment, event=event, **values)
        row.save()
        return row

    def deposit_batch(self, **changes: Any) -> DepositBatch:
        self.count += 1
        key = changes.pop("credential", None) or self.api_key()
        values = {"ref": f"{self.count:032}", "request_key": "", "at": NOW, "refused_code": "records-invalid", **changes}
        return DepositBatch.objects.create(organisation=key.organisation, credential=key, **values)

    def receipt(self) -> Receipt:
        made: Receipt = Receipt.objects.create(text="t", key_id="00", received_at=NOW, include_by=NOW + timedelta(days=1))
        return made

    def quarantine(self, **changes: Any) -> Quarantine:
        values = {"cause": "fixity", "reason": "r", "began_at": NOW, **changes}
        return Quarantine.objects.create(**{"evidence": values.pop("evidence", None) or self.evidence(), **values})

    def release(self, **changes: Any) -> Release:
        values = {"reason": "r", "proposed_at": NOW, **changes}
        quarantine = values.pop("quarantine", None) or self.quarantine()
        return Release.objects.create(quarantine=quarantine, proposed_by=values.pop("proposed_by", None) or self.person(), **values)

    def webhook(self, **changes: Any) -> WebhookEndpoint:
        self.count += 1
        values = {"ref": f"{self.count:032}", "url": "https://hook.example/", "created_at": NOW, **changes}
        return WebhookEndpoint.objects.create(organisation=self.organisation(), **values)

    def secret(self, **changes: Any) -> WebhookSecret:
        values = {"sealed": D, "created_at": NOW, **changes}
        return WebhookSecret.objects.create(**{"endpoint": values.pop("endpoint", None) or self.webhook(), **values})

    def delivery(self, **changes: Any) -> WebhookDelivery:
        self.count += 1
        values = {"message_id": f"msg_{self.count}", "event": "record.timestamped", "body": "{}", "created_at": NOW, "next_attempt_at": NOW}
        values |= changes
        return WebhookDelivery.objects.create(**{"endpoint": values.pop("endpoint", None) or self.webhook(), **values})

    def attempt(self, **changes: Any) -> WebhookAttempt:
        values = {"number": 1, "at": NOW, "duration_ms": 1, "status": 200, **changes}
        return WebhookAttempt.objects.create(**{"delivery": values.pop("delivery", None) or self.delivery(), **values})

    def notice(self, **changes: Any) -> Notice:
        self.count += 1
        values = {"ref": f"{self.count:032}", "kind": "webhook-gone", "subject": "s", "created_at": NOW, **changes}
        return Notice.objects.create(organisation=self.organisation(), **values)

    def channel(self, **changes: Any) -> Channel:
        values = {"kind": "email", "sealed_address": D, "language": "en", "changed_at": NOW, **changes}
        return Channel.objects.create(**{"person": values.pop("person", None) or self.person(), **values})

    def address_letter(self, **changes: Any) -> AddressLetter:
        self.count += 1
        values = {"ref": f"{self.count:032}", "kind": "confirm", "sealed_address": D, "created_at": NOW, "next_attempt_at": NOW, **changes}
        return AddressLetter.objects.create(**{"person": self.person(), **values})

    def message(self, **changes: Any) -> Message:
        self.count += 1
        values = {"ref": f"{self.count:032}", "channel": "email", "created_at": NOW, "next_attempt_at": NOW, **changes}
        return Message.objects.create(**{
            "notice": values.pop("notice", None) or self.notice(), "person": values.pop("person", None) or self.person(), **values})

    def admission(self, **changes: Any) -> Admission:
        self.count += 1
        values = {"reference": f"r{self.count}", "token_sha256": self.count.to_bytes(32, "big"), "kind": "court", "state": "open"}
        return Admission.objects.create(**{**values, "credit_code": "x", "created_at": NOW, **changes})

    def check(self, **changes: Any) -> None:
        done = dict.fromkeys(("credit_code_found", "licence_valid", "letter_sealed", "contact_called"), True)
        values = {"round": 1, "at": NOW, "passes": True, "reason": "x", **done, **changes}
        application, by = values.pop("application", None) or self.admission(), values.pop("by", None) or self.person()
        ApplicationCheck(application=application, by=by, **values).save()

    def replacement(self, **changes: Any) -> Replacement:
        values = {"login": "l", "display_name": "n", "role": "court_admin", "reason": "r", "proposed_at": NOW, **changes}
        made = {"organisation": values.pop("organisation", None) or self.organisation(kind="court"),
                "proposed_by": values.pop("proposed_by", None) or self.person()}
        return Replacement.objects.create(**made, **values)

    def review(self, **changes: Any) -> AnnualReview:
        values = {"due_at": NOW, "first_at": NOW, **changes}
        organisation, first = values.pop("organisation", None) or self.organisation(), values.pop("first_by", None) or self.person()
        return AnnualReview.objects.create(organisation=organisation, first_by=first, **values)

    def paper(self, **changes: Any) -> ApplicationPaper:
        values = {"round": 1, "kind": "letter", "media_type": "image/png", **changes}
        return ApplicationPaper.objects.create(application=self.admission(), stored_object=self.stored(), **values)

    def fact(self, **changes: Any) -> PlatformFact:
        self.count += 1
        values = {"kind": "filing", "told": "x", "valid_from": NOW.date(), "record": f"CZ-{self.count}", "recorded_at": NOW, **changes}
        row = PlatformFact(recorded_by=self.person(), **values)
        row.save()
        return row

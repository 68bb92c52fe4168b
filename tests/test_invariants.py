"""Every named constraint of every table, violated once; every append-only guard, tried three ways.

A constraint that no row here violates fails the test: it may exist in one place only, or guard nothing.
"""
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from accounts.models import (
    AuditHead,
    IdentityProvider,
    Person,
    PlatformAgreement,
    SignatureNonce,
    SignInRules,
    TrialStep,
)
from cases.models import (
    GrantedCase,
    NoteText,
    OrderedCase,
    OrderedKind,
    SubmittedCase,
)
from common.append_only import AppendOnlyError, guarded_models, missing_guards
from common.idempotency import IdempotencyKey
from common.jobs import Job
from evidence.models import (
    CustodyEvent,
    DisclosureAttempts,
    FixityRound,
    GrantedTrail,
    PlatformReminder,
    StampsTold,
)
from notifications.models import (
    NoticeReading,
    WebhookSubscription,
)
from tests.table_rows import NOW, D, Rows

OURS = ("accounts", "cases", "common", "evidence", "notifications", "vault")


def twice(make: Callable[[], object]) -> None:
    make()
    make()


def both(make: Callable[..., object], **shared: Any) -> None:
    """Two rows that share these values."""
    twice(lambda: make(**shared))


def again(rows: Rows, **changes: Any) -> None:
    first = rows.evidence()
    values = {"record": "CZ-x", "case": first.case, "case_sequence": 2, "ticket": 10_000}
    rows.evidence(**{**values, **{name: getattr(first, name) for name in changes}})


def passed_by(rows: Rows, twice_the_same: Person | None, only_second: Person | None) -> None:
    """Passed by one person twice, or by a second without a first."""
    second = twice_the_same or only_second
    rows.admission(state="passed", organisation=rows.organisation(), first_checker=twice_the_same, second_checker=second)


def taken_alone(rows: Rows, by: Person) -> object:
    return rows.replacement(proposed_by=by, confirmed_by=by, confirmed_at=NOW)


def alone(rows: Rows, person: Person) -> None:
    rows.review(first_by=person, second_by=person, second_at=NOW)


VIOLATIONS: dict[str, Callable[[Rows], object]] = {
    "organisation_ref_unique": lambda r: twice(lambda: r.organisation(ref="same")),
    "organisation_credit_code_unique": lambda r: both(r.organisation, credit_code="911000001000013428"),
    "organisation_credit_code_not_empty": lambda r: r.organisation(credit_code=""),
    "organisation_kind_known": lambda r: r.organisation(kind="bank"),
    "organisation_status_known": lambda r: r.organisation(status="open"),
    "organisation_operator_is_one": lambda r: both(r.organisation, kind="operator"),
    "application_reference_unique": lambda r: both(r.admission, reference="same"),
    "application_token_unique": lambda r: both(r.admission, token_sha256=D),
    "application_kind_known": lambda r: r.admission(kind="operator"),
    "application_state_known": lambda r: r.admission(state="lost"),
    "application_checked_by_two_people": lambda r: passed_by(r, r.person(), None),
    "application_passed_by_two_checks": lambda r: passed_by(r, None, r.person()),
    "application_check_once_a_round": lambda r: both(r.check, application=r.admission(), by=r.person()),
    "application_check_has_reason": lambda r: r.check(reason=""),
    "application_check_passes_complete": lambda r: r.check(letter_sealed=False),
    "agreement_once_a_version": lambda r: both(
        PlatformAgreement.objects.create, organisation=r.organisation(), version="1", text_sha256=D, accepted_by=r.person(),
        accepted_at=NOW),
    "trial_step_once": lambda r: both(TrialStep.objects.create, organisation=r.organisation(), step="verified", actor="x", at=NOW),
    "trial_step_known": lambda r: TrialStep.objects.create(organisation=r.organisation(), step="slept", actor="x", at=NOW),
    "replacement_open_once": lambda r: both(r.replacement, organisation=r.organisation(kind="court")),
    "replacement_has_reason": lambda r: r.replacement(reason=""),
    "replacement_role_is_an_administrators": lambda r: r.replacement(role="judge"),
    "replacement_resets_an_operator": lambda r: r.replacement(resets=True),
    "replacement_confirmed_by_another": lambda r: taken_alone(r, r.person()),
    "replacement_withdrawn_instead": lambda r: r.replacement(
        confirmed_by=r.person(), confirmed_at=NOW, withdrawn_by=r.person(), withdrawn_at=NOW),
    "annual_review_once_a_date": lambda r: both(r.review, organisation=r.organisation()),
    "annual_review_by_two_people": lambda r: alone(r, r.person()),
    "application_paper_kind_known": lambda r: r.paper(kind="novel"),
    "application_paper_media_type_known": lambda r: r.paper(media_type="text/html"),
    "platform_fact_record_unique": lambda r: both(r.fact, record="same"),
    "platform_fact_replaced_once": lambda r: both(r.fact, replaces=r.fact()),
    "platform_fact_kind_known": lambda r: r.fact(kind="rumour"),
    "platform_fact_relation_to_somebody": lambda r: r.fact(kind="relation", relation="none"),
    "platform_fact_ends_after_its_start": lambda r: r.fact(valid_until=NOW.date() - timedelta(days=1)),
    "platform_reminder_once": lambda r: both(PlatformReminder.objects.create, fact=r.fact(), days=30, told_at=NOW),
    "platform_reminder_days_known": lambda r: PlatformReminder.objects.create(fact=r.fact(), days=31, told_at=NOW),
    "person_login_unique": lambda r: both(r.person, login="same"),
    "person_login_is_lower_case": lambda r: r.person(login="Same"),
    "membership_role_fits_kind": lambda r: r.membership(role="judge"),
    "membership_lawyer_has_licence": lambda r: r.membership(organisation_kind="law_firm", role="lawyer"),
    "membership_notary_has_certificate": lambda r: r.membership(organisation_kind="notary_office", role="notary_approver"),
    "membership_ends_after_its_start": lambda r: r.membership(until=NOW - timedelta(seconds=1)),
    "membership_held_once": lambda r: both(r.membership, person=r.person(), organisation=r.organisation()),
    "invitation_token_unique": lambda r: both(r.invitation, token_sha256=D),
    "invitation_role_fits_kind": lambda r: r.invitation(role="operator"),
    "invitation_lawyer_has_licence": lambda r: r.invitation(organisation_kind="law_firm", role="lawyer"),
    "invitation_notary_has_certificate": lambda r: r.invitation(organisation_kind="notary_office", role="notary"),
    "invitation_expires_after_creation": lambda r: r.invitation(expires_at=NOW),
    "invitation_alone_once": lambda r: both(
        r.invitation, organisation=r.organisation(kind="operator"), organisation_kind="operator", role="operator", alone=True),
    "invitation_alone_by_operator": lambda r: r.invitation(alone=True),
    "invitation_accepted_by_somebody": lambda r: r.invitation(accepted_at=NOW),
    "api_key_prefix_unique": lambda r: twice(lambda: r.api_key(prefix="same")),
    "api_key_expires_after_creation": lambda r: r.api_key(expires_at=NOW),
    "api_key_application_unique": lambda r: both(r.api_key, application=r.application()),
    "api_key_revoked_at_a_time": lambda r: r.api_key(revoked_by=r.person()),
    "signing_key_registered_once": lambda r: both(r.signing_key, organisation=r.organisation(), thumbprint="same"),
    "signing_key_algorithm_known": lambda r: r.signing_key(algorithm="rsa-pss-sha512"),
    "signing_key_revoked_at_a_time": lambda r: r.signing_key(revoked_by=r.person()),
    "signature_nonce_used_once": lambda r: both(SignatureNonce.objects.create, signing_key=r.signing_key(), nonce="n", expires_at=NOW),
    "sign_in_rules_idle_in_range": lambda r: SignInRules.objects.create(organisation=r.organisation(), idle_minutes=31),
    "identity_provider_is_named": lambda r: IdentityProvider.objects.create(
        organisation=r.organisation(), issuer="", client_id="x", sealed_secret=D, changed_at=NOW),
    "linked_identity_is_one_person": lambda r: both(r.linked, organisation=r.organisation(), subject="same"),
    "linked_identity_one_for_each_person": lambda r: both(r.linked, organisation=r.organisation(), person=r.person()),
    "workstation_factor_registered_once": lambda r: both(
        r.workstation, organisation=r.organisation(), authenticator=r.workstation().authenticator),
    "workstation_factor_approved_by_somebody": lambda r: r.workstation(approved_at=NOW),
    "audit_head_has_a_digest": lambda r: AuditHead.objects.create(organisation=r.organisation(), number=1, digest=""),
    "audit_entry_number_unique": lambda r: both(r.audited, organisation=r.organisation()),
    "audit_entry_follows_another": lambda r: r.audited(r.organisation(), number=2),
    "case_ref_unique": lambda r: twice(lambda: r.case(ref="same")),
    "case_reference_unique_in_organisation": lambda r: both(r.case, organisation=r.organisation(), client_reference="same"),
    "case_head_matches_sequence": lambda r: r.case(sequence=1),
    "case_stage_known": lambda r: r.case(stage="forgotten"),
    "case_file_version_not_negative": lambda r: r.case(file_version=-1),
    "case_revision_sequence_unique": lambda r: both(r.revision, case=r.case()),
    "case_revision_change_known": lambda r: r.revision(change="whim"),
    "creditor_side_sequence_unique": lambda r: both(r.side, case=r.case()),
    "creditor_side_assigned_on_a_day": lambda r: r.side(sequence=2),
    "creditor_side_basis_has_a_claimant": lambda r: r.side(claimant_basis="x"),
    "creditor_position_unique": lambda r: both(r.creditor, side=r.side()),
    "creditor_share_above_zero_to_one": lambda r: r.creditor(share=0),
    "agreement_day_count_known": lambda r: r.agreement(day_count="lunar"),
    "agreement_uplift_in_range": lambda r: r.agreement(penalty_uplift=11),
    "drawdown_reference_unique_in_case": lambda r: both(r.drawdown, case=r.case()),
    "drawdown_principal_above_zero": lambda r: r.drawdown(principal=0),
    "drawdown_rate_in_range": lambda r: r.drawdown(annual_rate=11),
    "drawdown_months_in_range": lambda r: r.drawdown(months=0),
    "drawdown_repayment_known": lambda r: r.drawdown(repayment="never"),
    "drawdown_due_day_in_range": lambda r: r.drawdown(due_day=32),
    "drawdown_security_not_negative": lambda r: r.drawdown(security=-1),
    "drawdown_accelerated_after_it_was_drawn": lambda r: r.drawdown(accelerated_on=NOW.date()),
    "payment_reference_unique_in_case": lambda r: both(r.payment, case=r.case()),
    "payment_amount_above_zero": lambda r: r.payment(amount=0),
    "charge_reference_unique_in_case": lambda r: both(r.charge, case=r.case()),
    "charge_amount_above_zero": lambda r: r.charge(amount=0),
    "party_reference_unique_in_case": lambda r: both(r.party, case=r.case(), reference="same"),
    "party_role_known": lambda r: r.party(role="friend"),
    "party_kind_known": lambda r: r.party(kind="cat"),
    "party_named_or_erased": lambda r: r.party(erased_at=NOW),
    "party_identity_with_its_index": lambda r: r.party(sealed_identity=D),
    "party_one_debtor_in_case": lambda r: both(r.party, case=r.case(), role="debtor"),
    "contact_point_position_unique": lambda r: both(r.contact, party=r.party()),
    "contact_point_kind_known": lambda r: r.contact(kind="pigeon"),
    "contact_point_basis_known": lambda r: r.contact(basis="rumour"),
    "contact_point_valued_or_erased": lambda r: r.contact(sealed_value=None),
    "consent_position_unique": lambda r: both(r.consent, party=r.party()),
    "consent_kind_known": lambda r: r.consent(kind="anything"),
    "consent_has_a_document_or_record": lambda r: r.consent(document=""),
    "consent_withdrawn_after_it_was_given": lambda r: r.consent(withdrawn_on=NOW.date() - timedelta(days=1)),
    "note_sequence_unique": lambda r: both(r.note, case=r.case()),
    "note_text_there_or_erased": lambda r: NoteText.objects.create(note=r.note()),
    "rate_cap_one_from_a_day": lambda r: both(r.rate_cap, organisation=r.organisation()),
    "rate_cap_in_range": lambda r: r.rate_cap(annual_rate=11),
    "rate_cap_ends_after_it_begins": lambda r: r.rate_cap(effective_until=NOW.date()),
    "rate_cap_day_count_known": lambda r: r.rate_cap(day_count="lunar"),
    "rate_cap_has_its_source": lambda r: r.rate_cap(source=""),
    "deposit_batch_ref_unique": lambda r: both(r.deposit_batch, ref="same"),
    "deposit_batch_one_for_a_receipt": lambda r: both(r.deposit_batch, receipt=r.receipt(), refused_code="", items=1),
    "deposit_batch_taken_or_refused_with_a_code": lambda r: r.deposit_batch(refused_code=""),
    "case_import_ref_unique": lambda r: both(r.case_import, ref="same"),
    "case_import_kind_known": lambda r: r.case_import(kind="notes"),
    "case_import_format_known": lambda r: r.case_import(format="pdf"),
    "case_import_file_with_its_digest": lambda r: r.case_import(sha256=D),
    "case_import_refused_with_a_reason_and_no_file": lambda r: r.case_import(confirmed_at=NOW, refused_at=NOW, refused_for="rows"),
    "case_import_step_known_and_confirmed": lambda r: r.case_import(step="judging"),
    "case_import_leaves_what_its_kind_has_and_no_file": lambda r: r.case_import(imported_at=NOW),
    "entrustment_ref_unique": lambda r: both(r.entrustment, ref="same"),
    "entrustment_number_unique_for_lender": lambda r: both(r.entrustment, lender=r.organisation(), number="same"),
    "entrustment_is_to_an_agency": lambda r: r.entrustment(agency_kind="court"),
    "entrustment_has_document": lambda r: r.entrustment(document=""),
    "entrustment_ends_after_start": lambda r: r.entrustment(ends_at=NOW),
    "entrustment_lapse_told_after_it": lambda r: r.entrustment(lapse_told_at=NOW),
    "assignment_ref_unique": lambda r: both(r.assignment, ref="same"),
    "assignment_live_once": lambda r: both(r.assignment, entrustment=r.entrustment(), case=r.case()),
    "assignment_withdrawn_after_it_began": lambda r: r.assignment(withdrawn_at=NOW - timedelta(seconds=1)),
    "distribution_one_agent_at_a_time": lambda r: both(r.distribution, assignment=r.assignment()),
    "distribution_ends_after_its_start": lambda r: r.distribution(until=NOW - timedelta(seconds=1)),
    "grant_ref_unique": lambda r: both(r.grant, ref="same"),
    "grant_receiver_may_receive": lambda r: r.grant(receiver_kind="lender"),
    "grant_basis_known": lambda r: r.grant(basis="habit"),
    "grant_has_document": lambda r: r.grant(document=""),
    "grant_ends_after_start": lambda r: r.grant(ends_at=NOW),
    "grant_covers_cases": lambda r: r.grant(case_count=0),
    "grant_of_many_needs_a_second": lambda r: r.grant(case_count=101),
    "grant_approved_by_another": lambda r: r.grant(approved_at=NOW, approved_by="person:1"),
    "grant_lapse_told_after_it": lambda r: r.grant(lapse_told_at=NOW),
    "granted_case_unique": lambda r: both(GrantedCase.objects.create, grant=r.grant(), case=r.case()),
    "matter_ref_unique": lambda r: both(r.matter, ref="same"),
    "matter_accepted_with_a_file_period": lambda r: r.matter(accepted_at=NOW, accepted_by="a"),
    "matter_closed_with_an_end": lambda r: r.matter(accepted_at=NOW, accepted_by="a", file_days=1, closed_at=NOW),
    "submitted_case_unique": lambda r: both(SubmittedCase.objects.create, matter=r.matter(), case=r.case()),
    "submitted_case_up_to_not_negative": lambda r: SubmittedCase.objects.create(matter=r.matter(), case=r.case(), up_to=-1, as_of=NOW),
    "submitted_case_up_to_a_moment": lambda r: SubmittedCase.objects.create(matter=r.matter(), case=r.case(), up_to=1),
    "order_ref_unique": lambda r: both(r.order, ref="same"),
    "order_number_unique_in_court": lambda r: both(r.order, court=r.organisation(kind="court"), number="same"),
    "order_is_of_a_court": lambda r: r.order(court_kind="lender"),
    "order_has_document": lambda r: r.order(document=""),
    "order_ends_after_start": lambda r: r.order(ends_at=NOW),
    "order_first_by_a_person": lambda r: r.order(first_at=NOW, first_by="api_key:1"),
    "order_opened_by_another": lambda r: r.order(first_at=NOW, first_by="person:1", opened_at=NOW, opened_by="person:1"),
    "ordered_case_unique": lambda r: both(OrderedCase.objects.create, order=r.order(), case=r.case()),
    "ordered_kind_unique": lambda r: both(OrderedKind.objects.create, order=r.order(), kind="sms"),
    "access_event_what_known": lambda r: r.access_event(what="gossip"),
    "access_event_root_known": lambda r: r.access_event(root="friend", purpose="p"),
    "access_event_of_others_has_purpose": lambda r: r.access_event(root="granted"),
    "idempotency_key_unique_in_organisation": lambda _: both(
        IdempotencyKey.objects.create, organisation_id=1, key="k", fingerprint=D, answer_id=1, created_at=NOW),
    "job_unique_for_subject": lambda _: both(Job.objects.create, kind="k", subject_id=1, next_attempt_at=NOW),
    "stored_object_name_unique": lambda r: twice(lambda: r.stored(name="same")),
    "stored_object_cipher_known": lambda r: r.stored(cipher="rot13"),
    "stored_object_size_not_negative": lambda r: r.stored(size_bytes=-1),
    "evidence_record_unique": lambda r: again(r, record=...),
    "evidence_sequence_unique_in_case": lambda r: again(r, case_sequence=...),
    "evidence_ticket_unique": lambda r: again(r, ticket=...),
    "evidence_depositor_is_one": lambda r: r.evidence(person=r.person()),
    "evidence_sequence_from_one": lambda r: r.evidence(case_sequence=0),
    "evidence_file_position_unique": lambda r: both(r.file, evidence=r.evidence()),
    "evidence_file_key_of_an_original": lambda r: r.file(content_key=b"k"),
    "evidence_file_position_from_one": lambda r: r.file(position=0),
    "custody_sequence_unique": lambda r: both(r.custody, evidence=r.evidence()),
    "custody_event_known": lambda r: r.custody(r.evidence(), event="record:admired"),
    "granted_trail_told_once": lambda r: both(GrantedTrail.objects.create, evidence=r.evidence(), grant=r.grant()),
    "granted_trail_assignment_told_once": lambda r: both(GrantedTrail.objects.create, evidence=r.evidence(), assignment=r.assignment()),
    "granted_trail_matter_told_once": lambda r: both(GrantedTrail.objects.create, evidence=r.evidence(), matter=r.matter()),
    "granted_trail_order_told_once": lambda r: both(GrantedTrail.objects.create, evidence=r.evidence(), order=r.order()),
    "granted_trail_of_one_paper": lambda r: GrantedTrail.objects.create(evidence=r.evidence(), grant=r.grant(), order=r.order()),
    "custody_commitment_record_unique": lambda r: both(r.commitment, record="same"),
    "custody_commitment_ticket_unique": lambda r: both(r.commitment, ticket=7),
    "custody_head_position_unique": lambda r: both(r.head, commitment=r.commitment()),
    "custody_head_of_an_event_once": lambda r: both(r.head, event=r.custody(r.evidence())),
    "custody_head_position_from_one": lambda r: r.head(position=0),
    "quarantine_one_at_a_time": lambda r: both(r.quarantine, evidence=r.evidence()),
    "quarantine_cause_known": lambda r: r.quarantine(cause="whim"),
    "quarantine_ended_by_somebody_for_a_reason": lambda r: r.quarantine(ended_at=NOW, ended_by=r.person()),
    "release_one_at_a_time": lambda r: both(r.release, quarantine=r.quarantine()),
    "release_for_a_reason": lambda r: r.release(reason=""),
    "release_approved_by_another": lambda r: r.release(**dict.fromkeys(("proposed_by", "approved_by"), r.person()), approved_at=NOW),
    "release_withdrawn_before_it_is_approved": lambda r: r.release(
        approved_by=r.person(), approved_at=NOW, withdrawn_by=r.person(), withdrawn_at=NOW),
    "release_failed_after_it_was_approved": lambda r: r.release(failed_at=NOW),
    "fixity_round_goes_on": lambda _: FixityRound.objects.create(began_at=NOW, seen_at=NOW - timedelta(seconds=1)),
    "supersession_of_a_record_once": lambda r: both(r.supersession, superseded=r.evidence()),
    "supersession_by_a_record_once": lambda r: both(r.supersession, correction=r.evidence()),
    "relation_said_once": lambda r: both(r.relation, **{end: r.evidence() for end in ("said_by", "source", "target")}),
    "relation_known": lambda r: r.relation(relation="likes"),
    "relation_to_another_record": lambda r: r.relation(**dict.fromkeys(("source", "target"), r.evidence())),
    "supersession_by_another_record": lambda r: r.supersession(**dict.fromkeys(("superseded", "replaced_by"), r.evidence())),
    "rendering_shows_or_says_why": lambda r: r.rendering(refused="damaged"),
    "rendering_part_position_unique": lambda r: both(r.rendering_part, rendering=r.rendering()),
    "rendering_part_position_from_one": lambda r: r.rendering_part(position=0),
    "rendering_part_media_type_known": lambda r: r.rendering_part(media_type="text/html"),
    "original_ticket_token_unique": lambda r: both(r.ticket, token_sha256=D),
    "original_ticket_used_in_time": lambda r: r.ticket(used_at=NOW + timedelta(minutes=1)),
    "paper_ticket_token_unique": lambda r: both(r.paper_ticket, token_sha256=D),
    "paper_ticket_used_in_time": lambda r: r.paper_ticket(used_at=NOW + timedelta(minutes=1)),
    "stamps_told_is_one_row": lambda _: StampsTold.objects.create(pk=2),
    "webhook_endpoint_ref_unique": lambda r: twice(lambda: r.webhook(ref="same")),
    "webhook_endpoint_disabled_for_a_reason": lambda r: r.webhook(disabled_at=NOW),
    "webhook_endpoint_fails_since_a_time": lambda r: r.webhook(failures=1),
    "webhook_subscription_unique": lambda r: both(WebhookSubscription.objects.create, endpoint=r.webhook(), event="record.timestamped"),
    "webhook_subscription_event_known": lambda r: WebhookSubscription.objects.create(endpoint=r.webhook(), event="record.erased"),
    "webhook_secret_one_current": lambda r: both(r.secret, endpoint=r.webhook()),
    "webhook_secret_one_ending": lambda r: both(r.secret, endpoint=r.webhook(), ends_at=NOW),
    "webhook_delivery_message_unique": lambda r: both(r.delivery, message_id="same"),
    "webhook_delivery_one_open_test": lambda r: both(r.delivery, endpoint=r.webhook(), event="webhook.test"),
    "webhook_delivery_attempts_bounded": lambda r: r.delivery(attempts=11),
    "webhook_delivery_outcome_known": lambda r: r.delivery(outcome="lost", ended_at=NOW),
    "webhook_attempt_number_unique": lambda r: both(r.attempt, delivery=r.delivery()),
    "webhook_attempt_number_in_range": lambda r: r.attempt(number=11),
    "webhook_attempt_answer_or_trouble": lambda r: r.attempt(trouble="timeout"),
    "notice_ref_unique": lambda r: both(r.notice, ref="same"),
    "notice_kind_known": lambda r: r.notice(kind="gossip"),
    "notice_read_after_it_came": lambda r: r.notice(read_at=NOW - timedelta(seconds=1)),
    "notice_counts_something": lambda r: r.notice(count=0),
    "notice_read_once": lambda r: both(NoticeReading.objects.create, notice=r.notice(), person=r.person(), at=NOW),
    "channel_one_of_a_kind": lambda r: both(r.channel, person=r.person()),
    "channel_kind_known": lambda r: r.channel(kind="pigeon"),
    "channel_confirmed_after_it_was_chosen": lambda r: r.channel(confirmed_at=NOW - timedelta(seconds=1)),
    "address_letter_ref_unique": lambda r: both(r.address_letter, ref="same"),
    "address_letter_token_unique": lambda r: both(r.address_letter, token_sha256=D, expires_at=NOW),
    "address_letter_to_somebody": lambda r: r.address_letter(kind="decided"),
    "address_letter_token_is_live": lambda r: r.address_letter(token_sha256=D),
    "address_letter_used_to_confirm": lambda r: r.address_letter(kind="replaced", used_at=NOW),
    "address_letter_tries_bounded": lambda r: r.address_letter(kind="code", tries=6),
    "address_letter_attempts_bounded": lambda r: r.address_letter(attempts=7),
    "address_letter_outcome_known": lambda r: r.address_letter(outcome="lost", ended_at=NOW),
    "message_ref_unique": lambda r: both(r.message, ref="same"),
    "message_once_by_each_channel": lambda r: both(r.message, notice=r.notice(), person=r.person()),
    "message_channel_known": lambda r: r.message(channel="pigeon"),
    "message_attempts_bounded": lambda r: r.message(attempts=7),
    "message_outcome_known": lambda r: r.message(outcome="lost", ended_at=NOW),
    "disclosure_attempts_one_row_a_day": lambda r: both(DisclosureAttempts.objects.create, evidence=r.evidence(), day=NOW.date()),
}


def named_constraints() -> list[str]:
    return [str(c.name) for app in OURS for model in apps.get_app_config(app).get_models() for c in model._meta.constraints]


def test_every_constraint_has_a_row_here_that_violates_it() -> None:
    assert sorted(VIOLATIONS) == sorted(named_constraints())


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_row_that_violates_the_constraint_is_refused(name: str, database: str) -> None:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        VIOLATIONS[name](Rows())
    if connection.vendor == "postgresql":
        assert name in str(refusal.value)


def test_models_and_migrations_agree(database: str) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_append_only_table_has_its_guards(database: str) -> None:
    assert missing_guards(connection) == []
    assert CustodyEvent in guarded_models()


def change(model: type[models.Model], statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table=model._meta.db_table))


def test_a_custody_row_can_be_neither_changed_nor_deleted(database: str) -> None:
    row = Rows().custody(Rows().evidence())
    row.event = "record:forged"
    for attempt in (row.save, row.delete, CustodyEvent.objects.all().delete, lambda: CustodyEvent.objects.update(event="x")):
        with pytest.raises(AppendOnlyError):
            attempt()
    statements = ["UPDATE {table} SET event = 'record:viewed'", "DELETE FROM {table}"]
    replace = "INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    statements.append("TRUNCATE {table} CASCADE" if connection.vendor == "postgresql" else replace)
    for statement in statements:
        with pytest.raises(DatabaseError):
            change(CustodyEvent, statement)
    assert CustodyEvent.objects.get().event == "record:ingested"


def test_a_dropped_guard_is_reported_by_name(database: str) -> None:
    on_table = " ON evidence_custodyevent" if connection.vendor == "postgresql" else ""
    change(CustodyEvent, f"DROP TRIGGER evidence_custodyevent_no_update{on_table}")
    assert missing_guards(connection) == ["evidence_custodyevent_no_update"]

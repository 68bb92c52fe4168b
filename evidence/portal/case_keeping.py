"""What is written into a case's file from its page, entry by entry: a payment, a contact point, a consent or its withdrawal, an assignment
of the debt, a drawdown declared due.

For whoever keeps case files, in his own organisation's cases; a form that is sent twice writes once. Works without a script.
"""
from collections.abc import Callable
from datetime import datetime
from functools import wraps

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.errors import CaseFileMissing
from cases.keeping import accelerate, add_consent, add_contact, add_side, record_payment, withdraw_consent
from cases.models import Case
from cases.portal.fact_forms import acceleration_of, beside_fields, chosen_consent, consent_of, contact_of, payment_of, side_of
from cases.selectors import case_file_for, case_for
from common.errors import DomainError
from common.problems import Forbidden
from common.refused import Refused
from evidence.portal.case_pages import workspace
from evidence.portal.work import see_other

Deed = Callable[[Viewer, Case, QueryDict, datetime], None]
"""Raises DomainError."""


def kept_by(form: str, back: str) -> Callable[[Deed], Callable[..., HttpResponse]]:
    """Makes a view of a deed: done, back to the part `back` of the case's page; refused, the page with the reason beside the field.

    The view raises CaseNotFound, Forbidden for a case that is only open to the viewer.
    """
    def decorated(deed: Deed) -> Callable[..., HttpResponse]:
        @require_POST
        @needs_act(Act.KEEP_CASE)
        @wraps(deed)
        def answered(request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
            now = timezone.now()
            found = case_for(viewer, ref, now=now)
            if found.organisation_id != viewer.organisation.pk:
                raise Forbidden
            try:
                deed(viewer, found, request.POST, now)
            except DomainError as error:
                return workspace(request, viewer, ref, refused=Refused(form, error, request.POST))
            return see_other(f"{reverse('case', args=[ref])}#{back}")

        return answered

    return decorated


@kept_by("payment", "facts")
def add_case_payment(viewer: Viewer, found: Case, form: QueryDict, now: datetime) -> None:
    with beside_fields("reference", "received_on", "amount", "designation"):
        record_payment(viewer, found, payment_of(form), now=now)


@kept_by("contact", "parties")
def add_case_contact(viewer: Viewer, found: Case, form: QueryDict, now: datetime) -> None:
    with beside_fields("value", "kind", "basis"):
        add_contact(viewer, found, form.get("party", ""), contact_of(form), now=now)


@kept_by("consent", "parties")
def add_case_consent(viewer: Viewer, found: Case, form: QueryDict, now: datetime) -> None:
    with beside_fields("document", "record", "given_on", "kind"):
        add_consent(viewer, found, form.get("party", ""), consent_of(form), now=now)


@kept_by("succession", "facts")
def add_case_side(viewer: Viewer, found: Case, form: QueryDict, now: datetime) -> None:
    with beside_fields("creditors", "assigned_on", "notice_record", "claimant_name", "claimant_basis"):
        add_side(viewer, found, side_of(form), now=now)


@kept_by("acceleration", "facts")
def accelerate_case_drawdown(viewer: Viewer, found: Case, form: QueryDict, now: datetime) -> None:
    reference, seen, on = acceleration_of(form)
    with beside_fields("accelerated_on", "drawdown"):
        accelerate(viewer, found, reference, on, seen=seen, now=now)


@kept_by("withdrawal", "parties")
def withdraw_case_consent(viewer: Viewer, found: Case, form: QueryDict, now: datetime) -> None:
    if not found.file_version:
        raise CaseFileMissing
    reference, position, seen, on = chosen_consent(form, case_file_for(viewer, found.ref, now=now))
    with beside_fields("withdrawn_on", "consent"):
        withdraw_consent(viewer, found, reference, position, on, seen=seen, now=now)

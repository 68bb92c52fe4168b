"""What is written into a case's file from its page, entry by entry: a payment, a contact point, a consent, the withdrawal of one.

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
from cases.keeping import add_consent, add_contact, record_payment, withdraw_consent
from cases.models import Case
from cases.portal.fact_forms import beside_fields, chosen_consent, consent_of, contact_of, payment_of
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


@kept_by("withdrawal", "parties")
def withdraw_case_consent(viewer: Viewer, found: Case, form: QueryDict, now: datetime) -> None:
    if not found.file_version:
        raise CaseFileMissing
    reference, position, seen, on = chosen_consent(form, case_file_for(viewer, found.ref, now=now))
    with beside_fields("withdrawn_on", "consent"):
        withdraw_consent(viewer, found, reference, position, on, seen=seen, now=now)

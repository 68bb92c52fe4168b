"""Papers of applications for the operator: a ticket, good once and for a minute, used at the evidence origin as an original's is.

A paper is whatever a stranger sent, so it never comes from the origin that holds sessions. The ticket names a paper and nothing else can
be fetched with it: an operator who makes one reaches no evidence. What this does not do: decide who is an operator; both callers ask.
Source: threats T17.
"""
import secrets
from datetime import datetime

from django.db import transaction

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.errors import ApplicationNotFound
from accounts.models import Person
from evidence.models import ApplicationPaper, PaperTicket
from evidence.originals import GOOD_FOR, digest_of_token
from evidence.own_deposits import the_operator


def issue_paper_ticket(person: Person, paper: ApplicationPaper, *, now: datetime) -> str:
    """The token of a new ticket for this paper."""
    token = secrets.token_urlsafe(32)
    PaperTicket.objects.create(token_sha256=digest_of_token(token), paper=paper, person=person, made_at=now, expires_at=now + GOOD_FOR)
    return token


def paper_ticket_for(token: str, *, now: datetime) -> PaperTicket:
    """The ticket that can still be used. Raises ApplicationNotFound for anything else."""
    found = PaperTicket.objects.filter(token_sha256=digest_of_token(token), used_at=None, expires_at__gt=now)
    ticket = found.select_related("paper__stored_object__organisation", "paper__application", "person").first()
    if ticket is None:
        raise ApplicationNotFound
    return ticket


def use_up(ticket: PaperTicket, *, now: datetime) -> None:
    """Before a byte goes out, with a row in the operator's audit log. Raises ApplicationNotFound when another request was first."""
    with transaction.atomic():
        if PaperTicket.objects.filter(pk=ticket.pk, used_at=None).update(used_at=now) != 1:
            raise ApplicationNotFound
        # The evidence origin knows no session: whose ticket it is says who opened it.
        note(Event.PAPER_OPENED, the_operator(), at=now, subject=f"application:{ticket.paper.application.reference}",
             detail=f"paper:{ticket.paper_id}", actor=f"person:{ticket.person_id}")

"""Grants that outlive the consent they rest on: whose they are is told when it is withdrawn, and the page of the case names them.

A grant is judged when it is given; a consent that is withdrawn later ends nothing by itself, because what the receiver may go on doing with
what it has is the lender's to decide, and to end. What this does not do: revoke.
LAW: 个人信息保护法（2021年）第十五条、第二十三条.
"""
from collections.abc import Iterable
from datetime import datetime

from cases.facts import CaseFacts, ConsentFacts, ConsentKind
from cases.models import Case, Consent, Grant
from notifications.kinds import CONSENT_LOST
from notifications.noticing import leave_notices


def grants_without_consent(case: Case, consents: Iterable[ConsentFacts | Consent], *, now: datetime) -> list[Grant]:
    """Grants for provision to others that open this case, or will, though none of these consents of its file stands for them any more.

    A withdrawal that was recorded counts from then on, also one of a later day.
    """
    standing = [each for each in consents if each.kind == ConsentKind.PROVISION and each.withdrawn_on is None]
    documents, records = {each.document for each in standing}, {each.record for each in standing}
    grants = Grant.objects.filter(cases__case=case, basis=Grant.Basis.PROVIDED, revoked_at=None, ends_at__gt=now)
    return [
        grant for grant in grants.select_related("receiver").order_by("id")
        if grant.document not in documents and grant.document.upper() not in records]


def consents_of(facts: CaseFacts) -> list[ConsentFacts]:
    """Those of all parties of a file."""
    return [consent for party in facts.parties for consent in party.consents]


def tell_lost_consents(
    case: Case, before: Iterable[ConsentFacts | Consent], after: Iterable[ConsentFacts | Consent], *, now: datetime
) -> None:
    """Tell the lender of each grant that lost its consent in this case by a change of the file; in the transaction that changes it."""
    known = {grant.pk for grant in grants_without_consent(case, before, now=now)}
    for grant in grants_without_consent(case, after, now=now):
        if grant.pk not in known:
            leave_notices([case.organisation_id], kind=CONSENT_LOST, subject=grant.ref, count=1, now=now)

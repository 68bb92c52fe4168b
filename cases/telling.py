"""What agents are told when cases come to them or leave them: before the rows change, in the transaction that changes them."""
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from accounts.models import Person
from cases.models import Assignment, Distribution
from notifications.kinds import CASES_GIVEN, CASES_TAKEN
from notifications.noticing import leave_notice_to


def counted(rows: QuerySet[Any, Any], *fields: str) -> list[tuple[Any, ...]]:
    """The values of these fields among the rows, each with the number of rows that have them."""
    return list(rows.order_by(*fields).values_list(*fields).annotate(count=Count("pk")))


def tell_agents_of_loss(assignment_ids: Sequence[int], *, keeps: Person | None, now: datetime) -> None:
    """Each agent who has some of these cases learns how many he loses; not the one who keeps them."""
    held = Distribution.objects.filter(assignment__in=assignment_ids, until=None)
    if keeps is not None:
        held = held.exclude(agent=keeps)
    for agent_id, agency_id, contract, count in counted(
            held, "agent_id", "assignment__entrustment__agency_id", "assignment__entrustment__ref"):
        leave_notice_to(agent_id, agency_id, kind=CASES_TAKEN, subject=contract, count=count, now=now)


def tell_agent_of_gain(assignment_ids: Sequence[int], agent: Person, *, now: datetime) -> None:
    """The agent learns how many of these cases are new to him."""
    his = Distribution.objects.filter(assignment__in=assignment_ids, agent=agent, until=None).values("assignment_id")
    fresh = Assignment.objects.filter(pk__in=assignment_ids).exclude(pk__in=his)
    for agency_id, contract, count in counted(fresh, "entrustment__agency_id", "entrustment__ref"):
        leave_notice_to(agent.pk, agency_id, kind=CASES_GIVEN, subject=contract, count=count, now=now)

"""How much of a case each root opens: as long as its papers may be, as wide as they say, and no wider."""
from typing import Any

import pytest
from django.test import Client

from accounts.permissions import Kind, Role
from accounts.viewer import Viewer
from cases.assigning import LONGEST_SCOPE, assign_cases
from cases.granting import LONGEST_PURPOSE, revoke_grant
from cases.matters import LONGEST_NUMBER, accept_matter, submit_cases
from cases.models import AccessEvent, Case
from evidence.models import Evidence
from tests.cases.cast import Cast

LONG = "调取范围与事由" * 100


def of_own(cast: Cast, _case: Case) -> tuple[Viewer, str]:
    return cast.machine("lender", Kind.LENDER), ""


def assigned(cast: Cast, case: Case) -> tuple[Viewer, str]:
    scope = LONG[:LONGEST_SCOPE]
    assign_cases(cast.officer, cast.entrustment(scope=scope), [case.ref], includes_all=True, now=cast.now)
    return cast.machine("collection_agency", Kind.COLLECTION_AGENCY), scope


def granted(cast: Cast, case: Case) -> tuple[Viewer, str]:
    cast.granted(case, "law_firm", Kind.LAW_FIRM, purpose=LONG[:LONGEST_PURPOSE])
    return cast.machine("law_firm", Kind.LAW_FIRM), LONG[:LONGEST_PURPOSE]


def accepted(cast: Cast, case: Case) -> tuple[Viewer, str]:
    notary, grant = cast.person("notary", Role.NOTARY), cast.granted(case, "notary_office", Kind.NOTARY_OFFICE)
    matter = submit_cases(cast.legal, grant, [case.ref], purpose=LONG[:LONGEST_PURPOSE], whole_case=False, now=cast.now)
    accept_matter(notary, matter, number="号" * LONGEST_NUMBER, file_days=1, now=cast.now)
    revoke_grant(cast.legal, grant, now=cast.now)
    return cast.machine("notary_office", Kind.NOTARY_OFFICE), LONG[:LONGEST_PURPOSE]


def ordered(cast: Cast, case: Case) -> tuple[Viewer, str]:
    number, scope = "令" * LONGEST_NUMBER, LONG[:LONGEST_SCOPE]
    cast.ordered(case, number=number, scope=scope)
    return cast.machine("court", Kind.COURT), f"{number} {scope}"


@pytest.mark.parametrize("root", [of_own, assigned, granted, accepted, ordered])
def test_the_longest_papers_that_there_may_be_are_read_by(cast: Cast, root: Any) -> None:
    """A purpose is made of what a paper says: whoever reads by the longest one reads, and the trail holds it whole."""
    case = cast.case()
    viewer, purpose = root(cast, case)
    headers = {"Authorization": f"Bearer {cast.keys[viewer.kind.value]}"}
    record = Evidence.objects.get(case=case).record
    for path in (f"/api/v1/cases/{case.ref}", f"/api/v1/evidence/{record}"):
        assert Client().get(path, headers=headers).status_code == 200, path
    rows = AccessEvent.objects.filter(case=case).values_list("purpose", flat=True)
    assert set(rows) == {purpose or None}

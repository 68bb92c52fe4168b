"""The job that imports a long file, and the report that it leaves of one that could not be imported any more.

The file, the digest and who confirmed stand in the row; the job judges the rows again and writes all of them in one transaction with the
end of the import. A worker that is killed leaves nothing of the file written, and the next one begins anew; of two at once the
compare-and-swap of the end lets one through. Progress is told by steps, since the rows themselves become visible together or not at all.
"""
import msgspec
from django.utils import timezone, translation

from accounts.models import ApiKey, Person
from accounts.permissions import ROLES, Act
from accounts.scopes import acts_of
from accounts.selectors import live_memberships
from accounts.viewer import PERSON, Viewer
from cases.errors import CaseChanged
from cases.importing.lines import RowFault
from cases.imports import judged, opened_file, write_import
from cases.models import CaseImport
from common.failpoints import reached
from common.jobs import RetryLater
from vault.personal import open_bytes, seal_bytes

# As many as an answer of the API lists; the count is of all.
REPORTED = 500
LANGUAGES = ("zh-hans", "en")


def run_import(import_id: int) -> None:
    """Import the confirmed file, or refuse it with a report; nothing when that is done already. Raises RetryLater, ImproperlyConfigured."""
    found = CaseImport.objects.filter(
        pk=import_id, confirmed_at__isnull=False, imported_at=None, refused_at=None, sealed_file__isnull=False).first()
    if found is None:
        return
    viewer = _confirmer(found)
    if viewer is None:
        _refuse(found, CaseImport.Refusal.RIGHT, {})
        return
    _step(found, CaseImport.State.JUDGING)
    kind, data = CaseImport.Kind(found.kind), opened_file(found)
    _, finding = judged(viewer, kind, data)
    if finding.faults:
        # Nobody waits here whose language would be known: the report is kept in each.
        faults = {}
        for language in LANGUAGES:
            with translation.override(language):
                faults[language] = judged(viewer, kind, data)[1].faults
        _refuse(found, CaseImport.Refusal.ROWS, faults)
        return
    _step(found, CaseImport.State.WRITING)
    reached("cases.import-judged")
    try:
        write_import(found, finding, confirmed_by=found.confirmed_by, now=timezone.now())
    except CaseChanged:
        raise RetryLater("case-changed") from None


def faults_of(found: CaseImport, language: str) -> list[RowFault]:
    """What was wrong with which row of a refused file, the first 500 in this language; [] once the report was let go of."""
    if found.sealed_report is None:
        return []
    kept = msgspec.json.decode(open_bytes(bytes(found.sealed_report), _place(found)), type=dict[str, list[RowFault]])
    return kept["zh-hans" if language.startswith("zh") else "en"]


def _confirmer(found: CaseImport) -> Viewer | None:
    """Whoever confirmed, as he may act now; None when he may not import any more."""
    organisation, (_, _, number) = found.organisation, found.confirmed_by.partition(":")
    viewer: Viewer | None = None
    if found.confirmed_by.startswith(PERSON):
        person = Person.objects.get(pk=number)
        held = [each for each in live_memberships(person) if each.organisation_id == organisation.pk]
        roles = frozenset(each.role_of for each in held)
        viewer = Viewer(organisation, frozenset().union(*(ROLES[role].acts for role in roles)), roles, person)
    else:
        key = ApiKey.objects.get(pk=number)
        if key.usable_at(timezone.now()):
            viewer = Viewer(organisation, acts_of(key.granted), key=key)
    return viewer if viewer is not None and organisation.working and viewer.may(Act.KEEP_CASE) else None


def _step(found: CaseImport, step: CaseImport.State) -> None:
    CaseImport.objects.filter(pk=found.pk, imported_at=None, refused_at=None).update(step=step)


def _refuse(found: CaseImport, why: CaseImport.Refusal, faults: dict[str, tuple[RowFault, ...]]) -> None:
    count = max(map(len, faults.values()), default=0)
    report = {language: rows[:REPORTED] for language, rows in faults.items()}
    sealed = seal_bytes(msgspec.json.encode(report), _place(found)) if report else None
    ended = {"refused_at": timezone.now(), "refused_for": why, "faults": count, "sealed_report": sealed}
    running = CaseImport.objects.filter(pk=found.pk, imported_at=None, refused_at=None)
    running.update(**ended, sealed_file=None, sha256=None, step="")


def _place(found: CaseImport) -> str:
    return f"import-report\n{found.ref}"

"""No script of a deposited file runs, however a reader or a page of an attacker opens it in a real browser; as pages most of them would."""
from urllib.parse import urlsplit

from django.utils import timezone
from playwright.sync_api import Browser

from accounts.portal.workplace import viewer_at
from accounts.selectors import live_memberships
from evidence.models import Evidence
from evidence.originals import issue_ticket
from tests.browser.conftest import Live
from tests.evidence.desk import Desk
from tests.hostile.files import hostile_files
from tests.hostile.opening import scripts_run, shown_as_pages

BEACON = "http://beacon.example/ran"
FILES = hostile_files(BEACON)


def deposited(desk: Desk) -> list[Evidence]:
    case = desk.case()
    token = desk.form(f"/work/{case.ref}")["csrfmiddlewaretoken"]
    sent = [
        desk.send(case, (file.name, file.data, file.media_type), json=True, key=f"hostile-file-{number:08}", csrfmiddlewaretoken=token)
        for number, file in enumerate(FILES)]
    return [Evidence.objects.get(record=answer.json()["record"]) for answer in sent]


def test_no_script_of_a_hostile_file_runs(live: Live, chromium: Browser) -> None:
    desk = Desk(login="hostile")
    records, held = deposited(desk), list(live_memberships(desk.person))
    viewer = viewer_at(held[0], held)
    origin = f"http://originals.localhost:{urlsplit(live.url).port}"

    def address(number: int) -> str:
        return f"{origin}/originals/{issue_ticket(viewer, records[number], 1, now=timezone.now())}"

    context = chromium.new_context(accept_downloads=True)
    try:
        assert scripts_run(context.new_page(), len(records), address, BEACON) == []
    finally:
        context.close()


def test_the_same_files_as_pages_would_run(chromium: Browser) -> None:
    """Else the test above would count nothing because nothing is counted."""
    context = chromium.new_context()
    try:
        assert shown_as_pages(context.new_page(), [file.data for file in FILES[:30]], BEACON) >= 15
    finally:
        context.close()

"""Imports of long files: confirmed, then run by a job, watched by page and API; killed anywhere they leave no row twice and none alone."""
import signal
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Membership, Organisation
from accounts.permissions import Act, Role
from accounts.viewer import Viewer
from cases.errors import CaseChanged
from cases.imports import AT_ONCE_ROWS, IMPORT, REPORT_KEPT_FOR, drop_unconfirmed, judged, opened_file, write_import
from cases.models import Case, CaseImport, CaseRevision, Payment
from common.failpoints import plan
from common.jobs import LEASE, Job, run_job
from tests.accounts.people import make_person, signed_in
from tests.cases.case_files import Send, case_body
from tests.cases.import_files import Upload, csv_of
from tests.cases.test_case_import import row
from tests.cases.test_case_pages import confirmation, page_of
from tests.cases.test_case_pages import upload as upload_by_hand
from tests.cases.test_payment_import import row as payment_row
from tests.cases.test_payment_import import sheet_of
from tests.conftest import Start

LONG = AT_ONCE_ROWS + 1


def long_file(count: int = LONG) -> bytes:
    return csv_of(*(row(reference=f"LN-{n}", drawdown=f"JJ-{n}") for n in range(count)))


def confirm(send: Send, report: Any, part: str = "") -> Any:
    return send("POST", f"/cases/imports{part}/{report['import']}/confirm", {"sha256": report["sha256"]})


def run(later: timedelta = timedelta(0)) -> None:
    assert run_job(Job.objects.get(kind=IMPORT).pk, now=lambda: timezone.now() + later)


def status(send: Send, report: Any) -> Any:
    answer = send("GET", f"/cases/imports/{report['import']}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_long_file_is_confirmed_at_once_and_imported_by_the_job(upload: Upload, send: Send) -> None:
    report = upload(long_file()).json()
    assert status(send, report)["state"] == "checked"
    accepted = [confirm(send, report) for _ in range(2)]
    assert [answer.status_code for answer in accepted] == [202, 202]
    address = accepted[0].headers["Location"].partition("/api/v1")[2]
    assert send("GET", address).json() == accepted[0].json()
    assert (status(send, report)["state"], Case.objects.count(), Job.objects.filter(kind=IMPORT).count()) == ("waiting", 0, 1)
    run()
    told = status(send, report)
    assert (told["state"], told["cases"], Case.objects.filter(file_version=1).count()) == ("imported", LONG, LONG)
    again = confirm(send, report)
    assert (again.status_code, again.json()["cases"]) == (201, LONG)
    kept = CaseImport.objects.get()
    assert (kept.sealed_file, kept.sha256, kept.step) == (None, None, ""), "what holds personal data is gone with the run"


def test_a_file_of_five_hundred_rows_is_answered_as_ever(upload: Upload, send: Send) -> None:
    report = upload(long_file(AT_ONCE_ROWS)).json()
    answer = confirm(send, report)
    assert (answer.status_code, answer.json()["cases"], Job.objects.filter(kind=IMPORT).count()) == (201, AT_ONCE_ROWS, 0)


def test_payments_are_imported_by_the_job_too(upload: Upload, send: Send) -> None:
    assert send("POST", "/cases", case_body()).status_code == 201
    report = upload(sheet_of(*(payment_row(payment=f"SK-{n}", amount="0.01") for n in range(LONG))), sheet="payments").json()
    assert report["faults"] == 0, report
    assert confirm(send, report, "/payments").status_code == 202
    run()
    assert (status(send, report)["payments"], Payment.objects.count()) == (LONG, LONG)


def test_a_row_that_is_wrong_by_then_refuses_the_whole_file_and_its_report_stays(
    upload: Upload, send: Send, lender: Organisation,
) -> None:
    report = upload(long_file()).json()
    assert confirm(send, report).status_code == 202
    assert send("POST", "/cases", case_body(reference="LN-7")).status_code == 201
    run()
    told = status(send, report)
    assert (told["state"], told["refused_for"], told["faults"], told["cases"]) == ("refused", "rows", 1, 0)
    assert [(each["row"], each["column"]) for each in told["errors"]] == [(9, "客户案件编号")]
    assert Case.objects.count() == 1
    assert (confirm(send, report).status_code, confirm(send, report).json()["code"]) == (409, "case-changed")
    kept = CaseImport.objects.get()
    assert (kept.sealed_file, kept.sha256) == (None, None)
    assert "客户案件编号".encode() not in bytes(kept.sealed_report or b"")
    officer = signed_in(make_person("officer", Role.CASE_OFFICER, lender))
    for language, words in (("zh-hans", "该编号的案件已有档案"), ("en", "has a file already")):
        page = page_of(officer.get(f"/cases/import/{kept.ref}", headers={"Accept-Language": language}))
        assert words in page.text, page.text
    drop_unconfirmed(now=timezone.now() + REPORT_KEPT_FOR + timedelta(hours=1))
    told = status(send, report)
    assert (told["faults"], told["errors"]) == (1, [])
    assert "只保留三十天" in page_of(officer.get(f"/cases/import/{kept.ref}")).text


@pytest.mark.parametrize("failpoint", ["cases.import-judged", "cases.import-written", "cases.import-committed"])
def test_a_worker_that_is_killed_anywhere_leaves_all_rows_or_none_and_never_two(
    failpoint: str, upload: Upload, send: Send, start: Start,
) -> None:
    report = upload(long_file()).json()
    assert confirm(send, report).status_code == 202
    killed = start("manage.py", "work", CUNZHENG_FAILPOINTS=f"{failpoint}=kill")
    assert killed.wait(60) == -signal.SIGKILL
    committed = failpoint == "cases.import-committed"
    assert (Case.objects.count(), status(send, report)["state"]) == ((LONG, "imported") if committed else (0, "writing"))
    assert not run_job(Job.objects.get(kind=IMPORT).pk), "the dead one's lease still runs"
    run(LEASE + timedelta(seconds=1))
    assert (Case.objects.count(), CaseRevision.objects.count(), status(send, report)["state"]) == (LONG, LONG, "imported")
    assert Job.objects.get(kind=IMPORT).done_at is not None


@pytest.mark.parametrize("end", ["key", "organisation"])
def test_whoever_lost_the_right_to_import_before_the_job_ran_imports_nothing(
    end: str, upload: Upload, send: Send, lender: Organisation,
) -> None:
    report = upload(long_file()).json()
    assert confirm(send, report).status_code == 202
    if end == "key":
        ApiKey.objects.filter(organisation=lender).update(revoked_at=timezone.now())
    else:
        Organisation.objects.filter(pk=lender.pk).update(status="suspended")
    run()
    kept = CaseImport.objects.get()
    assert (kept.state, kept.refused_for, kept.sealed_file, Case.objects.count()) == ("refused", "right", None, 0)


def test_a_person_watches_his_import_on_its_page_and_no_stranger_does(lender: Organisation, send: Send, strangers_send: Send) -> None:
    officer = make_person("officer", Role.CASE_OFFICER, lender)
    client = signed_in(officer)
    form, digest = confirmation(page_of(upload_by_hand(client, long_file())))
    ref = form.split("/")[-2]
    assert strangers_send("GET", f"/cases/imports/{ref}").status_code == 404
    assert "尚未确认" in page_of(client.get(f"/cases/import/{ref}")).text
    answer = client.post(form, {"sha256": digest})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/cases/import/{ref}")
    page = page_of(client.get(f"/cases/import/{ref}"))
    assert (page.one("progress").attributes["value"], page.one("progress").attributes["max"]) == ("0", "3")
    asked = next(each.attributes["data-prepared-at"] for each in page.all("p") if "data-prepared-at" in each.attributes)
    assert asked == f"/cases/import/{ref}/state?shown=waiting"
    assert client.get(asked).json() == {"ready": False}
    run()
    assert client.get(asked).json() == {"ready": True}
    done = page_of(client.get(f"/cases/import/{ref}"))
    assert f"已导入 {LONG} 个案件" in done.text
    assert done.all("progress") == []
    assert CaseRevision.objects.filter(actor=f"person:{officer.pk}").count() == LONG
    assert "已导入" in page_of(client.get("/cases/import")).text
    assert client.get(f"/cases/import/{'0' * 32}").status_code == 404


def test_an_officer_who_left_before_the_job_ran_imports_nothing(lender: Organisation, client: Client) -> None:
    officer = make_person("officer", Role.CASE_OFFICER, lender)
    browser = signed_in(officer)
    form, digest = confirmation(page_of(upload_by_hand(browser, long_file())))
    assert browser.post(form, {"sha256": digest}).status_code == 302
    Membership.objects.filter(person=officer).update(until=timezone.now())
    run()
    assert (CaseImport.objects.get().refused_for, Case.objects.count()) == ("right", 0)


def test_a_confirmed_file_is_not_let_go_before_it_was_imported(upload: Upload, send: Send) -> None:
    report = upload(long_file()).json()
    assert confirm(send, report).status_code == 202
    assert drop_unconfirmed(now=timezone.now() + timedelta(days=9)) == 0
    run()
    assert status(send, report)["state"] == "imported"


def test_an_unconfirmed_file_is_said_to_be_gone(upload: Upload, send: Send) -> None:
    report = upload(long_file(1)).json()
    assert drop_unconfirmed(now=timezone.now() + timedelta(hours=25)) == 1
    assert status(send, report)["state"] == "expired"


def test_a_case_that_is_opened_between_judging_and_writing_stops_all_rows(upload: Upload, send: Send, lender: Organisation) -> None:
    """The job comes back then, judges the rows again, and says which is not sound any more."""
    report = upload(long_file()).json()
    assert confirm(send, report).status_code == 202
    found = CaseImport.objects.get()
    viewer = Viewer(lender, frozenset(Act), key=ApiKey.objects.filter(organisation=lender).first())
    _, finding = judged(viewer, CaseImport.Kind.CASES, opened_file(found))
    assert send("POST", "/cases", case_body(reference="LN-7")).status_code == 201
    with pytest.raises(CaseChanged):
        write_import(found, finding, confirmed_by=found.confirmed_by, now=timezone.now())
    assert (status(send, report)["state"], Case.objects.count()) == ("waiting", 1)
    run()
    assert (status(send, report)["state"], Case.objects.count()) == ("refused", 1)


def test_a_step_that_fails_is_tried_again(upload: Upload, send: Send) -> None:
    report = upload(long_file()).json()
    assert confirm(send, report).status_code == 202
    with plan("cases.import-written=fail"):
        run()
    assert (status(send, report)["state"], Case.objects.count(), Job.objects.get(kind=IMPORT).last_error) == ("writing", 0, "InjectedFault")
    run(LEASE)
    assert (status(send, report)["state"], Case.objects.count()) == ("imported", LONG)

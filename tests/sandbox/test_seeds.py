"""The fictitious people and cases of `make run`: each signs in, a second start changes nothing, a killed one is taken up.

What a person at the terminal sees of them is in tests/repository/test_make_run.py.
"""
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from accounts.credit_code import canonical_credit_code
from accounts.fictitious import CODES, DOMAIN, count_fictitious
from accounts.joining import Invitee, bootstrap_operator
from accounts.models import ApiKey, Organisation, Person
from accounts.permissions import ROLES, Kind, Role
from cases.fact_faults import identity_sound
from cases.models import Assignment, Case, Distribution, Grant, Matter, Order
from evidence.kinds import CORRECTION
from evidence.models import Evidence, Supersession
from evidence.worklist import work_list
from notifications.kinds import CASES_ORDERED
from notifications.models import Notice
from sandbox.idp.server import IdentityServer
from sandbox.sample import SampleFailed
from sandbox.seeds.__main__ import seed
from sandbox.seeds.caseload import COUNT, REFERENCES, caseload_csv, identity_number
from sandbox.seeds.keyring import Keyring, keyring_file, provide_keyring, settle
from sandbox.seeds.people import SEATS, provide_cast
from sandbox.seeds.sign_ins import sign_ins
from sandbox.seeds.telling import People, provide_people
from sandbox.set_up import provide_sample_key
from sandbox.totp import address_of, code_at
from tests.accounts.people import Browser
from tests.accounts.providers import come_in, is_in
from tests.cases.cast import viewer_of
from tests.conftest import process_environment
from tests.databases import ROOT
from tests.faults.programs import wait_until
from tests.repository.production_check import production_environment


@pytest.fixture(scope="module")
def idp() -> Iterator[IdentityServer]:
    server = IdentityServer(("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.stop()
    thread.join()


@pytest.fixture
def sample_key(service: str, var_dir: Path) -> Path:
    """As `sandbox.set_up` leaves it."""
    provide_sample_key(var_dir / "sample")
    return var_dir / "sample" / "api.key"


def people(var_dir: Path, idp: IdentityServer) -> tuple[Keyring, list[dict[str, str]]]:
    """Everybody without a case, which takes a third of the time; and how each signs in."""
    keyring, now = provide_keyring(var_dir), timezone.now()
    cast = provide_cast(keyring, lender=None, issuer=idp.issuer, now=now)
    settle(var_dir, keyring)
    return keyring, sign_ins(cast)


def figures() -> dict[str, int]:
    """How many rows each table has."""
    return {model._meta.db_table: model._base_manager.count() for model in apps.get_models()}


def test_everybody_is_there_and_signs_in_as_he_is_told(service: str, var_dir: Path, idp: IdentityServer) -> None:
    keyring, rows = people(var_dir, idp)
    assert {(row["zh"], row["en"]) for row in rows} == {tuple(each.label) for each in ROLES.values()}
    assert keyring_file(var_dir).stat().st_mode & 0o777 == 0o600
    for row in rows:
        if row["by"] == "password":
            browser = Browser(row["login"])
            browser.secret = keyring.secret
            assert row["at"].endswith("/sign-in")
            assert "/sign-in" in browser.give_password(keyring.password)["Location"]
            shown = browser.post(browser.get("/home")["Location"], {"code": browser.code()})
            assert shown.status_code == 302, shown.content.decode()
        else:
            client = Client(REMOTE_ADDR="127.0.0.1")
            organisation = Organisation.objects.get(ref=row["at"].rpartition("/")[2])
            come_in(client, organisation, row["login"], "/home")
            assert is_in(client)
            assert client.get("/work").status_code == 200
    assert {row["by"] for row in rows if row["zh"] == "催收员"} == {"provider"}


def test_two_hundred_cases_stand_at_many_stages_and_are_open_to_many(sample_key: Path, var_dir: Path, idp: IdentityServer) -> None:
    seed(var_dir, idp.issuer)
    [lender] = Organisation.objects.filter(kind=Kind.LENDER)
    cases = Case.objects.filter(organisation=lender, client_reference__in=REFERENCES, file_version__gte=1)
    assert cases.count() == COUNT == 200
    assert set(cases.values_list("stage", flat=True)) == {stage.value for stage in Case.Stage}
    assert Organisation.objects.filter(kind=Kind.COLLECTION_AGENCY).count() == 2
    assert (Assignment.objects.filter(withdrawn_at=None).count(), Assignment.objects.exclude(withdrawn_at=None).count()) == (120, 5)
    assert set(Grant.objects.values_list("basis", flat=True)) == {basis.value for basis in Grant.Basis}
    assert [grant.case_count for grant in Grant.objects.all() if grant.needs_approval] == [110]
    assert Grant.objects.exclude(revoked_at=None).count() == 1
    assert set(Matter.objects.exclude(accepted_at=None).values_list("institution__kind", flat=True)) == {
        Kind.NOTARY_OFFICE, Kind.ARBITRATION_BODY}
    assert Matter.objects.filter(accepted_at=None).exists()
    assert Matter.objects.exclude(closed_at=None).exists()
    assert Order.objects.filter(opened_at=None).count() == Order.objects.exclude(opened_at=None).count() == 1
    assert Notice.objects.filter(organisation=lender, kind=CASES_ORDERED).exists()
    [mistake] = Supersession.objects.all()
    assert (mistake.correction.kind, mistake.superseded.kind, mistake.replaced_by.kind) == (CORRECTION, "contract", "contract")
    assert Evidence.objects.values("kind").distinct().count() >= 8
    for login in ("collection-agent", "collection-agent-2", "collection-agent-3"):
        agent = Person.objects.get(login=f"{login}@{DOMAIN}")
        listed = work_list(viewer_of(agent), now=timezone.now())
        assert listed.missing, "something is missing today"
        assert listed.done, "and something is not"
        assert Distribution.objects.filter(agent=agent, until=None).count() >= 30


def test_a_second_start_changes_nothing_and_the_first_takes_no_more_than_twenty_seconds(
    sample_key: Path, service: str, var_dir: Path, idp: IdentityServer
) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = started(service, var_dir, idp).communicate(timeout=120)[0]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent_s < 20, f"{spent_s:.1f} s"
    first = figures()
    assert started(service, var_dir, idp).communicate(timeout=120)[0] == told
    assert figures() == first
    assert count_fictitious() == (len(CODES), len(SEATS))


def started(service: str, var_dir: Path, idp: IdentityServer, **more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.seeds", "--issuer", idp.issuer], cwd=ROOT, env=process_environment(service, var_dir, **more),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


KILLED_AT: tuple[Callable[[], bool], ...] = (
    lambda: Person.objects.count() >= 5, lambda: Case.objects.filter(stage="demanded").count() >= 3,
    lambda: Evidence.objects.filter(kind="contract").exists(), lambda: Grant.objects.count() >= 2,
)


def test_a_start_that_is_killed_again_and_again_is_taken_up(sample_key: Path, service: str, var_dir: Path, idp: IdentityServer) -> None:
    for so_far in KILLED_AT:
        kill_when(so_far, started(service, var_dir, idp))
    done = started(service, var_dir, idp)
    assert done.communicate(timeout=120)[1] == ""
    assert count_fictitious() == (len(CODES), len(SEATS))
    assert (Case.objects.filter(file_version__gte=1).count(), Grant.objects.count(), Matter.objects.count()) == (COUNT, 6, 4)
    assert (Order.objects.count(), Supersession.objects.count(), Assignment.objects.count()) == (2, 1, 125)
    assert Evidence.objects.filter(kind="disbursement").count() == 120


def kill_when(so_far: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    wait_until("it got so far", lambda: so_far() or process.poll() is not None, within_s=60)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_lost_keyring_gives_everybody_a_new_password_and_app(service: str, var_dir: Path, idp: IdentityServer) -> None:
    old, _ = people(var_dir, idp)
    assert people(var_dir, idp)[0].password == old.password
    keyring_file(var_dir).write_text("{}")
    new, _ = people(var_dir, idp)
    assert new.password != old.password
    assert [each.login for each in Person.objects.all() if not each.check_password(new.password)] == []
    browser = Browser(f"judge@{DOMAIN}")
    browser.secret = new.secret
    browser.give_password(new.password)
    assert browser.post(browser.get("/home")["Location"], {"code": browser.code()}).status_code == 302


def test_an_operator_that_is_there_already_stays_and_gets_the_fictitious_people(
    service: str, var_dir: Path, idp: IdentityServer
) -> None:
    bootstrap_operator("自有运营方", Invitee("own@example.test", "本人", Role.OPERATOR), renew=False, now=timezone.now())
    people(var_dir, idp)
    [operator] = Organisation.objects.filter(kind=Kind.OPERATOR)
    assert (operator.name, operator.credit_code) == ("自有运营方", None)
    assert operator.memberships.count() == 2


def test_production_makes_nobody(sample_key: Path, service: str, var_dir: Path, idp: IdentityServer) -> None:
    environment = {**production_environment(var_dir), "DATABASE_URL": service}
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.seeds", "--issuer", idp.issuer], cwd=ROOT, env=environment, capture_output=True, text=True,
        check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, "Fictitious people are for development: the profile is production.\n")
    assert count_fictitious() == (1, 0), "the sample's organisation, which was there before, and nobody else"


def test_a_provider_that_is_away_is_one_sentence(sample_key: Path, service: str, var_dir: Path) -> None:
    environment = {**process_environment(service, var_dir), "CUNZHENG_IDP_PORT": "9"}
    with pytest.raises(SampleFailed, match="The fictitious people are not there: The fictitious people could not be made: "):
        provide_people(environment, var_dir, pause=time.sleep, say=lambda _: None)


def test_who_stops_while_they_are_made_ends_that_process_too(sample_key: Path, service: str, var_dir: Path, idp: IdentityServer) -> None:
    def stop(_seconds: float) -> None:
        raise KeyboardInterrupt

    environment = {**process_environment(service, var_dir), "CUNZHENG_IDP_PORT": str(idp.server_port)}
    with pytest.raises(KeyboardInterrupt):
        provide_people(environment, var_dir, pause=stop, say=lambda _: None)
    assert subprocess.run(["pgrep", "-f", f"sandbox.seeds --issuer {idp.issuer}"], check=False).returncode == 1


def test_the_code_of_now_is_told_and_without_people_there_is_none(service: str, var_dir: Path, idp: IdentityServer) -> None:
    words, environment = [sys.executable, "-m", "sandbox.code"], {**os.environ, "CUNZHENG_VAR": str(var_dir)}
    none = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (none.returncode, none.stderr) == (1, f"{var_dir} holds no fictitious people: make run makes them.\n")
    keyring, rows = people(var_dir, idp)
    said = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    found = re.fullmatch(r"(\d{6})   \(for another (\d+) s\)\n", said)
    assert found
    assert found[1] in {code_at(keyring.secret, time.time() - back) for back in (0, 30)}
    told = "\n".join(People(rows, keyring).lines())
    assert all(row["login"] in told for row in rows)
    assert keyring.password in told
    assert address_of(keyring.secret, "make run", "Cunzheng") in told


def test_the_sample_organisation_is_marked_before_its_key_works_and_in_a_database_from_before(service: str, var_dir: Path) -> None:
    """`make run ARGS=--without-people` makes nobody else, and production is to know its database."""
    folder = var_dir / "sample"
    for _ in range(2):
        provide_sample_key(folder)
        assert count_fictitious() == (1, 0)
    assert ApiKey.objects.get().organisation.credit_code == CODES["lender"]
    Organisation.objects.update(credit_code=None)
    provide_sample_key(folder)
    assert (count_fictitious(), ApiKey.objects.count()) == ((1, 0), 1)
    Organisation.objects.update(credit_code=None)
    (folder / "api.key").unlink()
    provide_sample_key(folder)
    assert (count_fictitious(), ApiKey.objects.count(), Organisation.objects.count()) == ((1, 0), 2, 1)


def test_nobody_fictitious_could_be_anybody() -> None:
    assert [canonical_credit_code(code) for code in CODES.values()] == list(CODES.values())
    assert {code[2:8] for code in CODES.values()} == {"990000"}, "a region that is not assigned"
    numbers = [identity_number(number) for number in range(1, COUNT + 1)]
    assert all(identity_sound(number) and number.startswith("990101") for number in numbers)
    assert len(set(numbers)) == COUNT
    phones = re.findall(r"\b1\d{10}\b", caseload_csv().decode())
    assert len(phones) == COUNT
    assert all(phone.startswith("154") for phone in phones)
    assert {seat.role for seat in SEATS} == set(Role)

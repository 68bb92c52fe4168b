"""Originals for people: attachments of another origin, by an address that works once, whatever the file or its name."""
import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.joining import Invitee, accept_as, invite
from accounts.models import Membership, Organisation
from accounts.permissions import Kind, Role
from accounts.sign_in_rules import set_rules
from common.downloads import repr_digest
from evidence.models import CustodyEvent, Evidence, OriginalTicket
from tests.accounts.people import make_organisation
from tests.evidence.desk import Desk
from tests.hostile.files import hostile_files
from vault.errors import OriginalDamaged
from vault.models import StoredObject

pytestmark = pytest.mark.usefixtures("service")
EVIDENCE_HOST = urlsplit(settings.EVIDENCE_ORIGIN).netloc
FILES = hostile_files("https://beacon.example/ran")
DISPOSITION = re.compile(r"attachment; filename=\"([A-Za-z0-9_. ()-]{1,200})\"; filename\*=UTF-8''([A-Za-z0-9%._~-]+)", re.ASCII)
HEADERS = {
    "Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
    "Content-Security-Policy": "sandbox; default-src 'none'", "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
}


class Elsewhere:
    """A browser at the evidence origin, with whatever cookies."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client(raise_request_exception=False)

    def get(self, address: str, **headers: str) -> Any:
        return self.client.get(urlsplit(address).path, headers={"Host": EVIDENCE_HOST, **headers})


def content(answer: Any) -> bytes:
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def deposited(desk: Desk, name: str = "a.txt", data: bytes = b"abc", media_type: str = "text/plain") -> Evidence:
    answer = desk.send(desk.case(name[:40] + str(len(data))), (name, data, media_type), json=True)
    return Evidence.objects.get(record=answer.json()["record"])


def leave(desk: Desk, record: Evidence, position: int = 1, token: str = "") -> Any:
    """Press the button of the record's page."""
    page = f"/records/{record.record}"
    return desk.client.post(f"{page}/files/{position}", {"csrfmiddlewaretoken": token or desk.form(page)["csrfmiddlewaretoken"]})


def test_there_are_at_least_forty_of_them() -> None:
    assert len(FILES) >= 60
    assert len({(file.name, file.data) for file in FILES}) == len(FILES)


def test_every_hostile_file_comes_out_as_an_attachment_and_as_it_was(desk: Desk) -> None:
    case = desk.case()
    token = desk.form(f"/work/{case.ref}")["csrfmiddlewaretoken"]
    for number, file in enumerate(FILES):
        sent = (file.name, file.data, file.media_type)
        answer = desk.send(case, sent, json=True, key=f"hostile-file-{number:08}", csrfmiddlewaretoken=token)
        assert answer.status_code == 201, (file.name, answer.content)
        record = Evidence.objects.get(record=answer.json()["record"])
        page = desk.client.get(f"/records/{record.record}").content
        assert b"beacon.example" not in page, "no page shows what is in a file"
        found = Elsewhere().get(leave(desk, record, token=token)["Location"])
        assert content(found) == file.data, file.name
        assert {name: found.headers[name] for name in HEADERS} == HEADERS
        assert found.headers["Content-Length"] == str(len(file.data))
        assert found.headers["Repr-Digest"] == repr_digest(hashlib.sha256(file.data).digest())
        assert "Set-Cookie" not in found.headers
        assert not found.cookies
        disposition = DISPOSITION.fullmatch(found.headers["Content-Disposition"])
        assert disposition, found.headers["Content-Disposition"]
        name = unquote(disposition[2])
        assert not re.search(r"[\x00-\x1f/\\:\"<>|*?\u200b-\u200f\u2028-\u202e\ufeff]|^\.|[. ]$", name), name


def test_the_address_works_once_and_says_nothing(desk: Desk) -> None:
    record = deposited(desk)
    answer = leave(desk, record)
    address = answer["Location"]
    assert answer.status_code == 303
    assert re.fullmatch(re.escape(settings.EVIDENCE_ORIGIN) + r"/originals/[A-Za-z0-9_-]{43}", address)
    token = address.rpartition("/")[2]
    assert bytes(OriginalTicket.objects.get().token_sha256) == hashlib.sha256(token.encode()).digest()
    assert content(Elsewhere().get(address)) == b"abc"
    assert Elsewhere().get(address).status_code == 404
    for wrong in (token[:-1] + "A", token.upper(), "x", "%00", "é", "a" * 5000):
        assert Elsewhere().get(f"/originals/{wrong}").status_code == 404


def test_the_trail_has_its_row_before_the_first_byte(desk: Desk) -> None:
    record = deposited(desk)
    address = leave(desk, record)["Location"]
    before = CustodyEvent.objects.filter(evidence=record).count()
    stream: Iterator[bytes] = Elsewhere().get(address).streaming_content
    rows = list(CustodyEvent.objects.filter(evidence=record).order_by("sequence").values_list(
        "event", "actor", "organisation_ref", "signed_in"))
    viewed = next(row for row in rows if row[0] == "record:viewed")
    assert viewed[3] not in ("", "session", "ticket")
    # As he had signed in who got the ticket, which the address does not tell.
    assert rows[before:] == [("record:downloaded", f"person:{desk.person.pk}", desk.organisation.ref, viewed[3])]
    assert viewed[3] not in address
    assert b"".join(stream) == b"abc"


def one_bit(data: bytes) -> bytes:
    return data[:50] + bytes([data[50] ^ 1]) + data[51:]


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:60], one_bit])
def test_what_was_changed_in_the_vault_is_never_sent_as_whole(desk: Desk, damage: Callable[[bytes], bytes]) -> None:
    record = deposited(desk, data=b"evidence" * 10)
    [stored] = StoredObject.objects.all()
    path = Path(settings.VAR_DIR) / "vault" / stored.name
    path.write_bytes(damage(path.read_bytes()))
    answer, sent = Elsewhere().get(leave(desk, record)["Location"]), list[bytes]()
    with pytest.raises(OriginalDamaged):
        sent.extend(answer.streaming_content)
    assert sum(map(len, sent)) < int(answer.headers["Content-Length"])


def test_a_minute_later_it_is_too_late(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    address = leave(desk, deposited(desk))["Location"]
    later = timezone.now() + timedelta(seconds=61)
    monkeypatch.setattr("evidence.portal.originals.timezone.now", lambda: later)
    assert Elsewhere().get(address).status_code == 404


def ended_membership(desk: Desk) -> None:
    Membership.objects.filter(person=desk.person).update(until=timezone.now() + timedelta(seconds=1))


def suspended(desk: Desk) -> None:
    Organisation.objects.filter(pk=desk.organisation.pk).update(status="suspended")


def deactivated(desk: Desk) -> None:
    desk.person.deactivated_at = timezone.now()
    desk.person.save()


def test_an_agents_address_opens_nothing_outside_his_organisations_networks() -> None:
    desk, agency = Desk(), make_organisation(Kind.COLLECTION_AGENCY, "催收机构")
    record = deposited(desk)
    _, token = invite(agency, Invitee(desk.person.login, "姓名", Role.COLLECTION_AGENT), by=None, now=timezone.now())
    accept_as(desk.person, token, now=timezone.now())
    set_rules(agency, networks="127.0.0.0/8", idle_minutes="10", now=timezone.now())
    outside = Elsewhere(Client(raise_request_exception=False, REMOTE_ADDR="203.0.113.9"))
    address = leave(desk, record)["Location"]
    assert outside.get(address).status_code == 404
    assert content(Elsewhere().get(address)) == b"abc"


@pytest.mark.parametrize("what", [ended_membership, suspended, deactivated])
def test_a_right_that_ended_in_between_is_no_right(desk: Desk, what: Any) -> None:
    record = deposited(desk)
    address = leave(desk, record)["Location"]
    what(desk)
    assert Elsewhere().get(address).status_code == 404
    assert not CustodyEvent.objects.filter(evidence=record, event="record:downloaded").exists()


def test_the_evidence_origin_serves_nothing_else_and_looks_at_no_session(desk: Desk) -> None:
    record = deposited(desk)
    here = Elsewhere(desk.client)
    for path in ("/", "/work", "/account", "/sign-in", f"/records/{record.record}", "/api/v1/schema", "/healthz", "/log/vkey",
                 "/static/js/copy.js", "/originals/", "/nowhere"):
        answer = here.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (404, "text/plain; charset=utf-8"), path
        assert answer["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    posted = desk.client.post("/originals/x", headers={"Host": EVIDENCE_HOST})
    assert (posted.status_code, posted["Content-Type"]) == (405, "text/plain; charset=utf-8")


def test_the_main_origin_serves_no_original(desk: Desk) -> None:
    address = leave(desk, deposited(desk))["Location"]
    assert desk.client.get(urlsplit(address).path).status_code == 404
    assert content(Elsewhere().get(address)) == b"abc"


def test_only_who_may_see_the_record_gets_an_address(desk: Desk) -> None:
    record, stranger = deposited(desk), Desk(login="stranger")
    token = stranger.form(f"/work/{stranger.case().ref}")
    assert stranger.client.post(f"/records/{record.record}/files/1", token).status_code == 404
    assert desk.client.post(f"/records/{record.record}/files/1").status_code == 403, "without the form's token"
    assert Client().post(f"/records/{record.record}/files/1").status_code == 302
    assert leave(desk, record, 2).status_code == 404
    assert OriginalTicket.objects.count() == 0


def test_a_stranger_sees_nothing_more_on_the_records_page(desk: Desk) -> None:
    record = deposited(desk, "秘密文件.txt")
    own = desk.client.get(f"/records/{record.record}")
    assert "秘密文件.txt" in own.content.decode()
    assert f"form-action 'self' {settings.EVIDENCE_ORIGIN};" in own["Content-Security-Policy"]
    for client in (Client(), Desk(login="stranger").client, Desk(Role.OPERATOR, login="ops").client):
        page = client.get(f"/records/{record.record}").content.decode()
        assert "秘密文件.txt" not in page
        assert "本机构可见" not in page

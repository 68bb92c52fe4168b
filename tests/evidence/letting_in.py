"""An applicant and two operators for tests: the steps by which an organisation is let in, through the pages."""
import re
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Application, Organisation, Person
from accounts.permissions import Kind, Role
from tests.accounts.people import Browser, make_organisation, make_person

PDF, PNG = b"%PDF-1.7\nlicence", b"\x89PNG\r\n\x1a\nletter"
CODE = "911000001000013428"
FORM = {
    "kind": "court", "name": "示例人民法院", "credit_code": CODE, "contact_email": "office@court.example", "contact_phone": "010-00000000",
    "purpose": "核验与调取", "administrator_name": "李管理", "administrator_login": "Admin@Court.example",
}
TICKS = dict.fromkeys(("credit_code_found", "licence_valid", "letter_sealed", "contact_called"), "on")


def paper(data: bytes = PDF, name: str = "x.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def operators() -> tuple[Person, Person]:
    where = make_organisation(Kind.OPERATOR, "运营方")
    return make_person("ops1", Role.OPERATOR, where), make_person("ops2", Role.OPERATOR, where)


def send_application(client: Client, **changes: Any) -> Any:
    return client.post("/apply", {**FORM, "licence": paper(), "letter": paper(PNG), **changes})


def apply_now(**changes: Any) -> tuple[str, Application]:
    """The applicant's page and the application."""
    answer = send_application(Client(), **changes)
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"], Application.objects.latest("id")


def decision(client: Client, application: Application, *, to: str = "pass", reason: str = "登记与材料一致", **changes: str) -> Any:
    form = {**TICKS, "decision": to, "reason": reason, "round": str(Application.objects.get(pk=application.pk).round), **changes}
    return client.post(f"/applications/{application.reference}", {name: value for name, value in form.items() if value})


def arrived_administrator(page: str) -> tuple[Browser, Organisation]:
    """Whoever the invitation on the operator's page is for: joined and signed in."""
    link = re.findall(r"/invitations/[\w-]{43}", page)[0]
    browser = Browser("admin@court.example")
    password = "correct horse battery staple"
    assert browser.post(link, {"password": password, "again": password}, page=link)["Location"] == "/sign-in"
    return browser.arrive(), Organisation.objects.get(kind=Kind.COURT)

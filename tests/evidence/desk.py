"""People who deposit by hand, for tests: somebody signed in, a case open to him, and a form as a browser without scripts sends it."""
import re
import secrets
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import Organisation, Person
from accounts.permissions import ROLES, Role
from cases.models import Case
from tests.accounts.people import make_organisation, make_person, signed_in


class Desk:
    """A person in this role with a browser that checks tokens, at an organisation with cases."""

    def __init__(self, role: Role = Role.CASE_OFFICER, organisation: Organisation | None = None, login: str = "desk") -> None:
        self.organisation = organisation or make_organisation(ROLES[role].kind, f"机构 {login}")
        self.person: Person = make_person(login, role, self.organisation)
        self.client = signed_in(self.person, Client(enforce_csrf_checks=True, raise_request_exception=False))

    def case(self, reference: str = "LN-1") -> Case:
        return Case.objects.create(
            organisation=self.organisation, ref=secrets.token_hex(16), client_reference=reference, created_at=timezone.now())

    def form(self, page: str) -> dict[str, str]:
        """The hidden fields of the page's own form."""
        html = self.client.get(page).content.decode()
        return dict(re.findall(r'<input type="hidden" name="(csrfmiddlewaretoken|key)" value="([^"]+)">', html))

    def send(self, case: Case, *files: tuple[str, bytes] | tuple[str, bytes, str], json: bool = False, **fields: str) -> Any:
        """Deposit by the form of the case's page."""
        return self.say(case, fields, *files, headers={"Accept": "application/json"} if json else {})

    def say(
        self, case: Case, fields: dict[str, str], *files: tuple[str, bytes] | tuple[str, bytes, str], headers: dict[str, str] | None = None
    ) -> Any:
        """The same with fields of any name."""
        hidden = {} if {"key", "csrfmiddlewaretoken"} <= fields.keys() else self.form(f"/work/{case.ref}")
        body, kind = encoded({**hidden, **fields}, *files)
        return self.client.post(f"/work/{case.ref}/deposits", body, content_type=kind, headers=headers)


def encoded(fields: dict[str, str], *files: tuple[str, bytes] | tuple[str, bytes, str]) -> tuple[bytes, str]:
    """Body and content type of a form as a browser writes it: fields, then files; names as the HTML standard escapes them."""
    boundary = secrets.token_hex(12)
    body = b""
    for name, value in fields.items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for each in files:
        named = each[0].replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        kind = each[2] if len(each) == 3 else "text/plain"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{named}"\r\nContent-Type: {kind}\r\n\r\n'
        body += head.encode() + each[1] + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"

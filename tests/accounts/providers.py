"""An organisation with an identity provider, and a browser that goes there and back, as a person would."""
import http.client
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client
from django.utils import timezone

from accounts.models import Organisation
from accounts.permissions import Kind
from accounts.sign_in_rules import set_provider, set_rules
from sandbox.idp.server import CLIENT_ID, CLIENT_SECRET, IdentityServer
from tests.accounts.people import make_organisation

OFFICE, AWAY = "198.51.100.7", "203.0.113.9"


def make_agency(
    idp: IdentityServer, *, name: str = "甲催收", kind: Kind = Kind.COLLECTION_AGENCY, networks: str = "198.51.100.0/24"
) -> Organisation:
    """With the provider registered, and the networks of its offices."""
    organisation = make_organisation(kind, name)
    set_provider(organisation, issuer=idp.issuer, client_id=CLIENT_ID, secret=CLIENT_SECRET, now=timezone.now())
    set_rules(organisation, networks=networks, idle_minutes="10", now=timezone.now())
    return organisation


def browser(address: str = OFFICE) -> Client:
    return Client(raise_request_exception=False, REMOTE_ADDR=address)


def asked(client: Client, organisation: Organisation, onward: str = "/account") -> str:
    """The address at the provider to which the browser is sent."""
    answer = client.get(f"/sign-in/at/{organisation.ref}/go", {"next": onward})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def answered(address: str, login: str) -> dict[str, str]:
    """What the provider sends the browser back with, once somebody said there that he is `login`."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.request("GET", f"{parts.path}?{parts.query}&{urlencode({'login': login})}")
    back = urlsplit(connection.getresponse().headers["Location"])
    connection.close()
    return {name: values[0] for name, values in parse_qs(back.query).items()}


def come_in(client: Client, organisation: Organisation, login: str, onward: str = "/account") -> Any:
    """There and back; the answer to the last step."""
    back = answered(asked(client, organisation, onward), login)
    return client.get(f"/sign-in/at/{organisation.ref}/callback", back)


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session

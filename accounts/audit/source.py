"""Who acts in the request at hand, how he signed in, and from what network, as the audit log names it.

django-allauth keeps the request of each thread while it is answered (`AccountMiddleware`), so a service says what happened and need not be
told by whom; outside a request a command acts. An address is cut to its network before it is stored: enough to see a foreign place, too
little to follow a person (个人信息保护法第六条, collect no more than the purpose needs).
"""
import ipaddress
from dataclasses import dataclass

from allauth.account.authentication import get_authentication_records
from allauth.core import context
from django.http import HttpRequest

from accounts.models import ApiKey, Person
from accounts.networks import address_of
from common.request_ids import request_id_of

COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Source:
    """All but `actor` are empty outside a request; `method` also where nobody signed in."""

    actor: str = COMMAND
    method: str = ""
    network: str = ""
    request_id: str = ""


def source() -> Source:
    """Of the request that this thread answers."""
    request = context.request
    if request is None:
        return Source()
    key = getattr(request, "auth", None)
    if isinstance(key, ApiKey):
        return Source(f"api_key:{key.pk}", "api_key", network_of(request), request_id_of(request))
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return Source("", "", network_of(request), request_id_of(request))
    return Source(f"person:{person.pk}", method_of(request, person), network_of(request), request_id_of(request))


def method_of(request: HttpRequest, person: Person) -> str:
    """What the session showed, in order, each once: `password+totp`, `webauthn`, `oidc`."""
    records = get_authentication_records(request, person)
    shown = [str(record.get("type") or record.get("method")) for record in records]
    return "+".join(dict.fromkeys(shown))


def network_of(request: HttpRequest) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one; empty when there is none."""
    address = address_of(request)
    if address is None:
        return ""
    return str(ipaddress.ip_network((int(address), 24 if address.version == 4 else 48), strict=False))

"""`python -m bench.search_requests CASES`: times the console's pages of cases and records in a filled database; prints JSON.

A program of its own, because it needs the service's settings. The whole page is timed, from the request to its last byte, sign-in gate
and templates included, without a network. The rows are those of `search_rows.sql`. Everything is asked by the web's role, under row-level
security, as in production: by a lender, and by an agency that a tenth of his cases is assigned to.
"""
import hashlib
import json
import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from allauth.account.internal.flows.login import record_authentication  # noqa: E402 - Django first
from allauth.mfa.models import Authenticator  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.joining import Invitee, accept_as_new_person, invite  # noqa: E402
from accounts.models import Organisation, Person  # noqa: E402
from accounts.permissions import Kind, Role  # noqa: E402
from accounts.services import create_organisation  # noqa: E402
from accounts.sign_in import SecondFactorAdapter  # noqa: E402
from bench.figures import percentile  # noqa: E402
from bench.search import AGENCYS  # noqa: E402
from cases.rows import NAME, PHONE  # noqa: E402
from common.web_role import make_web_role  # noqa: E402
from evidence.capture import PROVENANCE_FIELDS  # noqa: E402
from evidence.drafts import fresh_numbers, pack_claims  # noqa: E402
from evidence.models import Evidence  # noqa: E402
from tlog.claims import encode_claim, salt_claim  # noqa: E402
from vault.keys import key_provider  # noqa: E402
from vault.personal import blind_personal, seal_personal  # noqa: E402
from vault.sealing import fresh_key, seal  # noqa: E402
from vault.search import blind_digests  # noqa: E402

ROUNDS = 40
CHUNK = 20_000
OF_AN_AGENCY = {"newest", "rare kind", "frequent kind", "logged", "all at once", "reference", "name", "phone"}
ROWS = Path(__file__).with_name("search_rows.sql")


def main() -> None:
    cases = int(sys.argv[1])
    lender, other = (create_organisation(name, now=timezone.now(), kind=Kind.LENDER) for name in ("甲方", "乙方"))
    agency = create_organisation("丙方", now=timezone.now(), kind=Kind.COLLECTION_AGENCY)
    fill(lender, other, agency, cases)
    officer, supervisor = signed_in(lender, Role.LEGAL_OFFICER), signed_in(agency, Role.AGENCY_SUPERVISOR)
    asked = questions(lender, cases)
    everything = [(name, ask, officer) for name, ask in asked.items()]
    everything += [(f"{name}{AGENCYS}", asked[name], supervisor) for name in asked if name.partition(" ")[2] in OF_AN_AGENCY]
    role = f"{connection.settings_dict['NAME']}_web"
    make_web_role(role)
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
    # The first is not counted: it compiles the page.
    spent = {name: [ask(browser) for _ in range(ROUNDS + 1)][1:] for name, ask, browser in everything}
    with connection.cursor() as cursor:
        cursor.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")
    print(json.dumps({name: {share: percentile(each, share / 100) for share in (50, 95)} for name, each in spent.items()}))


def fill(lender: Organisation, other: Organisation, agency: Organisation, cases: int) -> None:
    """`cases` cases with three records and a debtor each: a tenth another lender's, a tenth assigned to the agency with all records."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_party (n bigint PRIMARY KEY, name bytea, name_index bytea, phone bytea, phone_index bytea)")
        for first in range(1, cases + 1, CHUNK):
            told = [party_of(case, other.ref if case % 10 == 0 else lender.ref) for case in range(first, min(first + CHUNK, cases + 1))]
            cursor.execute("INSERT INTO bench_party SELECT * FROM unnest(%s, %s, %s, %s, %s)", list(map(list, zip(*told, strict=True))))
        cursor.execute("CREATE TABLE bench_record (ticket bigint PRIMARY KEY, record text, digest bytea, wrapped bytea, claims bytea)")
        title, numbers = claims_of_a_title(), fresh_numbers(f"{timezone.now():%Y%m%d}", CHUNK)
        for first in range(1, 3 * cases + 1, CHUNK):
            tickets = range(first, min(first + CHUNK, 3 * cases + 1))
            digests = blind_digests(lender.ref, [digest_of(ticket) for ticket in tickets])
            records, keys = list(islice(numbers, len(tickets))), [fresh_key() for _ in tickets]
            wrapped = key_provider().wrap(lender.ref, list(zip(keys, records, strict=True)))
            claims = [seal(title, key, record) for key, record in zip(keys, records, strict=True)]
            cursor.execute("INSERT INTO bench_record SELECT * FROM unnest(%s, %s, %s, %s, %s)", [
                list(tickets), records, digests, wrapped, claims])
        given = {"own": lender.pk, "other": other.pk, "agency": agency.pk, "n": cases}
        for statement in ROWS.read_text(encoding="utf-8").split(";\n")[:-1]:
            cursor.execute(statement, given)
        cursor.execute("VACUUM ANALYZE")


def digest_of(ticket: int) -> bytes:
    """The SHA-256 of the file of this record."""
    return hashlib.sha256(b"file %d" % ticket).digest()


def party_of(case: int, owner: str) -> tuple[int, bytes, bytes, bytes, bytes]:
    """The case's number, then name and phone of its debtor, each sealed and as it is found."""
    place = f"{hashlib.md5(str(case).encode(), usedforsecurity=False).hexdigest()}\ndebtor"  # its ref, as the rows have it
    return (case, seal_personal(name_of(case), f"{place}\nname"), blind_personal(owner, NAME, name_of(case)),
            seal_personal(phone_of(case), f"{place}\ncontact 1"), blind_personal(owner, PHONE, phone_of(case)))


def claims_of_a_title() -> bytes:
    """What a list opens of each record to show its title, before it is sealed."""
    data = encode_claim("subject", {"kind": "sms", "title": "催收短信", "metadata": {"direction": "outbound"}})
    unknown = encode_claim("provenance", dict.fromkeys(PROVENANCE_FIELDS))
    return pack_claims([salt_claim("subject", data, bytes(32)), salt_claim("provenance", unknown, bytes(32))])


def signed_in(organisation: Organisation, role: Role) -> Client:
    """The browser of a person in this role, whose session showed both factors."""
    now = timezone.now()
    _, token = invite(organisation, Invitee(f"bench-{role}", "张三", role), by=None, now=now)
    person: Person = accept_as_new_person(token, password=os.urandom(16).hex(), now=now)
    Authenticator.objects.create(
        user=person, type=Authenticator.Type.TOTP, data={"secret": SecondFactorAdapter().encrypt("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")})
    browser = Client()
    browser.force_login(person)
    for method in ("password", "mfa"):
        request = HttpRequest()
        request.session = browser.session
        record_authentication(request, person, method)
        request.session.save()
    return browser


def questions(lender: Organisation, cases: int) -> dict[str, Callable[[Client], float]]:
    """What a person asks, by its name; what is typed is another case's every time."""
    dice = random.Random(1)
    middle = Evidence.objects.filter(organisation=lender, case_sequence=2).select_related("case").order_by("-id")[cases // 2]
    today = f"{timezone.now():%Y-%m-%d}"
    found: dict[str, Callable[[Client], float]] = {}
    for path, after in (("/cases", middle.case.ref), ("/evidence", middle.record)):
        addresses = {
            "newest": "", "in the middle": f"after={after}", "frequent kind": "kind=sms", "rare kind": "kind=visit",
            "unknown kind": "kind=nothing", "stamped": "progress=stamped", "logged": "progress=logged", "queued": "progress=queued",
            "overdue": "progress=overdue", "today": f"since={today}", "before today": f"until={today}",
            "all at once": "kind=sms&progress=stamped&since=2020-01-01",
        }
        found |= {f"{path} {name}": partial(timed, address=f"{path}?{query}") for name, query in addresses.items()}
        for name, text in (("reference", reference_of), ("number", number_of), ("digest", hex_of), ("name", name_of), ("phone", phone_of)):
            found[f"{path} {name}"] = partial(timed_search, path=path, text=text, dice=dice, cases=cases)
    return found


def timed(browser: Client, *, address: str) -> float:
    """Seconds until the whole page is there."""
    began = time.perf_counter()
    answer = browser.get(address)
    assert answer.status_code == 200, answer.status_code
    return time.perf_counter() - began


def timed_search(browser: Client, *, path: str, text: Callable[[int], str], dice: random.Random, cases: int) -> float:
    """Seconds until a page with one case's rows is there."""
    case = dice.randrange(1, cases // 10) * 10 + 1  # every tenth is another lender's
    words = text(case)
    began = time.perf_counter()
    answer = browser.post(path, {"text": words})
    spent = time.perf_counter() - began
    assert f">LN-{case}</a>" in answer.content.decode(), words
    return spent


def reference_of(case: int) -> str:
    return f"LN-{case}"


def name_of(case: int) -> str:
    return f"张{case:06}"


def phone_of(case: int) -> str:
    return f"138{case:08}"


def number_of(case: int) -> str:
    return str(Evidence.objects.values_list("record", flat=True).get(ticket=case))


def hex_of(case: int) -> str:
    return digest_of(case).hex()


if __name__ == "__main__":
    main()

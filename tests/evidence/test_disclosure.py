"""POST /api/v1/disclosures: that one claim, and nothing else."""
import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from evidence.models import Evidence
from evidence.selectors import claims_of
from tests.depositing import Post, document
from tlog.claims import parse_claim, verify_claim
from tlog.statement import parse_statement

FILES = (b"first file", b"second file")
DOCUMENT = document(
    files=[{"name": "一份.txt", "media_type": "text/plain"}, {"name": "二.txt", "media_type": "text/csv"}],
    subject={"kind": "sms", "title": "独特的标题", "metadata": {"recipient": "19900001234"}},
    provenance={"device": "secret-device", "environment": {"note": "hidden-note"}},
)
# Names of a file's own fields and the service's words, which every claim of the kind holds.
FIELDS = {"name", "media_type", "size_bytes", "sha256", "custody", "vault"}
BASE64, HEX = re.compile(r"[A-Za-z0-9+/]{4,}={0,2}"), re.compile(r"([0-9a-f]{2}){16,}")


def disclose(client: Any, record: str, sha256: str) -> Any:
    return client.post("/api/v1/disclosures", json.dumps({"record": record, "sha256": sha256}), content_type="application/json")


@pytest.fixture
def record(post_deposit: Post, publish: Any) -> Evidence:
    number = post_deposit(DOCUMENT, *FILES).json()["records"][0]["record"]
    publish()
    return Evidence.objects.get(record=number)


def test_the_holder_of_a_file_gets_its_claim_and_the_proof(client: Any, record: Evidence) -> None:
    answer = disclose(client, record.record, hashlib.sha256(FILES[1]).hexdigest())
    assert answer.status_code == 200, answer.content
    body = answer.json()
    statement = parse_statement(base64.b64decode(body["statement"]), record.record)
    listed = next(row for row in statement.claims if row.name == "files/2")
    claim = body["claim"]
    value: Any = verify_claim("files/2", base64.b64decode(claim["json"]), base64.b64decode(claim["salt"]), listed.sha256, listed.sm3)
    assert value["name"] == "二.txt"
    assert body["proof"].startswith("c2sp.org/tlog-proof@v1\n")


def scalars(value: object) -> Iterator[str]:
    """Every scalar below a JSON value, and every key of `metadata` and the like, as text."""
    if isinstance(value, dict):
        yield from value
        yield from (text for below in value.values() for text in scalars(below))
    elif isinstance(value, list):
        yield from (text for below in value for text in scalars(below))
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def secrets_beside(record: Evidence, disclosed: str) -> dict[str, str]:
    """Each scalar of all claims but one → the claim it stands in; without short ones, and those that the disclosed claim holds too."""
    values = {claim.name: list(scalars(parse_claim(claim.name, claim.data))) for claim in claims_of(record)}
    shared = set(values.pop(disclosed)) | FIELDS
    return {text: name for name, texts in values.items() for text in texts if len(text) > 3 and text not in shared}


def everything_in(body: dict[str, Any], raw: bytes) -> bytes:
    """The answer as sent, its JSON with every escape undone, each base64 part decoded, and each line of the proof."""
    decoded = [base64.b64decode(body["claim"]["json"]), base64.b64decode(body["claim"]["salt"]), base64.b64decode(body["statement"])]
    lines = [word for line in body["proof"].splitlines() for word in line.split(" ")]
    decoded += [base64.b64decode(word, validate=True) for word in lines if BASE64.fullmatch(word) and len(word) % 4 == 0]
    return b"\n".join([raw, json.dumps(body, ensure_ascii=False).encode(), body["proof"].encode(), *decoded])


def forms(text: str) -> list[bytes]:
    """How a value might slip in: as it is, as base64 of itself, in JSON's escapes, and a digest as raw bytes."""
    plain = text.encode()
    raw = [bytes.fromhex(text)] if HEX.fullmatch(text) else []
    return [plain, base64.b64encode(plain).rstrip(b"="), json.dumps(text).strip('"').encode(), *raw]


def test_nothing_else_is_in_the_answer(client: Any, record: Evidence) -> None:
    answer = disclose(client, record.record, hashlib.sha256(FILES[1]).hexdigest())
    text = everything_in(answer.json(), answer.content)
    hidden = secrets_beside(record, "files/2")
    found = {secret: claim for secret, claim in hidden.items() if any(form in text for form in forms(secret))}
    assert found == {}
    for claim in claims_of(record):
        if claim.name != "files/2":
            for form in (claim.salt, claim.data, claim.salt.hex().encode(), base64.b64encode(claim.salt), base64.b64encode(claim.data)):
                assert form not in text
    # What stands in no claim: the client's own case reference.
    assert record.case.client_reference.encode() not in text


def test_the_search_for_secrets_sees_each_claim_and_each_value(client: Any, record: Evidence, organisation: Any) -> None:
    hidden = secrets_beside(record, "files/2")
    assert set(hidden.values()) == {"subject", "provenance", "depositor", "case", "files/1"}
    known = {"独特的标题", "19900001234", "secret-device", "hidden-note", "一份.txt", organisation.ref, organisation.name, record.case.ref}
    assert known <= set(hidden)
    body = disclose(client, record.record, hashlib.sha256(FILES[1]).hexdigest()).json()
    places: list[Callable[[bytes], dict[str, Any]]] = [
        lambda data: {**body, "claim": {**body["claim"], "json": base64.b64encode(data).decode()}},
        lambda data: {**body, "statement": base64.b64encode(b"x" + data).decode()},
        lambda data: {**body, "proof": body["proof"] + base64.b64encode(data + bytes(-len(data) % 3)).decode() + "\n"},
        lambda data: {**body, "more": data.decode()},
    ]
    for secret in hidden:
        for leaky in places:
            leaked = leaky(secret.encode())
            assert any(form in everything_in(leaked, json.dumps(leaked).encode()) for form in forms(secret)), secret


def test_an_unknown_number_and_a_wrong_digest_get_the_same_answer(client: Any, record: Evidence) -> None:
    wrong = disclose(client, record.record, "00" * 32)
    unknown = disclose(client, "CZ-20261123-01234-56789-W", hashlib.sha256(FILES[1]).hexdigest())
    assert wrong.status_code == unknown.status_code == 404
    assert wrong.json() == unknown.json()


def test_ten_wrong_digests_a_day_then_no_more(client: Any, record: Evidence) -> None:
    statuses = [disclose(client, record.record, "00" * 32).status_code for _ in range(11)]
    assert statuses == [404] * 10 + [429]
    assert disclose(client, record.record, hashlib.sha256(FILES[1]).hexdigest()).json()["code"] == "disclosure-limited"


@pytest.mark.parametrize("body", [{}, {"record": "CZ-1", "sha256": "00" * 32}, {"record": "CZ-20261123-01234-56789-W", "sha256": "zz"}, []])
def test_malformed_requests_are_clear_problems(client: Any, body: Any, service: str) -> None:
    answer = client.post("/api/v1/disclosures", json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] in ("request-malformed", "record-number-malformed")

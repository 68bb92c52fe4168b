"""POST /api/v1/disclosures: that one claim, and nothing else."""
import base64
import hashlib
import json
from typing import Any

import pytest

from evidence.models import Evidence
from evidence.selectors import claims_of
from tests.depositing import Post, document
from tlog.claims import verify_claim
from tlog.statement import parse_statement

FILES = (b"first file", b"second file")
DOCUMENT = document(
    files=[{"name": "一.txt", "media_type": "text/plain"}, {"name": "二.txt", "media_type": "text/csv"}],
    subject={"kind": "sms", "title": "独特的标题", "metadata": {"phone": "19900001234"}},
    provenance={"device": "secret-device", "environment": {"note": "hidden-note"}},
)


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


def test_nothing_else_is_in_the_answer(client: Any, record: Evidence, organisation: Any) -> None:
    answer = disclose(client, record.record, hashlib.sha256(FILES[1]).hexdigest())
    body = answer.json()
    text = b"\n".join([answer.content, *map(base64.b64decode, (body["claim"]["json"], body["claim"]["salt"], body["statement"]))])
    hidden = ["一.txt", "独特的标题", "19900001234", "secret-device", "hidden-note", "LN-2026-0001", "api_key"]
    hidden += [organisation.name, organisation.ref, hashlib.sha256(FILES[0]).hexdigest(), record.case.ref]
    found = [value for value in hidden if value.encode() in text]
    for claim in claims_of(record):
        if claim.name != "files/2":
            for form in (claim.salt, claim.data, claim.salt.hex().encode(), base64.b64encode(claim.salt), base64.b64encode(claim.data)):
                assert form not in text
    assert found == []


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

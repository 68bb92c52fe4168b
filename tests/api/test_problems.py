"""Refusals over HTTP: RFC 9457 documents with stable codes, whatever goes wrong and wherever it is noticed."""
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from common.errors import DomainError
from common.problems import problem_response
from evidence.models import Evidence
from tests.api.test_openapi import refusals
from tests.depositing import Post, batch, document, multipart

FILE = b"one file"
SHA256 = hashlib.sha256(FILE).hexdigest()
ANY = "CZ-20261123-01234-56789-W"
PROBLEM = "application/problem+json"


class Sample(DomainError):
    code = "sample"
    status = 429
    title = "标题"
    detail = "第 {n} 项"


def bearer(key: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", **more}


def code_of(answer: Any) -> tuple[int, str]:
    """Status and code, of an answer that is a problem document in all its parts."""
    assert answer.headers["Content-Type"] == PROBLEM, answer.content
    assert answer.headers["Cache-Control"] == "no-store"
    body = json.loads(answer.content)
    assert (body["status"], body["type"]) == (answer.status_code, f"urn:cunzheng:problem:{body['code']}")
    assert body["title"]
    assert body["detail"]
    return body["status"], body["code"]


def test_codes_are_unique_stable_words_with_texts_in_both_languages() -> None:
    errors = list(refusals())
    # A refusal that says the same more exactly, of a list for example, has the code of what it is a kind of.
    named = [error for error in errors if error.code != getattr(error.__base__, "code", None)]
    assert len({error.code for error in errors}) == len(named) >= 30
    for error in errors:
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", error.code)
        assert error.status in (400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 422, 429, 500, 502, 503)
        texts = {}
        for language in ("zh-hans", "en"):
            with translation.override(language):
                texts[language] = (str(error.title), str(error.detail))
        assert all(texts["zh-hans"])
        assert all(texts["en"])
        assert texts["zh-hans"][0] != texts["en"][0], f"{error.code} is not translated"


def test_a_problem_carries_figures_pointers_and_when_to_come_back() -> None:
    answer = problem_response(Sample(n=3, faults=[("/a", "wrong"), ("/b", "worse")], retry_after_s=7))
    assert json.loads(answer.content) == {
        "type": "urn:cunzheng:problem:sample", "title": "标题", "status": 429, "detail": "第 3 项", "code": "sample", "n": 3,
        "errors": [{"pointer": "#/a", "detail": "wrong"}, {"pointer": "#/b", "detail": "worse"}],
    }
    assert answer.headers["Retry-After"] == "7"
    assert json.loads(problem_response(Sample(n=3, pointer="")).content)["errors"] == [{"pointer": "#", "detail": "第 3 项"}]


@pytest.mark.parametrize("path", [
    "/api/v1/nowhere", "/api/v1/evidence/", "/api/v1/records", "/api/nowhere", "/api/v1/records/a/b/c",
    "/api/v1/webhooks/%00", "/api/v1/notices/a%00/read", "/log/policy/%00"])
def test_an_unknown_address_is_not_found(client: Client, service: str, path: str) -> None:
    assert code_of(client.get(path)) == (404, "not-found")


@pytest.mark.parametrize(("method", "path"), [
    ("delete", f"/api/v1/evidence/{ANY}"), ("put", "/api/v1/evidence"), ("patch", "/api/v1/evidence"), ("get", "/api/v1/evidence/batch"),
    ("post", f"/api/v1/evidence/{ANY}/proof"), ("options", "/api/v1/evidence"), ("trace", "/api/v1/evidence"),
])
def test_a_method_that_an_address_has_not_is_refused_and_told_which_it_has(client: Client, key: str, method: str, path: str) -> None:
    answer = client.generic(method.upper(), path, headers=bearer(key))
    assert code_of(answer) == (405, "method-not-allowed")
    assert set(answer.headers["Allow"].split(", ")) & {"GET", "POST"}


def test_options_of_a_public_address_tells_nothing_of_the_code(client: Client, service: str) -> None:
    assert code_of(client.options(f"/api/v1/records/{ANY}")) == (405, "method-not-allowed")


@pytest.mark.parametrize("accept", ["text/plain", "application/vnd.etsi.asic-e+zip", "image/png", "application/xml;q=0.9", "rubbish"])
def test_accept_chooses_nothing_and_refuses_nothing(client: Client, post_deposit: Post, stamp: Callable[[], None], accept: str) -> None:
    number = post_deposit(document(), FILE).json()["records"][0]["record"]
    stamp()
    proof = client.get(f"/api/v1/records/{number}/proof?format=xml", headers={"Accept": accept})
    assert (proof.status_code, proof.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert client.get(f"/api/v1/records/{number}", headers={"Accept": accept}).headers["Content-Type"] == "application/json"
    assert code_of(client.get(f"/api/v1/records/{ANY}", headers={"Accept": accept})) == (404, "record-not-found")


@pytest.mark.parametrize("path", ["evidence", "evidence/batch", "disclosures", "verify"])
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/mixed; boundary=a", "", "\x00"])
def test_a_body_of_another_kind_is_unsupported(client: Client, key: str, path: str, kind: str) -> None:
    answer = client.post(f"/api/v1/{path}", b"{}", content_type=kind, headers=bearer(key))
    assert code_of(answer) == (415, "unsupported-media-type")


@pytest.mark.parametrize("path", ["evidence", "verify"])
def test_multipart_without_a_boundary_is_malformed(client: Client, key: str, path: str) -> None:
    answer = client.post(f"/api/v1/{path}", b"{}", content_type="multipart/form-data", headers=bearer(key))
    assert code_of(answer) == (400, "request-malformed")


@pytest.mark.parametrize("path", [
    "/api/v1/evidence", f"/api/v1/evidence/{ANY}", f"/api/v1/records/{ANY}", f"/api/v1/records/{ANY}/statement",
])
def test_a_bad_key_is_refused_on_public_addresses_too(client: Client, service: str, path: str) -> None:
    for header in ("Bearer cz_00000000_" + "x" * 43, "Bearer ", "Basic Zm9v", "cz_", "Bearer " + "\x00é"):
        answer = client.get(path, headers={"Authorization": header})
        assert code_of(answer) == (401, "not-authenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_texts_speak_the_language_asked_for(client: Client, service: str) -> None:
    answers = {language: client.get(f"/api/v1/records/{ANY}", headers={"Accept-Language": language}) for language in ("zh-CN", "en", "fr")}
    titles = {language: answer.json()["title"] for language, answer in answers.items()}
    assert titles["zh-CN"] == titles["fr"] == "没有这份存证"
    assert titles["en"].isascii()
    assert answers["en"].headers["Content-Language"] == "en"
    assert "Accept-Language" in answers["en"].headers["Vary"]


@pytest.mark.parametrize("length", ["", "abc", "-1", "1e3", "9" * 5000, "²"])
def test_a_length_that_is_no_number_is_a_client_error(client: Client, key: str, length: str) -> None:
    kinds = {"evidence/batch": "application/json", "evidence": "multipart/form-data; boundary=a", "disclosures": "application/json"}
    for path, kind in kinds.items():
        answer = client.post(f"/api/v1/{path}", b"{}", content_type=kind, headers=bearer(key), CONTENT_LENGTH=length)
        assert 400 <= code_of(answer)[0] < 500


def test_an_upload_to_verify_that_ends_early_is_malformed(client: Client, service: str) -> None:
    data, kind = multipart([("record", "text/plain", ANY.encode()), ("file", "a/b", FILE * 1000)])
    package, other = multipart([("package", "a/b", FILE * 1000)])
    for body, content_type in ((data, kind), (package, other)):
        for length in (1, 10, 90, 200, len(body) // 2, len(body) - 5):
            assert code_of(client.post("/api/v1/verify", body[:length], content_type=content_type)) == (400, "request-malformed"), length


@pytest.mark.parametrize("parts", [
    [("file", "a/b", FILE)], [("record", "a/b", ANY.encode())], [("other", "a/b", FILE)], [("record", "a/b", ANY.encode())] * 2,
    [("package", "a/b", FILE), ("package", "a/b", FILE)],
])
def test_other_parts_to_verify_are_malformed(client: Client, service: str, authority: object, parts: list[tuple[str, str, bytes]]) -> None:
    data, kind = multipart(parts)
    assert code_of(client.post("/api/v1/verify", data, content_type=kind)) == (400, "request-malformed")


@pytest.mark.parametrize("number", [b"", b"x" * 65, "存证".encode(), b"CZ-20261123-01234-56789-X", b"\xff"])
def test_a_number_that_is_none_is_malformed_in_every_way_to_say_it(client: Client, key: str, number: bytes) -> None:
    text = number.decode("utf-8", "replace")
    data, kind = multipart([("record", "a/b", number), ("file", "a/b", FILE)])
    answers = [
        client.post("/api/v1/verify", data, content_type=kind),
        *(client.post(f"/api/v1/{path}", json.dumps({"record": text, "sha256": SHA256}), content_type="application/json")
          for path in ("verify", "disclosures")),
        client.get("/api/v1/evidence", {"cursor": text}, headers=bearer(key)),
    ]
    assert {code_of(answer) for answer in answers} == {(400, "record-number-malformed")}


def test_a_scope_that_is_none_and_a_selection_that_is_too_large_are_refused(client: Client, key: str, post_deposit: Post) -> None:
    package = f"/api/v1/evidence/{post_deposit(document(), FILE).json()['records'][0]['record']}/package"
    assert code_of(client.get(package, {"scope": "all"}, headers=bearer(key))) == (400, "request-malformed")
    assert code_of(client.get(package, {"scope": "selection", "with": [ANY] * 100}, headers=bearer(key))) == (413, "too-many-records")
    assert code_of(client.get(package, {"scope": "selection", "with": [ANY] * 99}, headers=bearer(key))) == (404, "record-not-found")
    assert code_of(client.get(package, headers=bearer(key))) == (409, "record-not-published")


def test_an_unforeseen_failure_is_opaque_and_its_number_stands_in_the_log(
    client: Client, post_deposit: Post, caplog: pytest.LogCaptureFixture
) -> None:
    number = post_deposit(document(), FILE).json()["records"][0]["record"]
    Evidence.objects.update(sealed_claims=b"secret words")
    body = json.dumps({"record": number, "sha256": SHA256})
    answer = client.post("/api/v1/disclosures", body, content_type="application/json")
    assert code_of(answer) == (500, "internal-error")
    assert "secret" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
    assert f"internal error {answer.json()['log_id']}" in caplog.text


def test_unreadable_storage_is_503_with_a_time_to_come_back(
    client: Client, post_deposit: Post, publish: Callable[[], None], var_dir: Path
) -> None:
    numbers = [post_deposit(document(), FILE).json()["records"][0]["record"] for _ in range(3)]
    publish()
    shutil.rmtree(var_dir / "log" / "tile")
    answer = client.get(f"/api/v1/records/{numbers[0]}/proof")
    assert code_of(answer) == (503, "storage-unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_request_for_another_host_is_refused(client: Client, service: str) -> None:
    assert code_of(client.get(f"/api/v1/records/{ANY}", SERVER_NAME="evil.example")) == (400, "bad-request")


def test_a_list_is_read_to_its_end_and_no_further(client: Client, key: str, post_batch: Post) -> None:
    made = [each["record"] for each in post_batch(batch(120)).json()["records"]]
    read: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = client.get("/api/v1/evidence", {"cursor": cursor} if cursor else {}, headers=bearer(key)).json()
        read += [record["record"] for record in page["records"]]
        cursor = page["next_cursor"]
    assert (read, cursor) == (made[::-1], None)

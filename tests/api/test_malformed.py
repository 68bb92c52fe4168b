"""What is said of a body of another form: the place, what was expected there, in the reader's language, in no library's words."""
import doctest
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from cases.api import access_payloads
from cases.api import payloads as case_payloads
from common import malformed
from common.malformed import located
from evidence.api.payloads import DECODERS, Deposit
from evidence.claim_words import SENTENCES
from notifications.api import payloads as webhook_payloads
from tests.depositing import Post, batch, document, multipart
from tlog.canonical import RULES

CHINESE = re.compile("[\u4e00-\u9fff]")
# Words of msgspec, of the codecs, of the library of multipart forms and of `tlog`.
FOREIGN = re.compile(
    r"`|\b(got|Object|Invalid|malformed|truncated|length|matching|codec|decode|Segment|segment|stream|claim|float|enum|str|int)\b")
ENDINGS = ("。", ".")
BODIES: dict[str, tuple[str, bytes, str]] = {
    "another type": ("evidence/batch", b'{"records": 5}', "#/records"),
    "an array for the whole": ("evidence/batch", b"[]", "#"),
    "a member too many": ("evidence/batch", b'{"colour": 1, "records": []}', "#"),
    "a member that is missing": ("evidence/batch", b"{}", "#"),
    "no record": ("evidence/batch", b'{"records": []}', "#/records"),
    "no JSON": ("evidence/batch", b"{records}", "#"),
    "nothing": ("evidence/batch", b" ", "#"),
    "cut off": ("evidence/batch", b'{"records": [', "#"),
    "something after it": ("disclosures", b"{} {}", "#"),
    "not UTF-8": ("disclosures", b'{"record": "\xff"}', "#"),
    "UTF-16": ("disclosures", '{"record": "a"}'.encode("utf-16"), "#"),
    "another spelling": ("disclosures", b'{"record": "CZ", "sha256": "xyz"}', "#/sha256"),
    "null where there must be something": ("verify", b'{"record": null, "sha256": ""}', "#/record"),
    "a number for a word": ("verify", b'{"record": "CZ", "sha256": 1.5}', "#/sha256"),
    "a value of no list": ("webhooks", b'{"url": "https://a.example", "events": ["record.eaten"]}', "#/events/0"),
    "too many": ("webhooks", json.dumps({"url": "https://a.example", "events": ["record.timestamped"] * 17}).encode(), "#/events"),
    "too long": ("webhooks", json.dumps({"url": "https://a.example/" + "a" * 500, "events": []}).encode(), "#/url"),
    "another form of a case": ("cases", b'{"reference": 5}', "#/reference"),
}


def told(answer: Any, language: str) -> list[tuple[str, str]]:
    """(pointer, sentence) of each fault, which are whole sentences of the language and nobody else's words."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, "request-malformed"), body
    rows = [(row["pointer"], row["detail"]) for row in body.get("errors", [])]
    for sentence in [body["detail"], *(detail for _, detail in rows)]:
        assert_spoken(sentence, language)
    return rows


def assert_spoken(sentence: str, language: str) -> None:
    assert bool(CHINESE.search(sentence)) == (language == "zh-hans"), sentence
    assert sentence.endswith(ENDINGS), sentence
    assert not FOREIGN.search(sentence), sentence


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(("path", "body", "pointer"), BODIES.values(), ids=list(BODIES))
def test_a_body_of_another_form_is_refused_by_place_and_in_our_own_words(
    client: Client, key: str, path: str, body: bytes, pointer: str, language: str
) -> None:
    answer = client.post(
        f"/api/v1/{path}", body, content_type="application/json",
        headers={"Authorization": f"Bearer {key}", "Accept-Language": language})
    assert [where for where, _ in told(answer, language)] == [pointer]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_is_wrong_with_a_form_of_parts_or_a_header_is_said_too(client: Client, key: str, language: str) -> None:
    base = {"Authorization": f"Bearer {key}", "Accept-Language": language}
    good, kind = multipart([("deposit", "application/json", json.dumps(document()).encode()), ("file", "text/plain", b"a")])
    encoded = good.replace(b'filename="x"', b'filename="x"\r\nContent-Transfer-Encoding: base64')
    as_json = "application/json"
    asked = [
        ("evidence", good[:-20], kind, {}), ("evidence", good, "multipart/form-data", {}), ("evidence", encoded, kind, {}),
        ("evidence", b"--a\r\nnonsense\r\n", "multipart/form-data; boundary=a", {}),
        ("evidence", good, kind, {"Client-Time": "yesterday"}),
        ("verify", *multipart([("colour", "text/plain", b"red")]), {}),
        ("verify", *multipart([("record", "text/plain", b"CZ"), ("colour", "text/plain", b"red")]), {}),
        ("disclosures", b"{}", as_json, {"Content-Digest": "md5"}), ("disclosures", b"{}", as_json, {"Content-Digest": "sha-256=:a:"}),
    ]
    for path, body, content_type, more in asked:
        answer = client.post(f"/api/v1/{path}", body, content_type=content_type, headers={**base, **more})
        assert told(answer, language) == [], (path, more)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_each_faulty_record_of_a_batch_is_told_in_our_own_words(post_batch: Post, language: str) -> None:
    body = {"records": [dict(record) for record in batch(4)["records"]]}
    body["records"][0]["timestamp"] = "soon"
    body["records"][1]["provenance"] = {"environment": {"a": 5}}
    body["records"][2]["provenance"] = {"captured_from": "2026-11-23"}
    rows = told(post_batch(body, Accept_Language=language), language)
    assert [where for where, _ in rows] == [
        "#/records/0/timestamp", "#/records/1/provenance/environment", "#/records/2/provenance/captured_from"]
    assert "checkpoint, record" in rows[0][1]
    assert "2026-11-23T08:00:00.123Z" in rows[2][1]


# The rules of claims: met by the form of the interface, broken all the same.
BROKEN_RULES: dict[str, dict[str, Any]] = {
    "text": {"provenance": {"device": "a\0b"}},
    "key": {"provenance": {"environment": {"Gerät": "x"}}},
    "size": {"provenance": {"environment": {f"a{n}": "x" * 2000 for n in range(40)}}},
}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("rule", BROKEN_RULES)
def test_a_broken_rule_of_claims_is_said_in_the_readers_language(post_deposit: Post, rule: str, language: str) -> None:
    answer = post_deposit(document(**BROKEN_RULES[rule]), b"file", Accept_Language=language)
    [row] = answer.json()["errors"]
    with translation.override(language):
        assert (answer.status_code, row) == (422, {"pointer": "#/provenance", "detail": str(SENTENCES[rule])})
    assert_spoken(row["detail"], language)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_rule_of_claims_has_its_sentence(language: str) -> None:
    assert set(SENTENCES) == set(RULES)
    with translation.override(language):
        for sentence in SENTENCES.values():
            assert_spoken(str(sentence), language)


# What msgspec says of every form that the interfaces ask for, and of some that they do not ask for yet.
SAID = (
    "Expected `str | null`, got `int` - at `$.a`", "Expected `float`", "Expected `bool`, got `array`", "Expected `array` of length <= 5",
    "Expected `object` of length >= 1 - at `$.a`", "Expected `object` of length <= 2", "Expected `str` of length >= 1",
    "Expected `int` >= -3",
    "Expected `int` <= 9007199254740991", "Expected `str` matching regex '^[0-9]+$(?!\\\\n)'", "Invalid RFC3339 encoded date",
    "Number out of range", "Integer value out of range", "maximum recursion depth exceeded while decoding", "Invalid enum value 'x'",
    "Object contains unknown field `a~b/c` - at `$.rows[3]`", "A sentence of a later version, `got` stream - at `$.a`",
)
POINTERS = {"`$.a`": "/a", "`$.rows[3]`": "/rows/3"}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("said", SAID)
def test_none_of_the_librarys_words_is_passed_on(said: str, language: str) -> None:
    with translation.override(language):
        pointer, sentence = located(ValueError(said), Deposit)
    assert_spoken(sentence, language)
    assert pointer == POINTERS.get(said.rpartition(" - at ")[2], "")


def test_every_body_that_the_interfaces_take_is_told_of_in_both_languages() -> None:
    decoders = [*DECODERS.values(), *(each for room in (case_payloads, access_payloads, webhook_payloads)
                                      for each in vars(room).values() if type(each).__name__ == "Decoder")]
    assert len(decoders) >= 18
    for decoder in decoders:
        for body in (b"5", b"{", b'{"no_such_member": 1}', b"{}"):
            for language in ("zh-hans", "en"):
                with translation.override(language):
                    try:
                        decoder.decode(body)
                    except malformed.MALFORMED as fault:
                        assert_spoken(located(fault, decoder.type)[1], language)


def test_examples_give_what_they_say() -> None:
    result = doctest.testmod(malformed)
    assert (result.attempted > 0, result.failed) == (True, 0)

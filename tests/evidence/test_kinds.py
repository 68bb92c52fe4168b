"""Kinds of evidence: what is published never changes, and every deposit is judged by it, field by field and by name."""
import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from cases.evidence_kinds import EVIDENCE_KINDS
from evidence.kinds import KINDS, SERVICE_KINDS
from evidence.kinds.judging import Faults, compile_schema
from evidence.kinds.schemas import FOLDER, KindSchema, all_schemas, current_schemas, kind_faults
from evidence.models import Evidence
from evidence.selectors import claims_of
from tests.depositing import Post, batch, document

RELEASED = json.loads((Path(__file__).parent / "published_kinds.json").read_text(encoding="utf-8"))
SCHEMAS = sorted(all_schemas().values(), key=lambda each: each.name)
OTHER = "CZ-20261123-4K7QM-X2R9D-0"


def test_a_published_version_is_never_changed() -> None:
    """Whoever changes one of these files breaks what clients and old records rely on: publish another version beside it."""
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir()} == RELEASED


def test_the_closed_list_is_the_published_one_with_the_same_words() -> None:
    told = {schema.kind: schema.document["title"] for schema in current_schemas().values()}
    words = {**EVIDENCE_KINDS, **SERVICE_KINDS}
    with translation.override("zh-hans"):
        assert told == {kind: str(word) for kind, word in words.items()}
    with translation.override("en"):
        assert {schema.kind: schema.document["x-title-en"] for schema in current_schemas().values()} == {
            kind: str(word) for kind, word in words.items()}
    assert {schema.kind for schema in SCHEMAS if schema.own} == set(SERVICE_KINDS)


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_each_schema_is_one_with_labels_in_both_languages_and_examples_that_fit(schema: KindSchema) -> None:
    jsonschema_rs.meta.validate(dict(schema.document))
    assert schema.document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for field in schema.document["properties"].values():
        assert all(field[name] for name in ("title", "x-title-en"))
        labels = field.get("x-labels") or field.get("items", {}).get("x-labels")
        options = field.get("enum") or field.get("items", {}).get("enum") or []
        assert labels is None or (set(labels) == set(options) - {None} and all(set(each) == {"zh-hans", "en"} for each in labels.values()))
    examples = schema.document["examples"]
    assert [kind_faults(schema.kind, example, by_service=schema.own) for example in examples] == [[]]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_nothing_has_to_be_told_and_everything_may_be_unknown(schema: KindSchema) -> None:
    unknown = {name: None for name, field in schema.fields.items() if None in field.get("enum", [None])}
    assert kind_faults(schema.kind, {}, by_service=True) == kind_faults(schema.kind, unknown, by_service=True) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2**60, 2**60) | st.text(max_size=5) | st.sampled_from(
        ["outbound", "debtor", "2026-01-08", "2026-02-30", "2026-01-08T02:00:00.000Z", "12.00", "1.5",
         "a" * 201, "0" * 64, OTHER, "sms/1"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["relation", "record", "z"]), inner, max_size=3), max_leaves=5)


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
@given(data=st.data())
def test_a_library_judges_the_same(schema: KindSchema, data: st.DataObject) -> None:
    names = st.sampled_from([*schema.document["properties"], "unheard_of"])
    metadata = data.draw(st.dictionaries(names, JSON, max_size=4))
    faults: Faults = []
    schema.check(metadata, "", faults)
    oracle = jsonschema_rs.Draft202012Validator(dict(schema.document), validate_formats=True)
    assert (faults == []) == oracle.is_valid(metadata), (metadata, faults)


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"colour": "red"}, "colour", "没有名为“colour”的字段。"), ({"a/b~c": 1}, "a~1b~0c", "没有名为“a/b~c”的字段。"),
    ({"message_count": "9"}, "message_count", "应为整数，实为文字。"), ({"message_count": True}, "message_count", "应为整数，实为是或否。"),
    ({"message_count": 1.0}, "message_count", "应为整数，实为小数。"),
    ({"message_count": -1}, "message_count", "应在 0 至 9007199254740991 之间。"),
    ({"sender": ""}, "sender", "不能是空文字；不知道就写 null，或者不写。"), ({"sender": "x" * 201}, "sender", "最多 200 个字符。"),
    ({"first_sent_at": "2026-02-30T00:00:00.000Z"}, "first_sent_at", "应为 UTC 时间，形如 2026-01-08T02:00:00.000Z。"),
    ({"first_sent_at": "2026-02-03T00:00:00.000Z\n"}, "first_sent_at", "应为 UTC 时间，形如 2026-01-08T02:00:00.000Z。"),
    ({"direction": "sideways"}, "direction", "应为下列之一：outbound, inbound, both。"),
    ({"sender": ["1"]}, "sender", "应为文字，实为列表。"),
    ({"relations": [{"relation": "reply_to"}]}, "relations/0", "缺少字段“record”。"),
    ({"relations": [{"relation": "reply_to", "record": OTHER}] * 2}, "relations", "不能有重复的项。"),
    ({"schema": "sms/2"}, "schema", "“sms”没有这个版本的结构；可用的版本见 /api/v1/kinds。"),
    ({"schema": "contract/1"}, "schema", "“sms”没有这个版本的结构；可用的版本见 /api/v1/kinds。"),
]


@pytest.mark.parametrize(("metadata", "pointer", "sentence"), FAULTS)
def test_a_fault_is_named_by_field_and_said_in_words(metadata: dict[str, Any], pointer: str, sentence: str) -> None:
    assert kind_faults("sms", metadata, by_service=False) == [(f"/subject/metadata/{pointer}", sentence)]


def test_a_schema_with_a_rule_that_would_not_be_applied_is_not_compiled() -> None:
    rules: list[dict[str, Any]] = [
        {"type": "object", "minProperties": 1, "additionalProperties": False}, {"properties": {}}, {"$ref": "#/$defs/x"},
        {"type": "string", "$ref": "#/$defs/x", "$defs": {"x": {}}}, {"enum": [1]}, {"if": {}}, {"type": "string", "pattern": "x"}]
    for rule in rules:
        with pytest.raises(ValueError, match=r"known|nowhere|names its fields|texts|looks like"):
            compile_schema(rule)


@pytest.mark.usefixtures("service")
def test_a_record_says_by_which_version_it_was_judged(post_deposit: Post) -> None:
    for metadata in ({"direction": "outbound"}, {"direction": "outbound", "schema": "sms/1"}):
        answer = post_deposit(document(subject={"kind": "sms", "title": "短信", "metadata": metadata}), b"x")
        assert answer.status_code == 201, answer.content
    for record in Evidence.objects.all():
        [subject] = [json.loads(claim.data)["value"] for claim in claims_of(record) if claim.name == "subject"]
        assert subject["metadata"] == {"direction": "outbound", "schema": "sms/1"}


@pytest.mark.usefixtures("service")
def test_one_record_of_a_batch_that_does_not_fit_is_named_and_none_is_taken(post_batch: Post) -> None:
    body = batch(3)
    body["records"] = [dict(record) for record in body["records"]]
    body["records"][1]["subject"] = {"kind": "sms", "title": "t", "metadata": {"colour": "red", "message_count": "9"}}
    body["records"][2]["subject"] = {"kind": "gossip", "title": "t"}
    answer = post_batch(body)
    assert (answer.status_code, answer.json()["code"], answer.json()["count"]) == (422, "records-invalid", 2)
    assert [(row["pointer"], row["detail"]) for row in answer.json()["errors"]] == [
        ("#/records/1/subject/metadata/colour", "没有名为“colour”的字段。"),
        ("#/records/1/subject/metadata/message_count", "应为整数，实为文字。"),
        ("#/records/2/subject/kind", "没有“gossip”这个证据种类；全部种类见 /api/v1/kinds。")]
    assert Evidence.objects.count() == 0


@pytest.mark.usefixtures("service")
def test_what_the_service_alone_deposits_nobody_else_does(post_deposit: Post) -> None:
    for kind in SERVICE_KINDS:
        answer = post_deposit(document(subject={"kind": kind, "title": "t"}), b"x")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/subject/kind"), kind
    assert Evidence.objects.count() == 0


@pytest.mark.usefixtures("service")
def test_everybody_may_read_the_list_and_keep_each_schema() -> None:
    client = Client()
    listed = client.get("/api/v1/kinds")
    assert listed.headers["Cache-Control"] == "public, max-age=300"
    kinds = {each["kind"]: each for each in listed.json()["kinds"]}
    assert kinds.keys() == {*KINDS, *SERVICE_KINDS}
    for each in kinds.values():
        for version in each["versions"]:
            answer = client.get(version["url"])
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/schema+json")
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert hashlib.sha256(answer.content).hexdigest() == version["sha256"]
    assert client.get("/api/v1/kinds/sms/2").status_code == client.get("/api/v1/kinds/gossip/1").status_code == 404

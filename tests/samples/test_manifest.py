"""The manifest: what it says of the files is true, and every entry is a deposit that the service can take as it is."""
import json
from hashlib import sha256
from typing import Any

import pytest

from samples.deposit import deposit_part
from samples.facts import shanghai, utc_text
from tests.samples.files import FILES, MANIFEST
from tlog.claims import make_claim
from tlog.digests import sm3
from tlog.times import parse_time

KINDS = ["contract", "disbursement", "sms", "call_recording", "instant_message", "repayment_ledger", "demand_notice",
         "delivery_receipt", "delivery_receipt"]
TITLES = [f"{number}-{entry['subject']['kind']}" for number, entry in enumerate(MANIFEST, start=1)]

every_deposit = pytest.mark.parametrize("entry", MANIFEST, ids=TITLES)


def test_case_has_these_deposits_in_the_order_of_events() -> None:
    assert [entry["subject"]["kind"] for entry in MANIFEST] == KINDS
    assert {entry["case"] for entry in MANIFEST} == {"QH-YSXF-2026-000427"}


def test_manifest_names_every_file_of_the_folder_once() -> None:
    named = [file["path"] for entry in MANIFEST for file in entry["files"]]
    assert sorted([*named, "manifest.json"]) == sorted(FILES)


@every_deposit
def test_digests_are_those_of_the_files(entry: dict[str, Any]) -> None:
    for file in entry["files"]:
        data = FILES[file["path"]]
        assert (file["sha256"], file["sm3"]) == (sha256(data).hexdigest(), sm3(data).hex())


@every_deposit
def test_entry_has_the_keys_of_the_public_api(entry: dict[str, Any]) -> None:
    assert set(entry) == {"case", "subject", "provenance", "files"}
    assert set(entry["subject"]) == {"kind", "title", "metadata"}
    assert all(set(file) == {"path", "name", "media_type", "sha256", "sm3"} for file in entry["files"])


@every_deposit
def test_subject_and_provenance_are_legal_claims(entry: dict[str, Any]) -> None:
    for name in ("subject", "provenance"):
        assert json.loads(make_claim(name, entry[name], bytes(32)).data) == {"name": name, "value": entry[name]}


@every_deposit
def test_files_are_legal_claims(entry: dict[str, Any]) -> None:
    for number, file in enumerate(entry["files"], start=1):
        claim = {key: value for key, value in file.items() if key != "path"} | {"size_bytes": len(FILES[file["path"]]), "custody": "vault"}
        assert json.loads(make_claim(f"files/{number}", claim, bytes(32)).data)["value"] == claim


@every_deposit
def test_capture_ends_after_it_began_and_before_the_case_was_exported(entry: dict[str, Any]) -> None:
    began, ended = (parse_time(entry["provenance"][name]) for name in ("captured_from", "captured_until"))
    assert began <= ended < shanghai("2026-07-25 00:00:00")


def test_some_provenance_is_unknown_and_said_to_be() -> None:
    assert [entry["subject"]["kind"] for entry in MANIFEST if entry["provenance"]["clock_offset_ms"] is None] == [
        "sms", "instant_message", "demand_notice", "delivery_receipt", "delivery_receipt"]


def test_manifest_holds_no_float() -> None:
    def refuse(text: str) -> float:
        raise AssertionError(f"{text} is a float")

    assert json.loads(FILES["manifest.json"], parse_float=refuse, parse_constant=refuse) == json.loads(FILES["manifest.json"])


def test_receipts_name_the_letter_by_its_digest() -> None:
    letter = next(entry for entry in MANIFEST if entry["subject"]["kind"] == "demand_notice")
    receipts = [entry for entry in MANIFEST if entry["subject"]["kind"] == "delivery_receipt"]
    assert {entry["subject"]["metadata"]["notice_sha256"] for entry in receipts} == {letter["files"][0]["sha256"]}


def test_titles_hold_no_name_and_no_number_of_the_borrower() -> None:
    text = json.dumps([(entry["case"], entry["subject"]) for entry in MANIFEST], ensure_ascii=False)
    assert not any(secret in text for secret in ("周示例", "15400000427", "990101", "zhou.shili", "甲乙街"))


def test_deposit_part_is_the_entry_without_paths() -> None:
    entry = MANIFEST[3]
    files = [{key: value for key, value in file.items() if key != "path"} for file in entry["files"]]
    assert json.loads(deposit_part(entry)) == {**entry, "files": files}
    assert json.loads(deposit_part(entry, "other")) == {**entry, "files": files, "case": "other"}


def test_times_are_written_as_the_service_writes_them() -> None:
    assert utc_text(shanghai("2026-03-01 16:00:00")) == "2026-03-01T08:00:00.000Z"

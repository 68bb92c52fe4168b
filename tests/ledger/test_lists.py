"""`/log/incidents` and `/log/timestamps`: whoever has only these answers and the log can check each line."""
import base64
import hashlib
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from common.object_store import FileObjectStore
from ledger.incidents import FORK, SELF_CHECK_FAILED, end_incident, open_incident
from ledger.models import LogState
from ledger.storage import read_entries
from tests.ledger.logs import deposit, integrate, sequencer
from tlog.entry import verify_entry
from tlog.merkle import leaf_hash


@pytest.fixture
def client(store: FileObjectStore) -> Client:
    return Client()


def listed(client: Client) -> list[dict[str, object]]:
    answer = client.get("/log/incidents")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "public, max-age=2"
    found: list[dict[str, object]] = answer.json()["incidents"]
    return found


def test_a_log_without_incidents_has_an_empty_list(client: Client) -> None:
    assert listed(client) == []


def test_every_incident_and_its_end_lead_to_an_entry_of_the_log(client: Client, store: FileObjectStore) -> None:
    now = timezone.now()
    open_incident(SELF_CHECK_FAILED, "tiles", {"size": 7}, now=now)
    end_incident(SELF_CHECK_FAILED, "tiles", how="it holds again", now=now + timedelta(seconds=1))
    deposit(0, 5)
    open_incident(FORK, "size 7", {}, now=now + timedelta(seconds=2))
    [latest, first] = listed(client)
    assert (latest["code"], latest["ended_at"], latest["end_statement"]) == ("fork", None, None)
    assert isinstance(latest["statement"], dict)
    assert latest["statement"]["index"] is None
    log = sequencer()
    integrate(log)
    log.publish()
    entries = read_entries(store, 0, 8)
    [latest, first] = listed(client)
    checked = 0
    for incident, part, claim in ((latest, "statement", "incident"), (first, "statement", "incident"),
                                  (first, "end_statement", "incident_end")):
        own = incident[part]
        assert isinstance(own, dict)
        statement = base64.b64decode(own["statement"])
        entry = entries[own["index"]]
        verify_entry(entry, kind="incident", statement=statement)
        assert leaf_hash(entry) == base64.b64decode(own["leaf_hash"])
        [row] = [each for each in json.loads(statement)["claims"] if each["name"] == claim]
        [held] = own["claims"]
        assert hashlib.sha256(bytes.fromhex(held["salt"]) + held["claim"].encode()).hexdigest() == row["sha256"]
        value = json.loads(held["claim"])["value"]
        assert (value["code"], value["subject"]) == (incident["code"], incident["subject"])
        checked += 1
    assert checked == 3
    assert (first["facts"], first["how"]) == ({"size": 7}, "it holds again")


def test_an_incident_of_a_closed_log_is_listed_without_an_entry(client: Client) -> None:
    LogState.objects.update(frozen_at=timezone.now())
    open_incident(FORK, "size 7", {}, now=timezone.now())
    [incident] = listed(client)
    assert incident["statement"] is None


def test_while_nothing_is_stamped_there_are_no_timestamps_and_nobody_keeps_that(client: Client) -> None:
    answer = client.get("/log/timestamps")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")

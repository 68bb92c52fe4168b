"""An incident is a row, one alert, and an entry in the log that anyone can check against its published claims."""
import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from common.object_store import ObjectStore
from ledger.fsck import examine_log
from ledger.incidents import CODES, FORK, RECEIPT_BREACHED, end_incident, incidents, open_incident, open_incidents
from ledger.keys import receipt_signer
from ledger.models import Incident, LogEntry, LogState, OwnStatement, Receipt
from ledger.own_statements import claims_of, pack_claims, unpack_claims
from ledger.receipts import signed_receipt
from ledger.selectors import entry_of, log_origin
from tests.ledger.logs import integrate, sequencer
from tlog.claims import Claim
from tlog.entry import verify_entry
from tlog.errors import VerificationError
from tlog.receipt import open_receipt
from tlog.times import format_time

# A minute ago: `examine_log` holds receipts against the real clock, and after a day the promise of each would be broken.
NOW = datetime.now(UTC).replace(microsecond=123_456) - timedelta(minutes=1)
MOMENT = format_time(NOW)
FACTS: dict[str, str | int] = {"size": 300, "root": "00"}


def receipt_is_kept(own: OwnStatement) -> bool:
    """The receipt promises the very entry that is queued or in the log."""
    entry, leaf = entry_of(own.ticket)
    verify_entry(entry, kind=own.kind, statement=bytes(own.statement))
    promise = open_receipt(signed_receipt(own.receipt).encode(), [receipt_signer(log_origin()).verifier])
    return promise.leaves == ((own.record, leaf),)


def test_an_incident_is_a_row_an_alert_and_an_entry(store: ObjectStore, caplog: pytest.LogCaptureFixture) -> None:
    incident = open_incident(FORK, "size 300", FACTS, now=NOW)
    assert incident is not None
    assert incident.statement is not None
    [alert] = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert alert.getMessage() == "INCIDENT fork: size 300 {'size': 300, 'root': '00'}"
    assert claims_of(incident.statement) == {
        "incident": {"code": FORK, "subject": "size 300", "episode": 1, "at": MOMENT, "facts": FACTS}}
    assert receipt_is_kept(incident.statement)
    integrate(sequencer())
    assert LogEntry.objects.filter(ticket=incident.statement.ticket).exists()
    assert list(examine_log()) == []


def test_one_incident_is_open_at_a_time_and_its_end_is_logged_too(store: ObjectStore, caplog: pytest.LogCaptureFixture) -> None:
    assert not end_incident(FORK, "size 300", how="never", now=NOW)
    open_incident(FORK, "size 300", FACTS, now=NOW)
    assert open_incident(FORK, "size 300", {"size": 301}, now=NOW) is None
    assert open_incident(FORK, "size 301", FACTS, now=NOW) is not None
    assert end_incident(FORK, "size 300", how="the witness was mistaken", now=NOW)
    assert not end_incident(FORK, "size 300", how="again", now=NOW)
    assert [incident.subject for incident in open_incidents()] == ["size 301"]
    again = open_incident(FORK, "size 300", FACTS, now=NOW)
    assert again is not None
    assert again.episode == 2
    assert len([record for record in caplog.records if record.levelno == logging.CRITICAL]) == 3
    end = next(incident for incident in incidents() if incident.subject == "size 300" and incident.episode == 1).end
    assert end.statement is not None
    assert claims_of(end.statement)["incident_end"] == {
        "code": FORK, "subject": "size 300", "episode": 1, "at": MOMENT, "how": "the witness was mistaken"}
    assert receipt_is_kept(end.statement)
    integrate(sequencer())
    assert list(examine_log()) == []


def test_ten_that_notice_at_once_record_one_incident(store: ObjectStore) -> None:
    found: list[Incident | None] = []

    def notice() -> None:
        try:
            found.append(open_incident(RECEIPT_BREACHED, "receipt 1", {}, now=NOW))
        finally:
            connection.close()

    threads = [threading.Thread(target=notice) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 10
    assert len([incident for incident in found if incident is not None]) == 1
    assert Incident.objects.count() == OwnStatement.objects.count() == Receipt.objects.count() == 1


def test_an_incident_of_a_closed_log_is_a_row_without_an_entry(store: ObjectStore) -> None:
    LogState.objects.update(frozen_at=NOW)
    incident = open_incident(FORK, "size 300", FACTS, now=NOW)
    assert incident is not None
    assert incident.statement is None
    assert end_incident(FORK, "size 300", how="seen", now=NOW)
    assert not OwnStatement.objects.exists()


def test_claims_that_were_changed_or_taken_away_are_refused(store: ObjectStore) -> None:
    incident = open_incident(FORK, "size 300", FACTS, now=NOW)
    assert incident is not None
    own = incident.statement
    assert own is not None
    [claim] = unpack_claims(bytes(own.claims))
    for claims in (b"", b"[]", b"{", pack_claims([Claim(claim.name, claim.data.replace(b"300", b"301"), claim.salt)])):
        own.claims = claims
        with pytest.raises(VerificationError):
            claims_of(own)


def test_every_code_has_its_sentence() -> None:
    assert all(str(sentence).endswith("。") for sentence in CODES.values())


def test_a_broken_value_writes_nothing(store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="float"), transaction.atomic():
        open_incident(FORK, "size 300", {"size": 1.5}, now=NOW)  # type: ignore[dict-item]
    assert not Incident.objects.exists()
    assert not Receipt.objects.exists()

"""Equal files of one organisation come to lie in one object, after the deposit; each record keeps a key and a fate of its own."""
import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.services import create_organisation, issue_api_key
from common.failpoints import InjectedFault, plan
from common.jobs import Job, enqueue_daily_jobs, run_job
from evidence import sharing
from evidence.copies import copy_originals
from evidence.copy_fixity import fault_of_copy
from evidence.encrypting import encrypt_all
from evidence.erasing import erase_originals
from evidence.failpoints import SHARE
from evidence.fixity import look_at_originals
from evidence.fsck import examine_evidence
from evidence.models import CustodyEvent, Evidence, EvidenceFile
from evidence.quarantine_rows import Quarantine
from evidence.record_keys import open_original
from evidence.sharing import SHARE_EQUAL, ShareLost, share, share_equal
from ledger.incidents import open_incidents
from tests.depositing import Post, batch, deposit_body, document
from tests.evidence.clear import make_clear
from tests.evidence.test_case_chain import in_parallel
from vault.models import StoredObject
from vault.storage import copy_store
from vault.sweeping import sweep_stores

CONTENT = b"the very same recording"
LATER = timedelta(days=3)


@pytest.fixture
def twins(post_deposit: Post, publish: Callable[[], None]) -> list[Evidence]:
    """Two records of one organisation with the same file, in two cases, stored twice."""
    for case in ("LN-1", "LN-2"):
        assert post_deposit(document(case=case), CONTENT).status_code == 201
    publish()
    return list(Evidence.objects.order_by("id"))


def file_of(record: Evidence) -> EvidenceFile:
    return EvidenceFile.objects.select_related("evidence", "stored_object").get(evidence=record)


def content_of(file: EvidenceFile) -> bytes:
    with open_original(file) as original:
        return original.read()


def lying(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def names() -> list[str]:
    return sorted(StoredObject.objects.values_list("name", flat=True))


def assert_one(records: list[Evidence], var_dir: Path) -> None:
    assert [content_of(file_of(record)) for record in records] == [CONTENT] * len(records)
    assert lying(var_dir / "vault") == names()
    assert len(names()) == 1
    assert list(examine_evidence()) == []


def test_the_same_file_twice_stands_twice_and_lies_once(twins: list[Evidence], var_dir: Path) -> None:
    assert len(lying(var_dir / "vault")) == 2, "whoever uploads is answered as if nobody had the file"
    trails = CustodyEvent.objects.count()
    share_equal(0)
    share_equal(0)
    assert_one(twins, var_dir)
    one, other = (bytes(file_of(record).content_key or b"") for record in twins)
    assert one != other
    assert (StoredObject.objects.get().stored_at, CustodyEvent.objects.count()) == (None, trails), "no trail tells who else has the file"
    assert dict(look_at_originals(0, []).wrong) == {}


def test_the_answer_to_an_upload_is_the_same_for_a_file_that_somebody_has(twins: list[Evidence], post_deposit: Post) -> None:
    share_equal(0)
    known, unknown = (post_deposit(document(), content) for content in (CONTENT, b"another recording here"))
    assert (known.status_code, known.json().keys(), sorted(known.headers)) == (201, unknown.json().keys(), sorted(unknown.headers))
    assert StoredObject.objects.filter(compared_at=None).count() == 2, "both were stored, every byte, under names of their own"


def test_what_cannot_be_put_together_now_does_not_keep_the_others_from_it(
    twins: list[Evidence], post_deposit: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    for content in (b"another recording", b"another recording"):
        assert post_deposit(document(), content).status_code == 201
    Evidence.objects.filter(pk=twins[1].pk).update(sealed_claims=b"nobody opens this")
    monkeypatch.setattr(sharing, "MAX_BYTES", 1)
    share_equal(0)
    assert StoredObject.objects.filter(compared_at=None).get().name == str(file_of(twins[1]).stored_object)
    assert StoredObject.objects.count() == 3


def test_what_is_in_quarantine_for_its_bytes_is_kept_as_it_lies(twins: list[Evidence], var_dir: Path) -> None:
    """Also when the scrub came between the reading and the moving."""
    seen = [file_of(record) for record in twins]
    path = var_dir / "vault" / str(seen[1].stored_object)
    damaged = path.read_bytes()[:-1] + b"x"
    path.write_bytes(damaged)
    assert look_at_originals(0, []).wrong
    share_equal(0)
    assert (path.read_bytes(), StoredObject.objects.count()) == (damaged, 2)
    with pytest.raises(ShareLost):
        share(seen[1], seen[0])
    assert (path.read_bytes(), StoredObject.objects.count()) == (damaged, 2)


def test_two_organisations_never_share(twins: list[Evidence], client: Client, var_dir: Path) -> None:
    other = create_organisation("另一消费金融有限公司", now=timezone.now())
    key = issue_api_key(other, label="test", now=timezone.now(), valid_for=timedelta(days=1))[1]
    data, kind = deposit_body(document(), CONTENT)
    answer = client.post("/api/v1/evidence", data, content_type=kind, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 201
    share_equal(0)
    by_owner = StoredObject.objects.order_by("organisation").values_list("organisation", flat=True)
    assert list(by_owner) == [twins[0].organisation_id, other.pk]
    mine, theirs = file_of(twins[0]), file_of(Evidence.objects.get(organisation=other))
    assert share(theirs, mine) is False
    assert len(lying(var_dir / "vault")) == 2


def test_files_that_differ_are_left_alone(post_deposit: Post, var_dir: Path) -> None:
    for content in (b"one", b"two", b"one more"):
        assert post_deposit(document(), content).status_code == 201
    share_equal(0)
    assert (len(lying(var_dir / "vault")), StoredObject.objects.filter(compared_at=None).count()) == (3, 0)
    one, two, _ = EvidenceFile.objects.select_related("evidence", "stored_object").order_by("id")
    assert share(two, one) is False


def test_a_file_twice_in_one_record_lies_once(post_deposit: Post, var_dir: Path, publish: Callable[[], None]) -> None:
    files = [{"name": name, "media_type": "audio/wav"} for name in ("a.wav", "b.wav")]
    assert post_deposit(document(files=files), CONTENT, CONTENT).status_code == 201
    publish()
    share_equal(0)
    assert len(lying(var_dir / "vault")) == 1
    assert list(examine_evidence()) == []
    record = Evidence.objects.get()
    assert erase_originals([record.pk]) == []
    assert (lying(var_dir / "vault"), StoredObject.objects.count()) == ([], 0)


@pytest.mark.parametrize("first", [0, 1])
def test_an_erasure_leaves_the_other_its_content_and_the_last_one_takes_the_bytes(
    twins: list[Evidence], var_dir: Path, tmp_path: Path, settings: Settings, first: int
) -> None:
    settings.VAULT_COPY = tmp_path / "second"
    settings.VAULT_COPY.mkdir()
    share_equal(0)
    copy_originals(0)
    erased, kept = twins[first], twins[1 - first]
    Evidence.objects.filter(pk=erased.pk).update(wrapped_key=None, sealed_claims=None)
    assert erase_originals([erased.pk]) == []
    assert file_of(erased).stored_object is None
    assert content_of(file_of(kept)) == CONTENT
    assert (lying(var_dir / "vault"), lying(tmp_path / "second")) == (names(), names())
    assert sweep_stores(now=timezone.now() + LATER) == 0
    assert erase_originals([kept.pk]) == []
    assert (lying(var_dir / "vault"), lying(tmp_path / "second"), names()) == ([], [], [])


def test_who_read_the_row_before_it_was_moved_reads_the_original_all_the_same(twins: list[Evidence]) -> None:
    before = [file_of(record) for record in twins]
    share_equal(0)
    assert [content_of(file) for file in before] == [CONTENT] * 2
    erase_originals([twins[1].pk])
    with pytest.raises(FileNotFoundError):
        content_of(before[1])


def test_an_examination_judges_a_file_that_moves_beside_it_as_it_lies_then(
    twins: list[Evidence], post_deposit: Post, post_batch: Post, publish: Callable[[], None]
) -> None:
    files = [{"name": name, "media_type": "audio/wav"} for name in ("a.wav", "b.wav")]
    assert post_deposit(document(files=files), b"another", CONTENT).status_code == 201
    first, second = EvidenceFile.objects.filter(evidence=Evidence.objects.latest("id")).order_by("position")
    # More than are read at once: on SQLite a cursor that is still open sees no row move.
    assert post_batch(batch(1000, case="LN-3")).status_code == 201
    publish()
    StoredObject.objects.filter(name=str(first.stored_object)).update(mending_since=timezone.now())
    found = examine_evidence()
    assert next(found).where == f"vault_storedobject {first.stored_object}", "the rows of both files are read by now"
    in_parallel(share_equal, 1, threads=1)  # by a connection of its own, as the worker does
    assert EvidenceFile.objects.get(pk=second.pk).stored_object_id != second.stored_object_id
    assert list(found) == []


def test_the_copy_of_a_file_that_moved_meanwhile_is_not_missed(twins: list[Evidence], tmp_path: Path, settings: Settings) -> None:
    settings.VAULT_COPY = tmp_path / "second"
    settings.VAULT_COPY.mkdir()
    copy_originals(0)
    before, store = [file_of(record) for record in twins], copy_store()
    assert store is not None
    share_equal(0)
    assert [fault_of_copy(row, store) for row in before] == [None, None]
    left = lying(tmp_path / "second")
    assert left == names()
    (tmp_path / "second" / left[0]).unlink()
    assert fault_of_copy(file_of(twins[0]), store) is not None


@pytest.mark.parametrize("place", SHARE)
def test_a_run_that_is_killed_anywhere_loses_nothing_and_is_ended_by_the_next(twins: list[Evidence], var_dir: Path, place: str) -> None:
    if place == "evidence.shared":
        with plan(f"{place}=error"), pytest.raises(InjectedFault):
            share(file_of(twins[1]), file_of(twins[0]))
    else:
        with plan(f"{place}=error"):
            share_equal(0)
    assert [content_of(file_of(record)) for record in twins] == [CONTENT] * 2
    assert len(lying(var_dir / "vault")) == 2
    share_equal(0)
    assert sweep_stores(now=timezone.now() + LATER) == (place == "evidence.shared")
    assert_one(twins, var_dir)


@pytest.mark.parametrize("gone", [0, 1])
def test_a_database_from_before_finds_the_original_of_its_equal(twins: list[Evidence], var_dir: Path, gone: int) -> None:
    """A dump was taken, then the two were put together and the bytes of one deleted, then the dump was restored."""
    (var_dir / "vault" / str(file_of(twins[gone]).stored_object)).unlink()
    assert len(look_at_originals(0, []).wrong) == 1
    share_equal(0)
    assert_one(twins, var_dir)
    assert dict(look_at_originals(0, []).wrong) == {}


def test_an_original_that_is_damaged_is_joined_by_nobody(twins: list[Evidence], post_deposit: Post, var_dir: Path) -> None:
    share_equal(0)
    path = var_dir / "vault" / names()[0]
    right = path.read_bytes()
    path.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
    assert post_deposit(document(), CONTENT).status_code == 201
    for _ in range(2):
        share_equal(0)
    late = Evidence.objects.order_by("-id")[0]
    assert content_of(file_of(late)) == CONTENT
    assert StoredObject.objects.count() == 2
    assert {each.evidence_id for each in Quarantine.objects.all()} == {record.pk for record in twins}, "both at once"


def test_records_that_share_are_quarantined_and_repaired_together(
    twins: list[Evidence], var_dir: Path, tmp_path: Path, settings: Settings
) -> None:
    settings.VAULT_COPY = tmp_path / "second"
    settings.VAULT_COPY.mkdir()
    share_equal(0)
    copy_originals(0)
    path = var_dir / "vault" / names()[0]
    right = path.read_bytes()
    path.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
    looked = look_at_originals(0, [])
    assert (dict(looked.wrong), len(looked.repaired)) == ({}, 1)
    for record in twins:
        events = CustodyEvent.objects.filter(evidence=record).order_by("sequence").values_list("event", flat=True)
        assert list(events)[2:] == ["record:quarantined", "record:repaired", "record:released"]
    assert (path.read_bytes(), open_incidents(), list(examine_evidence())) == (right, [], [])


def test_what_is_in_the_clear_is_shared_once_it_is_encrypted(twins: list[Evidence], var_dir: Path) -> None:
    make_clear(twins[0])
    share_equal(0)
    assert StoredObject.objects.count() == 2
    encrypt_all()
    share_equal(0)
    assert_one(twins, var_dir)


def test_an_erasure_between_the_reading_and_the_moving_wins(twins: list[Evidence], var_dir: Path) -> None:
    keeper, row = (file_of(record) for record in twins)
    erase_originals([twins[1].pk])
    with pytest.raises(ShareLost):
        share(row, keeper)
    assert file_of(twins[1]).stored_object is None
    assert content_of(file_of(twins[0])) == CONTENT
    assert len(lying(var_dir / "vault")) == 1


def test_nobody_joins_what_the_last_erasure_took(twins: list[Evidence], var_dir: Path) -> None:
    keeper, row = (file_of(record) for record in twins)
    taken = var_dir / "taken"
    (var_dir / "vault" / str(keeper.stored_object)).rename(taken)
    erase_originals([twins[0].pk])
    taken.rename(var_dir / "vault" / str(keeper.stored_object))  # as if it had been read just before
    with pytest.raises(ShareLost):
        share(row, keeper)
    assert content_of(file_of(twins[1])) == CONTENT


@pytest.fixture
def many(post_deposit: Post) -> list[Evidence]:
    for _ in range(12):
        assert post_deposit(document(), CONTENT).status_code == 201
    return list(Evidence.objects.order_by("id"))


def test_sharing_beside_sharing_and_erasures_leaves_each_record_its_own_and_no_byte_of_nobody(
    many: list[Evidence], var_dir: Path, publish: Callable[[], None]
) -> None:
    erased = [record.pk for record in many[::2]]

    def work(turn: int) -> None:
        if turn % 2:
            erase_originals([erased[turn // 2]])
        else:
            share_equal(0)

    in_parallel(work, 2 * len(erased), threads=4)
    for record in many[1::2]:
        assert content_of(file_of(record)) == CONTENT
    assert not EvidenceFile.objects.filter(evidence__in=erased, stored_object__isnull=False).exists()
    named = set(EvidenceFile.objects.filter(stored_object__isnull=False).values_list("stored_object__name", flat=True))
    assert (set(names()), set(lying(var_dir / "vault"))) == (named, named)
    erase_originals([record.pk for record in many])
    assert (names(), lying(var_dir / "vault")) == ([], [])


def test_the_same_file_from_several_hands_at_one_moment_lies_once_in_the_end(
    key: str, var_dir: Path, publish: Callable[[], None]
) -> None:
    def upload(number: int) -> int:
        data, kind = deposit_body(document(case=f"LN-{number}"), CONTENT)
        return Client().post("/api/v1/evidence", data, content_type=kind, headers={"Authorization": f"Bearer {key}"}).status_code

    assert in_parallel(upload, 4, threads=4) == [201] * 4
    publish()
    enqueue_daily_jobs(now=timezone.now())
    assert run_job(Job.objects.get(kind=SHARE_EQUAL).pk)
    assert_one(list(Evidence.objects.order_by("id")), var_dir)
    assert hashlib.sha256(CONTENT).hexdigest() not in names()[0]

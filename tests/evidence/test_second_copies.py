"""Second copies: made after the deposit, and of sound originals only; a damaged original is repaired from its own, and nothing is lost."""
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.services import create_organisation, issue_api_key
from common.failpoints import InjectedFault, plan
from common.jobs import Job, RunAgain, enqueue_daily_jobs, run_job
from common.object_store import FileObjectStore, StoreAwayError
from config.env import ObjectPlace
from evidence import copies
from evidence.copies import COPY_ORIGINALS, copy_originals, waiting_count
from evidence.copy_fixity import look_at_copies
from evidence.erasing import erase_originals
from evidence.failpoints import REPAIR
from evidence.fixity import look_at_originals
from evidence.fsck import examine_evidence
from evidence.models import CustodyEvent, Evidence, EvidenceFile, FixityRound
from evidence.quarantine_rows import Quarantine
from evidence.record_keys import open_original
from evidence.repairs import COPY_AWAY, REPAIR_ORIGINAL, repair_original
from ledger.incidents import ORIGINAL_CHANGED, incidents, open_incidents
from tests.common.buckets import REGION, Bucket, bucket, s3_server
from tests.conftest import Start
from tests.depositing import Post, deposit_body, document
from vault.models import StoredObject
from vault.storage import ASIDE, copy_store, vault_store
from vault.sweeping import sweep_stores
from vault.tasks import sweep_copies_of_the_day

__all__ = ["bucket", "s3_server"]

CONTENT = [b"the first recording", b"the second recording"]
LATER = timedelta(days=3)


@pytest.fixture
def second(tmp_path: Path, settings: Settings) -> Path:
    """The folder of second copies, made by hand as an operator makes it."""
    folder = tmp_path / "second"
    folder.mkdir()
    settings.VAULT_COPY = folder
    return folder


@pytest.fixture
def records(second: Path, post_deposit: Post, publish: Callable[[], None]) -> list[Evidence]:
    """Two records with an original each, of one organisation; nothing is copied yet."""
    for content in CONTENT:
        assert post_deposit(document(), content).status_code == 201
    publish()
    return list(Evidence.objects.order_by("id"))


@pytest.fixture
def copied(records: list[Evidence]) -> list[Evidence]:
    copy_originals(0)
    return records


def names() -> list[str]:
    return list(StoredObject.objects.order_by("id").values_list("name", flat=True))


def content_of(record: Evidence) -> bytes:
    with open_original(EvidenceFile.objects.select_related("evidence", "stored_object").get(evidence=record)) as original:
        return original.read()


def events(record: Evidence) -> list[str]:
    """What a trail says after the deposit itself."""
    return list(CustodyEvent.objects.filter(evidence=record).order_by("sequence").values_list("event", flat=True)[2:])


def put_aside(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob(f"*{ASIDE}*")]


def damage(path: Path) -> bytes:
    """A bit of the object flipped; the bytes that lie there then."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    return bytes(data)


def everything_is_right(records: list[Evidence]) -> None:
    assert [content_of(record) for record in records] == CONTENT
    assert list(examine_evidence()) == []
    assert not StoredObject.objects.filter(mending_since__isnull=False).exists()


def test_a_deposit_does_not_wait_for_the_copy_and_the_copy_is_the_very_ciphertext(
    records: list[Evidence], second: Path, var_dir: Path
) -> None:
    assert (list(second.rglob("*")), waiting_count()) == ([], 2)
    copy_originals(0)
    copy_originals(0)
    for name in names():
        lying = (second / name).read_bytes()
        assert lying == (var_dir / "vault" / name).read_bytes()
        assert not any(content in lying for content in CONTENT)
    assert (waiting_count(), len([path for path in second.rglob("*") if path.is_file()])) == (0, 2)
    everything_is_right(records)


def test_without_a_second_store_nothing_is_copied_and_nothing_waits(post_deposit: Post) -> None:
    assert post_deposit(document(), CONTENT[0]).status_code == 201
    copy_originals(0)
    assert (copy_store(), waiting_count(), look_at_copies(0, []).objects) == (None, None, 0)
    assert not StoredObject.objects.filter(copied_at__isnull=False).exists()
    repair_original(EvidenceFile.objects.get().pk)
    assert content_of(Evidence.objects.get()) == CONTENT[0]


def test_a_run_ends_with_its_bytes_and_asks_for_another(records: list[Evidence], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "MAX_BYTES", 1)
    with pytest.raises(RunAgain):
        copy_originals(0)
    assert waiting_count() == 1
    copy_originals(0)
    assert waiting_count() == 0


def test_a_damaged_original_is_never_copied_and_does_not_keep_others_from_it(
    records: list[Evidence], second: Path, var_dir: Path
) -> None:
    damage(var_dir / "vault" / names()[0])
    copy_originals(0)
    assert [(second / name).exists() for name in names()] == [False, True]
    assert [each.evidence for each in Quarantine.objects.all()] == [records[0]]
    assert waiting_count() == 0, "it is known to be damaged, and not read every minute"


def test_bytes_behind_the_end_are_no_original_either(records: list[Evidence], second: Path, var_dir: Path) -> None:
    with (var_dir / "vault" / names()[0]).open("ab") as file:
        file.write(b"more")
    copy_originals(0)
    assert [(second / name).exists() for name in names()] == [False, True]


def test_a_copy_store_that_is_away_takes_nothing_and_is_not_made(records: list[Evidence], second: Path, post_deposit: Post) -> None:
    second.rmdir()
    assert post_deposit(document(), b"a third").status_code == 201
    with pytest.raises(StoreAwayError):
        copy_originals(0)
    assert not second.exists(), "a disk that is not mounted is not written to beside itself"
    second.mkdir()
    copy_originals(0)
    assert waiting_count() == 0


@pytest.fixture
def small(second: Path) -> Iterator[Path]:
    """A second store that takes no object of 9 MiB: a small file system where mounting is allowed, elsewhere files that may not grow."""
    words = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(second)]
    try:
        mounted = subprocess.run(words, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    if not mounted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 20, before[1]))
    yield second
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    if mounted:
        subprocess.run(["umount", "--lazy", str(second)], check=True)


def test_a_full_disk_of_the_copies_stops_no_deposit_and_leaves_no_half_copy(
    second: Path, post_deposit: Post, request: pytest.FixtureRequest
) -> None:
    assert post_deposit(document(), bytes(9 << 20)).status_code == 201
    request.getfixturevalue("small")
    assert post_deposit(document(), CONTENT[0]).status_code == 201
    copy_originals(0)
    assert waiting_count() == 1
    [path] = [path for path in second.rglob("*") if path.is_file()]
    assert path.relative_to(second).as_posix() == names()[1], "the small one was copied, and of the large one nothing stays"
    assert content_of(Evidence.objects.order_by("id")[0]) == bytes(9 << 20)


@pytest.mark.parametrize("damaged", [True, False])
def test_a_damaged_or_missing_original_is_repaired_and_everything_that_happened_is_told(
    copied: list[Evidence], second: Path, var_dir: Path, damaged: bool
) -> None:
    path = var_dir / "vault" / names()[0]
    right, lying = path.read_bytes(), b""
    if damaged:
        lying = damage(path)
    else:
        path.unlink()
    looked = look_at_originals(0, [])
    assert dict(looked.wrong) == {}
    assert len(looked.repaired) == 1
    assert "restored from the second copy" in looked.repaired[0]
    assert path.read_bytes() == right
    assert put_aside(var_dir) == ([lying] if damaged else []), "the damaged bytes are kept for the inquiry"
    everything_is_right(copied)
    assert events(copied[0]) == ["record:quarantined", "record:repaired", "record:released"]
    found = "the original has changed" if damaged else "the original is gone"
    [made] = Quarantine.objects.all()
    assert (made.reason, made.ended_by, made.why_ended) == (
        f"files/1: {found}; it is being repaired from the second copy", None, "restored from the second copy")
    assert [(each.code, each.end.how) for each in incidents()] == [(ORIGINAL_CHANGED, "the original was restored from its second copy")]
    [told] = FixityRound.objects.all()
    assert (told.wrong, told.repaired) == (0, 1)
    assert look_at_originals(0, []).repaired == []


def test_the_command_tells_of_repairs_and_of_what_has_no_copy(
    copied: list[Evidence], var_dir: Path, post_deposit: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(var_dir / "vault" / names()[0])
    assert post_deposit(document(), b"a third").status_code == 201
    call_command("scrub")
    told = capsys.readouterr()
    assert "it was restored from the second copy" in told.err
    assert "3 originals read, 0 differ" in told.out
    assert ("1 restored from the second copy" in told.out, "1 without a second copy yet" in told.out) == (True, True)


def test_when_the_copy_changed_too_the_record_stays_in_quarantine(copied: list[Evidence], second: Path, var_dir: Path) -> None:
    for folder in (var_dir / "vault", second):
        damage(folder / names()[0])
    before = (second / names()[0]).read_bytes()
    [sentence] = look_at_originals(0, []).wrong.values()
    assert sentence.endswith("; the second copy has changed too")
    [made] = Quarantine.objects.all()
    assert (made.reason, made.ended_at) == ("files/1: the original has changed; the second copy has changed too", None)
    assert [each.code for each in open_incidents()] == [ORIGINAL_CHANGED]
    assert (put_aside(var_dir), put_aside(second), (second / names()[0]).read_bytes()) == ([], [], before), "nothing is touched"
    assert not Job.objects.filter(kind=REPAIR_ORIGINAL).exists()
    assert {finding.where for finding in examine_evidence()} == {f"vault/{names()[0]}", f"copy/{names()[0]}"}
    assert content_of(copied[1]) == CONTENT[1]


def test_an_original_without_a_copy_is_quarantined_and_told_so(records: list[Evidence], var_dir: Path) -> None:
    damage(var_dir / "vault" / names()[0])
    [sentence] = look_at_originals(0, []).wrong.values()
    assert sentence.endswith("; there is no second copy")
    assert Quarantine.objects.get().ended_at is None


def test_while_the_copies_are_away_the_record_is_in_quarantine_and_repaired_when_they_are_back(
    copied: list[Evidence], second: Path, var_dir: Path
) -> None:
    lying = damage(var_dir / "vault" / names()[0])
    away = second.rename(second.parent / "away")
    [sentence] = look_at_originals(0, []).wrong.values()
    assert sentence.endswith("; the second copy cannot be reached")
    assert Quarantine.objects.get().ended_at is None
    job = Job.objects.get(kind=REPAIR_ORIGINAL)
    assert (job.last_error, job.done_at) == (COPY_AWAY, None)
    assert (var_dir / "vault" / names()[0]).read_bytes() == lying
    away.rename(second)
    assert run_job(job.pk, now=lambda: timezone.now() + LATER)
    everything_is_right(copied)
    assert Quarantine.objects.get().ended_at is not None


@pytest.mark.parametrize("place", REPAIR)
@pytest.mark.parametrize("damaged", [True, False])
def test_a_repair_that_is_killed_anywhere_is_ended_by_the_next_run(
    copied: list[Evidence], var_dir: Path, place: str, damaged: bool
) -> None:
    path = var_dir / "vault" / names()[0]
    if damaged:
        damage(path)
    else:
        path.unlink()
    with plan(f"{place}=error"):
        looked = look_at_originals(0, [])
    job = Job.objects.get(kind=REPAIR_ORIGINAL)
    passed = not damaged and place.startswith("vault.")
    assert (job.done_at is not None) == passed
    if not passed and place != "evidence.original-restored":
        assert Quarantine.objects.get().ended_at is None
    assert len(looked.repaired) + len(looked.wrong) == 1
    if not passed:
        assert run_job(job.pk, now=lambda: timezone.now() + LATER)
    everything_is_right(copied)
    assert events(copied[0]) == ["record:quarantined", "record:repaired", "record:released"]
    assert open_incidents() == []


def test_a_copy_is_made_once_also_when_its_maker_was_killed(records: list[Evidence], second: Path) -> None:
    with plan("evidence.copy-stored=error"), pytest.raises(InjectedFault):
        copies.copy_original(copies.waiting().order_by("pk")[0], FileObjectStore(second))
    assert ((second / names()[0]).exists(), waiting_count()) == (True, 2)
    copy_originals(0)
    assert waiting_count() == 0
    everything_is_right(records)


def test_other_bytes_in_place_of_a_copy_are_put_aside(records: list[Evidence], second: Path) -> None:
    FileObjectStore(second).put_new(names()[0], [b"something else"])
    copy_originals(0)
    assert put_aside(second) == [b"something else"]
    everything_is_right(records)


def test_an_original_that_somebody_put_right_meanwhile_is_not_called_repaired(copied: list[Evidence], second: Path, var_dir: Path) -> None:
    path = var_dir / "vault" / names()[0]
    right = path.read_bytes()
    damage(path)
    away = second.rename(second.parent / "away")
    look_at_originals(0, [])
    path.write_bytes(right)
    away.rename(second)
    run_job(Job.objects.get(kind=REPAIR_ORIGINAL).pk, now=lambda: timezone.now() + LATER)
    assert events(copied[0]) == ["record:quarantined"]
    assert Quarantine.objects.get().ended_at is None, "a person ends it"


def test_a_vault_that_is_away_is_not_filled_beside_itself(copied: list[Evidence], var_dir: Path) -> None:
    (var_dir / "vault").rename(var_dir / "unmounted")
    looked = look_at_originals(0, [])
    assert (len(looked.wrong), looked.repaired, Quarantine.objects.count()) == (2, [], 0)
    assert not (var_dir / "vault").exists()
    (var_dir / "unmounted").rename(var_dir / "vault")
    everything_is_right(copied)


def test_one_of_two_damaged_originals_of_a_record_does_not_end_its_quarantine(second: Path, post_deposit: Post, var_dir: Path) -> None:
    files = [{"name": name, "media_type": "audio/wav"} for name in ("a.wav", "b.wav")]
    assert post_deposit(document(files=files), *CONTENT).status_code == 201
    copy_originals(0)
    for name in names():
        damage(var_dir / "vault" / name)
    damage(second / names()[1])
    looked = look_at_originals(0, [])
    assert (len(looked.repaired), len(looked.wrong)) == (1, 1)
    record = Evidence.objects.get()
    assert events(record) == ["record:quarantined", "record:repaired"]
    assert Quarantine.objects.get().ended_at is None


def test_copies_are_read_too_and_one_that_rotted_is_made_anew(copied: list[Evidence], second: Path) -> None:
    lying = damage(second / names()[0])
    (second / names()[1]).unlink()
    assert {finding.where for finding in examine_evidence()} == {f"copy/{name}" for name in names()}
    looked = look_at_copies(0, [])
    assert len(looked.wrong) == 2
    assert all(sentence.endswith("it is made anew") for sentence in looked.wrong.values())
    assert Quarantine.objects.count() == 0, "a copy is no evidence"
    copy_originals(0)
    assert dict(look_at_copies(0, list(looked.wrong)).wrong) == {}
    assert put_aside(second) == [lying]
    everything_is_right(copied)


def test_copies_that_are_away_are_one_sentence_and_lose_nothing(copied: list[Evidence], second: Path) -> None:
    second.rename(second.parent / "away")
    looked = look_at_copies(0, [])
    assert (len(looked.wrong), looked.last, waiting_count()) == (1, 0, 0)


@pytest.fixture
def elsewhere(copied: list[Evidence], client: Client) -> EvidenceFile:
    """The one original of another organisation, with its copy; its row is the last."""
    other = create_organisation("另一消费金融有限公司", now=timezone.now())
    key = issue_api_key(other, label="test", now=timezone.now(), valid_for=timedelta(days=1))[1]
    data, kind = deposit_body(document(), b"a recording of another")
    answer = client.post("/api/v1/evidence", data, content_type=kind, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 201
    copy_originals(0)
    return EvidenceFile.objects.select_related("evidence__organisation", "stored_object").latest("pk")


def test_the_only_copy_of_an_organisation_is_made_anew_where_others_have_theirs(elsewhere: EvidenceFile, second: Path) -> None:
    (second / str(elsewhere.stored_object)).unlink()
    looked = look_at_copies(0, [])
    assert (looked.objects, looked.last, list(looked.wrong)) == (3, 0, [elsewhere.pk])
    assert looked.wrong[elsewhere.pk].endswith("it is made anew")
    copy_originals(0)
    assert look_at_copies(0, []).wrong == {}


def test_in_an_empty_folder_nothing_is_made_anew_and_every_copy_is_missed(elsewhere: EvidenceFile, second: Path) -> None:
    shutil.rmtree(second)
    second.mkdir()
    looked = look_at_copies(0, [])
    assert (looked.objects, looked.last, len(looked.wrong), waiting_count()) == (3, 0, 3, 0)


@pytest.mark.parametrize("broken", ["key", "claims"])
def test_a_copy_that_cannot_be_judged_does_not_keep_the_others_from_it(
    elsewhere: EvidenceFile, copied: list[Evidence], second: Path, var_dir: Path, broken: str
) -> None:
    if broken == "key":
        (var_dir / "keys" / "vault" / copied[0].organisation.ref).rename(var_dir / "taken")
    else:
        Evidence.objects.filter(pk__in=[record.pk for record in copied]).update(sealed_claims=b"nobody opens this")
    damage(second / str(elsewhere.stored_object))
    looked = look_at_copies(0, [])
    assert (looked.objects, looked.last, len(looked.wrong)) == (3, 0, 3)
    assert looked.wrong[elsewhere.pk].endswith("it is made anew")
    assert waiting_count() == 1, "of what could not be judged nothing is forgotten"


def test_what_cannot_be_copied_does_not_keep_the_others_from_it(
    records: list[Evidence], second: Path, var_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (var_dir / "vault" / names()[0]).unlink()
    monkeypatch.setattr(copies, "MAX_BYTES", 1)
    copy_originals(0)
    assert [(second / name).exists() for name in names()] == [False, True]


def test_an_erased_record_is_erased_in_both_stores_with_what_was_put_aside(copied: list[Evidence], second: Path, var_dir: Path) -> None:
    erased, kept = names()
    damage(var_dir / "vault" / erased)
    look_at_originals(0, [])
    assert len(put_aside(var_dir)) == 1
    assert sweep_stores(now=timezone.now() + LATER) == 0, "what was put aside stays as long as the record's content"
    assert erase_originals([copied[0].pk]) == []
    for folder in (var_dir / "vault", second):
        assert [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()] == [kept]
    assert content_of(copied[1]) == CONTENT[1]


@pytest.mark.parametrize("killed", [True, False])
def test_what_an_erasure_could_not_reach_is_swept_when_it_can(copied: list[Evidence], second: Path, var_dir: Path, killed: bool) -> None:
    erased, kept = names()
    away = second.rename(second.parent / "away")
    if killed:
        with plan("evidence.originals-unnamed=error"), pytest.raises(InjectedFault):
            erase_originals([copied[0].pk])
    else:
        assert erase_originals([copied[0].pk]) == [erased]
    with pytest.raises(StoreAwayError):
        sweep_copies_of_the_day(0)
    away.rename(second)
    sweep_copies_of_the_day(0)
    assert sweep_stores(now=timezone.now() + LATER) == (2 if killed else 1), "what is younger than a day is left"
    for folder in (var_dir / "vault", second):
        assert [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()] == [kept]


def test_a_copy_that_comes_after_the_erasure_does_not_stay(records: list[Evidence], second: Path) -> None:
    row = copies.waiting().order_by("pk")[0]
    name = names()[0]
    shutil.copytree(vault_store().root, second, dirs_exist_ok=True)  # type: ignore[attr-defined]  # files
    StoredObject.objects.filter(name=name).update(name=f"{name}x")
    assert copies.copy_original(row, FileObjectStore(second)) is False
    assert not (second / name).exists()


def test_originals_and_copies_in_two_buckets(
    settings: Settings, bucket: Bucket, post_deposit: Post, publish: Callable[[], None]
) -> None:
    settings.VAULT_STORE = ObjectPlace(bucket.name, "vault/", bucket.endpoint, REGION, 0, "COMPLIANCE")
    settings.VAULT_COPY = ObjectPlace(bucket.name, "second/", bucket.endpoint, REGION, 0, "COMPLIANCE")
    for content in CONTENT:
        assert post_deposit(document(), content).status_code == 201
    publish()
    copy_originals(0)
    records = list(Evidence.objects.order_by("id"))
    everything_is_right(records)
    for name, body in zip(names(), (b"another", None), strict=True):
        if body is None:
            bucket.client.delete_object(Bucket=bucket.name, Key=f"vault/{name}")
        else:
            bucket.client.put_object(Bucket=bucket.name, Key=f"vault/{name}", Body=body)
    looked = look_at_originals(0, [])
    assert (len(looked.repaired), dict(looked.wrong)) == (2, {})
    everything_is_right(records)
    [aside] = [name for name in vault_store().list("") if ASIDE in name]
    with vault_store().open(aside) as file:
        assert file.read() == b"another"
    assert erase_originals([record.pk for record in records]) == []
    assert [*vault_store().list(""), *(copy_store() or vault_store()).list("")] == []


def test_under_object_lock_the_damaged_version_stays_and_the_name_is_right_again(
    settings: Settings, bucket: Bucket, post_deposit: Post, publish: Callable[[], None], second: Path
) -> None:
    locked = f"{bucket.name[:50]}-locked"
    bucket.client.create_bucket(Bucket=locked, ObjectLockEnabledForBucket=True)
    settings.VAULT_STORE = ObjectPlace(locked, "vault/", bucket.endpoint, REGION, 1, "COMPLIANCE")
    for content in CONTENT:
        assert post_deposit(document(), content).status_code == 201
    publish()
    copy_originals(0)
    key = f"vault/{names()[0]}"
    bucket.client.put_object(Bucket=locked, Key=key, Body=b"another")
    assert len(look_at_originals(0, []).repaired) == 1
    everything_is_right(list(Evidence.objects.order_by("id")))
    versions = bucket.client.list_object_versions(Bucket=locked, Prefix=key)["Versions"]
    assert len([version for version in versions if version["Key"] == key]) >= 2, "what was locked could not be deleted, and was not"


def test_a_scrub_that_is_killed_with_nothing_under_the_name_is_followed_by_the_worker(
    copied: list[Evidence], second: Path, var_dir: Path, start: Start
) -> None:
    damage(var_dir / "vault" / names()[0])
    killed = start("manage.py", "scrub", CUNZHENG_VAULT_COPY=str(second), CUNZHENG_FAILPOINTS="vault.damaged-set-aside=kill")
    assert killed.wait(60) == -signal.SIGKILL
    assert not (var_dir / "vault" / names()[0]).exists()
    assert Quarantine.objects.get().ended_at is None
    job = Job.objects.get(kind=REPAIR_ORIGINAL)
    assert not run_job(job.pk), "the dead one's lease still runs"
    assert run_job(job.pk, now=lambda: timezone.now() + LATER)
    everything_is_right(copied)
    assert events(copied[0]) == ["record:quarantined", "record:repaired", "record:released"]


def test_the_worker_makes_copies_by_itself(records: list[Evidence]) -> None:
    enqueue_daily_jobs(now=timezone.now())
    assert run_job(Job.objects.get(kind=COPY_ORIGINALS).pk)
    assert waiting_count() == 0

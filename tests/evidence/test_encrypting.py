"""What was deposited before encryption is encrypted by a command that may die anywhere, and nothing is lost or left in the clear."""
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from common.failpoints import InjectedFault, plan
from evidence.encrypting import SwapLost, clear_records, encrypt_all, encrypt_record
from evidence.errors import ClaimsErased
from evidence.fsck import examine_evidence
from evidence.models import ApplicationPaper, Evidence, EvidenceFile
from evidence.papers import bytes_of
from evidence.record_keys import claims_in, open_original
from sandbox.set_up import tell_what_is_in_the_clear
from tests.conftest import Start
from tests.depositing import Post, batch, document
from tests.evidence.clear import lies_in_the_clear, make_clear, make_paper_clear
from tests.evidence.letting_in import apply_now, operators
from vault.models import Cipher, StoredObject
from vault.storage import vault_store

SECRETS = [b"the first recording of an agent", b"the second recording of an agent", b"the third recording of an agent"]
TITLE = "催收通话录音".encode()


@pytest.fixture
def clear(post_deposit: Post, post_batch: Post, publish: Callable[[], None]) -> list[Evidence]:
    """Two records with originals and one by digest, from before encryption."""
    files = [{"name": name, "media_type": "audio/wav"} for name in ("a.wav", "b.wav")]
    assert post_deposit(document(files=files), *SECRETS[:2]).status_code == 201
    assert post_deposit(document(), SECRETS[2]).status_code == 201
    assert post_batch(batch(1)).status_code == 201
    publish()
    rows = Evidence.objects.select_related("organisation").order_by("id")
    for record in rows:
        make_clear(record)
    return list(rows.all())


def everything_opens() -> None:
    read = []
    for file in EvidenceFile.objects.filter(stored_object__isnull=False).select_related("evidence", "stored_object").order_by("id"):
        with open_original(file) as original:
            read.append(original.read())
    assert read == SECRETS
    assert all(claims_in(record) for record in Evidence.objects.all())
    assert list(examine_evidence()) == []


def test_what_is_in_the_clear_can_be_read_until_it_is_encrypted_and_afterwards(
    clear: list[Evidence], var_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    everything_opens()
    tell_what_is_in_the_clear()
    assert "encrypt_vault" in capsys.readouterr().out
    assert all(lies_in_the_clear(var_dir, secret) for secret in SECRETS)
    assert TITLE in bytes(Evidence.objects.order_by("id")[0].sealed_claims or b"")
    call_command("encrypt_vault")
    everything_opens()
    assert [lies_in_the_clear(var_dir, secret) for secret in SECRETS] == [[], [], []]
    assert not any(TITLE in bytes(record.sealed_claims or b"") for record in Evidence.objects.all())
    assert set(StoredObject.objects.values_list("cipher", "clear_name")) == {(Cipher.TINK, None)}
    assert list(clear_records()) == []
    capsys.readouterr()
    tell_what_is_in_the_clear()
    assert capsys.readouterr().out == ""
    before = list(Evidence.objects.order_by("id").values_list("wrapped_key", flat=True))
    assert (encrypt_all().records, encrypt_all().papers) == (0, 0)
    assert list(Evidence.objects.order_by("id").values_list("wrapped_key", flat=True)) == before


@pytest.mark.parametrize("where", [
    "evidence.encrypted-copies-stored=kill@2", "evidence.encrypted-before-commit=kill@1", "evidence.encrypted-rows-swapped=kill@1",
    "evidence.clear-original-removed=kill@2"])
def test_killed_in_the_middle_it_is_taken_up_again(clear: list[Evidence], var_dir: Path, start: Start, where: str) -> None:
    assert start("manage.py", "encrypt_vault", CUNZHENG_FAILPOINTS=where).wait(timeout=60) == -9
    assert list(StoredObject.objects.filter(cipher=Cipher.PLAIN)) or lies_in_the_clear(var_dir, SECRETS[0]) or lies_in_the_clear(
        var_dir, SECRETS[2]), "it died before the end"
    for file in EvidenceFile.objects.filter(stored_object__isnull=False).select_related("evidence", "stored_object"):
        open_original(file).close()
    call_command("encrypt_vault")
    everything_opens()
    assert [lies_in_the_clear(var_dir, secret) for secret in SECRETS] == [[], [], []]


def test_an_original_that_was_changed_is_left_as_it_is_and_named(
    clear: list[Evidence], var_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [path] = lies_in_the_clear(var_dir, SECRETS[2])
    path.write_bytes(b"somebody else's words")
    with pytest.raises(CommandError):
        call_command("encrypt_vault")
    assert clear[1].record in capsys.readouterr().err
    assert path.read_bytes() == b"somebody else's words"
    assert [record.record for record in clear_records()] == [clear[1].record]
    assert [lies_in_the_clear(var_dir, secret) for secret in SECRETS[:2]] == [[], []]
    assert len(list(vault_store().list(""))) == 3, "the copy that was made of it is gone"


def test_whoever_loses_the_swap_gives_the_copies_up(clear: list[Evidence]) -> None:
    encrypt_all()
    names = set(vault_store().list(""))
    with pytest.raises(SwapLost):
        encrypt_record(clear[0])
    assert set(vault_store().list("")) == names
    everything_opens()


def test_a_database_that_fails_leaves_the_record_readable(clear: list[Evidence]) -> None:
    with plan("evidence.encrypted-before-commit=error"), pytest.raises(InjectedFault):
        encrypt_all()
    everything_opens()


def test_a_record_whose_key_is_destroyed_is_unreadable_for_good(post_deposit: Post, var_dir: Path) -> None:
    assert post_deposit(document(), SECRETS[0]).status_code == 201
    record, file = Evidence.objects.get(), EvidenceFile.objects.select_related("evidence", "stored_object").get()
    Evidence.objects.update(wrapped_key=None)
    record.refresh_from_db()
    file.evidence.refresh_from_db()
    for attempt in (lambda: claims_in(record), lambda: open_original(file)):
        with pytest.raises(ClaimsErased) as refused:
            attempt()
        assert "依法" not in f"{refused.value.title}{refused.value.sentence()}", "no law was asked, and no erasure stands in the log"
    assert list(clear_records()) == [], "nothing of it is taken for a record from before encryption"
    assert lies_in_the_clear(var_dir, SECRETS[0]) == []
    assert TITLE not in bytes(record.sealed_claims or b"")


def test_papers_are_encrypted_too(service: str, var_dir: Path) -> None:
    operators()
    apply_now()
    papers = list(ApplicationPaper.objects.select_related("stored_object__organisation").order_by("id"))
    whole = [bytes_of(paper) for paper in papers]
    assert [lies_in_the_clear(var_dir, data) for data in whole] == [[], []]
    for paper in papers:
        make_paper_clear(paper)
    assert all(lies_in_the_clear(var_dir, data) for data in whole)
    outcome = encrypt_all()
    assert (outcome.papers, outcome.left) == (len(papers), [])
    fresh = list(ApplicationPaper.objects.select_related("stored_object__organisation").order_by("id"))
    assert [bytes_of(paper) for paper in fresh] == whole
    assert [lies_in_the_clear(var_dir, data) for data in whole] == [[] for _ in whole]

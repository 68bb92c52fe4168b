"""A change of an organisation's key wraps its records' keys again and touches nothing else; it may die anywhere."""
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from accounts.models import Application, Organisation
from cases.models import Case
from evidence import encrypting, papers
from evidence.models import ApplicationPaper, Evidence, EvidenceFile
from evidence.own_deposits import the_operator
from evidence.papers import bytes_of
from evidence.record_keys import claims_in, open_original, record_key
from evidence.rewrapping import still_wrapped_by_older_keys
from tests.conftest import Start
from tests.depositing import Post, batch, document
from tests.evidence.clear import make_clear, make_paper_clear
from tests.evidence.letting_in import apply_now, operators
from tests.evidence.test_case_chain import in_parallel
from vault.errors import KeyUnavailable
from vault.keys import key_provider
from vault.wrapping import KeyProvider, id_in


@pytest.fixture
def deposits(post_deposit: Post, post_batch: Post) -> None:
    assert post_deposit(document(), b"recording").status_code == 201
    assert post_batch(batch(3)).status_code == 201


def ids() -> list[bytes]:
    return [id_in(bytes(key or b"")) for key in Evidence.objects.order_by("id").values_list("wrapped_key", flat=True)]


def everything_opens() -> None:
    with open_original(EvidenceFile.objects.select_related("evidence", "stored_object").get(stored_object__isnull=False)) as original:
        assert original.read() == b"recording"
    assert all(claims_in(record) for record in Evidence.objects.all())


def contents(var_dir: Path) -> tuple[object, ...]:
    """All that holds content: sealed claims, sealed keys of originals, the vault's bytes."""
    files = {path: path.read_bytes() for path in (var_dir / "vault").rglob("*") if path.is_file()}
    return list(Evidence.objects.order_by("id").values_list("sealed_claims")), list(EvidenceFile.objects.values_list("content_key")), files


def test_each_record_has_a_key_of_its_own(deposits: None) -> None:
    keys = [record_key(record) for record in Evidence.objects.all()]
    assert len({key for key in keys if key is not None}) == len(keys) == 4


def test_a_new_key_wraps_everything_again_and_no_content_changes(deposits: None, organisation: Organisation, var_dir: Path) -> None:
    before, [old] = contents(var_dir), set(ids())
    call_command("rotate_vault_key", organisation.ref)
    assert set(ids()) == {key_provider().present_id(organisation.ref)} != {old}
    assert contents(var_dir) == before
    everything_opens()
    key_provider().destroy(old)
    everything_opens()


def test_killed_in_the_middle_it_goes_on_with_the_same_key(deposits: None, organisation: Organisation, start: Start) -> None:
    [old] = set(ids())
    process = start("manage.py", "rotate_vault_key", organisation.ref, CUNZHENG_FAILPOINTS="evidence.key-rewrapped=kill@2")
    assert process.wait(timeout=60) == -9
    assert ids().count(old) == 2
    everything_opens()
    assert still_wrapped_by_older_keys(organisation) == {old}
    call_command("rotate_vault_key", organisation.ref, "--resume")
    assert set(ids()) == {key_provider().present_id(organisation.ref)}
    assert still_wrapped_by_older_keys(organisation) == set()
    everything_opens()


def test_an_older_key_is_destroyed_only_on_demand(deposits: None, organisation: Organisation, capsys: pytest.CaptureFixture[str]) -> None:
    old_row = Evidence.objects.order_by("id")[0]
    call_command("rotate_vault_key", organisation.ref)
    assert "kept" in capsys.readouterr().out
    assert claims_in(old_row), "a row of a backup still opens"
    old_row.refresh_from_db()
    call_command("rotate_vault_key", organisation.ref, "--destroy-older")
    assert "destroyed" in capsys.readouterr().out
    with pytest.raises(KeyUnavailable):
        claims_in(old_row)
    everything_opens()


def test_a_deposit_that_had_begun_before_the_change_is_waited_for(deposits: None, organisation: Organisation) -> None:
    """It wrapped under the older key, and commits when the command is at work already."""
    wrapped = threading.Event()
    late = Evidence.objects.latest("id")

    def deposit(_turn: int) -> None:
        provider = key_provider()
        with transaction.atomic():
            list(Case.objects.select_for_update().order_by("pk"))
            [key] = provider.wrap(organisation.ref, [(provider.unwrap(bytes(late.wrapped_key or b""), late.record), late.record)])
            wrapped.set()
            time.sleep(1)
            Evidence.objects.filter(pk=late.pk).update(wrapped_key=key)

    def change(_turn: int) -> None:
        assert wrapped.wait(60)
        call_command("rotate_vault_key", organisation.ref, "--destroy-older")

    works = (deposit, change)
    in_parallel(lambda turn: works[turn](turn), 2, threads=2)
    assert set(ids()) == {key_provider().present_id(organisation.ref)}
    everything_opens()


class SlowToStore:
    """The keys in use; what they wrapped stands in no row yet for a second."""

    def __init__(self, keys: KeyProvider, wrapped: threading.Event) -> None:
        self.keys, self.wrapped = keys, wrapped

    def wrap(self, organisation_ref: str, keys: Sequence[tuple[bytes, str]]) -> list[bytes]:
        made = self.keys.wrap(organisation_ref, keys)
        self.wrapped.set()
        time.sleep(1)
        return made


@pytest.mark.parametrize("what", ["record", "paper", "new papers"])
def test_whatever_else_wraps_a_key_is_waited_for_too(
    deposits: None, organisation: Organisation, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The encryption of what is older, and papers that come, beside a key change that destroys the older key."""
    operators()
    apply_now()
    owner = organisation if what == "record" else the_operator()
    if what == "record":
        make_clear(Evidence.objects.order_by("id")[0])
    elif what == "paper":
        make_paper_clear(ApplicationPaper.objects.select_related("stored_object__organisation").order_by("id")[0])
    wrapped = threading.Event()
    slow = SlowToStore(key_provider(), wrapped)
    for module in (encrypting, papers):
        monkeypatch.setattr(module, "key_provider", lambda: slow)

    def wrap(_turn: int) -> None:
        if what == "new papers":
            paper = papers.Paper(ApplicationPaper.Kind.LICENCE, b"%PDF-1.7 one more")
            papers.supplement(Application.objects.get(), [paper], now=timezone.now())
        else:
            encrypting.encrypt_all()

    def change(_turn: int) -> None:
        assert wrapped.wait(60)
        call_command("rotate_vault_key", owner.ref, "--destroy-older")

    works = (wrap, change)
    in_parallel(lambda turn: works[turn](turn), 2, threads=2)
    monkeypatch.undo()
    everything_opens()
    for paper in ApplicationPaper.objects.select_related("stored_object__organisation"):
        assert bytes_of(paper)


def test_the_operators_papers_are_wrapped_again_too(service: str) -> None:
    operators()
    apply_now()
    paper = ApplicationPaper.objects.select_related("stored_object__organisation").order_by("id")[0]
    whole, operator = bytes_of(paper), paper.stored_object.organisation
    call_command("rotate_vault_key", operator.ref, "--destroy-older")
    paper.refresh_from_db()
    assert bytes_of(paper) == whole


def test_an_unknown_organisation_is_refused(service: str) -> None:
    with pytest.raises(CommandError):
        call_command("rotate_vault_key", "nobody")

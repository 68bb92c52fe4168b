"""A record as it lay before there was encryption: claims and originals in the clear, and no key."""
from pathlib import Path

from evidence.models import ApplicationPaper, Evidence, EvidenceFile
from evidence.papers import bytes_of
from evidence.record_keys import open_original, record_key
from vault.models import Cipher, StoredObject
from vault.sealing import open_sealed
from vault.storage import fresh_name, vault_store


def make_clear(record: Evidence) -> dict[str, bytes]:
    """Undo encryption; names in the vault and what lies there now."""
    lying, key = {}, record_key(record)
    assert key is not None
    claims = open_sealed(bytes(record.sealed_claims or b""), key, record.record)
    for file in EvidenceFile.objects.filter(evidence=record, stored_object__isnull=False).select_related("evidence", "stored_object"):
        assert file.stored_object is not None
        with open_original(file) as original:
            data = original.read()
        lying[_in_the_clear(file.stored_object, record.organisation.ref, data)] = data
    EvidenceFile.objects.filter(evidence=record).update(content_key=None)
    Evidence.objects.filter(pk=record.pk).update(wrapped_key=None, sealed_claims=claims)
    return lying


def make_paper_clear(paper: ApplicationPaper) -> str:
    """The same for a paper; its name in the vault."""
    data = bytes_of(paper)
    ApplicationPaper.objects.filter(pk=paper.pk).update(wrapped_key=None)
    return _in_the_clear(paper.stored_object, paper.stored_object.organisation.ref, data)


def _in_the_clear(stored: StoredObject, organisation_ref: str, data: bytes) -> str:
    name = fresh_name(organisation_ref)
    vault_store().put_new(name, [data])
    vault_store().delete(stored.name)
    StoredObject.objects.filter(pk=stored.pk).update(name=name, cipher=Cipher.PLAIN)
    return name


def lies_in_the_clear(var_dir: Path, secret: bytes) -> list[Path]:
    """Every file of the vault that holds these bytes."""
    return [path for path in (var_dir / "vault").rglob("*") if path.is_file() and secret in path.read_bytes()]

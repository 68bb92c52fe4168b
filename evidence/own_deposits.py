"""What the operator deposits for itself: agreements, documents of the platform, the practice record. Through the one deposit there is.

The credential that its statements name is a key of the operator that was revoked as it was made and never had a secret: it opens
nothing, and says that the service itself deposited. Who was behind it, the deposit's own metadata tells.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from accounts.models import ApiKey, Organisation
from accounts.permissions import Kind
from accounts.services import make_dead_key
from common.errors import DomainError
from common.idempotency import IdempotentRequest, fingerprint
from common.tenancy import on_behalf_of
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.errors import OperatorMissing
from evidence.services import acknowledged_before, deposit
from tlog.canonical import canonical_json
from tlog.digests import sha256
from vault.storage import vault_store
from vault.uploads import store_upload

OWN_KEY = "运营方自身存证"


@dataclass(frozen=True, slots=True)
class OwnFile:
    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class OwnDeposit:
    """`key` makes it one deposit however often it is tried; `case` is the operator's own reference."""

    key: str
    case: str
    kind: str
    title: str
    files: Sequence[OwnFile]
    metadata: Mapping[str, object]


def the_operator() -> Organisation:
    """Raises OperatorMissing before `manage.py bootstrap`."""
    found = Organisation.objects.filter(kind=Kind.OPERATOR).first()
    if found is None:
        raise OperatorMissing
    return found


def deposit_own(wanted: OwnDeposit, *, now: datetime) -> str:
    """The record's number; durable on return, and the same number for the same deposit tried again.

    Raises OperatorMissing, IdempotencyKeyReused, and what `evidence.services.deposit` raises.
    """
    operator = the_operator()
    with on_behalf_of(operator.pk):
        return _deposit(operator, wanted, now)


def _deposit(operator: Organisation, wanted: OwnDeposit, now: datetime) -> str:
    depositor = Depositor(operator, _own_credential(operator, now))
    told = canonical_json({"case": wanted.case, "kind": wanted.kind, "title": wanted.title, "metadata": dict(wanted.metadata)})
    request = IdempotentRequest(wanted.key, fingerprint("own", told, [sha256(file.data) for file in wanted.files]))
    earlier = acknowledged_before(depositor, request)
    if earlier is not None:
        return earlier.records[0]
    items = tuple(_stored(operator, file) for file in wanted.files)
    item = DepositItem(wanted.case, wanted.kind, wanted.title, items, wanted.metadata, by_service=True)
    try:
        answer = deposit(depositor, [item], now=now, request=request)
    except DomainError:
        _discard(items)
        raise
    if answer.repeated:
        _discard(items)
    return answer.records[0]


def _stored(operator: Organisation, file: OwnFile) -> FileItem:
    kept = store_upload(vault_store(), operator.ref, [file.data])
    return FileItem(file.name, file.media_type, kept.size_bytes, kept.sha256.hex(), kept.sm3.hex(), kept)


def _discard(items: Sequence[FileItem]) -> None:
    """Remove originals of a deposit that did not come about, or was a twin's."""
    for item in items:
        if item.stored is not None:
            vault_store().delete(item.stored.name)


def _own_credential(operator: Organisation, now: datetime) -> int:
    known = ApiKey.objects.filter(organisation=operator, label=OWN_KEY, revoked_at=F("created_at")).order_by("id").first()
    return (known or make_dead_key(operator, label=OWN_KEY, now=now)).pk

"""关联说明: to say later how two records of a case belong together. It is a deposit like any other: a record of its own says so.

Nothing of the two records changes. What the new record's claims say, a row repeats, so that both show it.
"""
from datetime import datetime

from django.utils.translation import gettext as _

from common.idempotency import IdempotentRequest, fingerprint
from evidence.capture import DepositItem, Depositor, FileItem, Related
from evidence.errors import InvalidRecord
from evidence.intake import deposit_upload
from evidence.kinds import RELATION
from evidence.models import Evidence, Relation
from evidence.multipart import Originals
from evidence.related import FORWARD
from tlog.times import CHINA

FILE_NAME = "关联说明.txt"
LONGEST_REASON = 1000
WORDS = dict(Relation.Kind.choices)


def relate(
    depositor: Depositor, source: Evidence, relation: str, target: Evidence, *, reason: str, now: datetime, retry: IdempotentRequest | None
) -> str:
    """Deposit what says that `source` belongs to `target`, both open to the depositor; the new record's number.

    Raises InvalidRecord, and what a deposit raises; nothing was written then. With an earlier key, its answer again.
    """
    if relation not in FORWARD:
        raise InvalidRecord(pointer="/relation", reason=_("请从列表中选择关联。"))
    if source.case_id != target.case_id or source.pk == target.pk:
        raise InvalidRecord(pointer="/record", reason=_("关联的存证须是同一案件的另一份存证。"))
    upload = Originals(source.organisation.ref)

    def read() -> tuple[DepositItem, IdempotentRequest | None]:
        upload.take_file(iter([_paper(source, relation, target, reason, now)]))
        [stored] = upload.stored
        file = FileItem(FILE_NAME, "text/plain", stored.size_bytes, stored.sha256.hex(), stored.sm3.hex(), stored)
        return DepositItem(
            source.case.ref if depositor.entrusted else source.case.client_reference, RELATION, f"关联说明：{source.record}", (file,),
            {"source": source.record, "relation": relation, "target": target.record, "reason": reason or None},
            by_service=True, related=(Related(relation, target.pk, source.pk),)), retry

    return deposit_upload(depositor, upload, read).records[0]


def relating(source: Evidence, relation: str, target: str, reason: str, *, key: str | None) -> IdempotentRequest | None:
    """The request that `relate` is for this key; None without one."""
    asked = f"{source.record}\n{relation}\n{target}\n{reason}".encode()
    return None if key is None else IdempotentRequest(key, fingerprint("relate", asked, []))


def _paper(source: Evidence, relation: str, target: Evidence, reason: str, now: datetime) -> bytes:
    """What a reader of the package opens: plain words, the same as the claims."""
    moment = now.astimezone(CHINA).isoformat(sep=" ", timespec="seconds")
    return f"存证 {source.record} {WORDS[relation]} 存证 {target.record}。\n说明：{reason or '未提供'}\n时间：{moment}\n".encode()

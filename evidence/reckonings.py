"""Deposit a case's reckoning sheet (计算表): its very bytes become a record of the case, of a kind of its own.

The sheet says what was reckoned with and how, so that a court can follow every sum; the deposit says that it was so on that day. It says
nothing of whether the facts of the file are true. The bytes are durable in the vault before the transaction begins, as with every deposit.
"""
from datetime import date, datetime

from cases.reckoning.sheet import SHEET_TYPE, sheet_json
from cases.reckonings import reckoning_of
from cases.selectors import CaseFile
from common.errors import DomainError
from common.idempotency import IdempotentRequest
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.services import Acknowledgement, acknowledged_before, deposit
from vault.storage import vault_store
from vault.uploads import StoredFile, store_upload

KIND = "reckoning_sheet"


def deposit_sheet(
    depositor: Depositor, file: CaseFile, on: date, *, now: datetime, request: IdempotentRequest | None = None
) -> Acknowledgement:
    """One record with the sheet of `on`; durable on return. A retry gets its first answer, whatever the file says by now.

    Raises ReckoningImpossible, and what `evidence.services.deposit` raises; nothing was written then.
    """
    if request is not None and (earlier := acknowledged_before(depositor, request)) is not None:
        return earlier
    reckoning = reckoning_of(file, on)
    sheet, store = sheet_json(reckoning), vault_store()
    stored, unknown = store_upload(store, depositor.organisation.ref, [sheet]), True
    try:
        answer = deposit(depositor, [_item(file, on, f"{reckoning.total.total:.2f}", stored)], now=now, request=request)
        unknown = not answer.repeated  # a concurrent twin was first: the record's original is the twin's, ours is nobody's
    except DomainError:
        unknown = False
        raise
    finally:
        # Otherwise the outcome may be unknown (a connection lost during COMMIT), and only the sweeper decides, by the rows.
        if not unknown:
            store.delete(stored.name)
    return answer


def _item(file: CaseFile, on: date, total: str, stored: StoredFile) -> DepositItem:
    name = f"reckoning-{on.isoformat()}.json"
    return DepositItem(
        file.case.client_reference, KIND, f"计算表（截至 {on.isoformat()}）",
        (FileItem(name, "application/json", stored.size_bytes, stored.sha256.hex(), stored.sm3.hex(), stored),),
        {"on": on.isoformat(), "total_yuan": total, "file_version": file.case.file_version},
        {"generation": "由本服务按案件档案计算", "tool": "cases.reckoning", "tool_version": SHEET_TYPE}, by_service=True)

"""`manifest.json`: the nine deposits of the case, in the shape of the public API.

What it is for: each entry is the JSON part of one `POST /api/v1/evidence` (`case`, `subject`, `provenance`, `files`), and each
file has one more key, `path`, that says where its bytes are beside the manifest. Digests are of those bytes.

What it does not do: invent provenance. What an exporting system did not record is null.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from samples import facts, loan, mail, recording
from samples.conversations import CALL_ANSWERED, CHAT, SMS
from samples.facts import shanghai, utc_text
from samples.loan import money
from samples.tool_made import CALL_WAV, CONTRACT, LETTER
from tlog.digests import sm3

Json = dict[str, Any]

DISBURSEMENT, LEDGER, OVERDUE, MESSAGES = "disbursement.csv", "repayment-ledger.csv", "overdue-statement.csv", "sms-export.csv"
CALL_RECORD, CHAT_EXPORT = f"{facts.CALL_ID}.json", "chat-export.json"
EMAIL_RECEIPT, COURIER_RECEIPT = "email-delivery-receipt.eml", "courier-delivery-receipt.eml"
NAMES = {
    CONTRACT: "个人消费借款合同.pdf", LETTER: "律师函（2026）衡川函字第0427号.pdf",
    DISBURSEMENT: "放款明细.csv", LEDGER: "还款流水台账.csv", OVERDUE: "逾期欠款计算表.csv",
}
MEDIA_TYPES = {"pdf": "application/pdf", "csv": "text/csv", "wav": "audio/wav", "json": "application/json", "eml": "message/rfc822"}
CORE_SYSTEM = "样例云杉信贷核心系统"
CALL_CENTRE = "样例青禾呼叫中心"
EXPORTER = {"tool": "证据导出程序 evidence-export", "tool_version": "3.8.1"}


def file_entry(path: str, data: bytes) -> Json:
    """Return one file as the API takes it, and its `path`; its name is what people called it."""
    return {"path": path, "name": NAMES.get(path, path), "media_type": MEDIA_TYPES[path.rpartition(".")[2]],
            "sha256": sha256(data).hexdigest(), "sm3": sm3(data).hex()}


def provenance(captured_from: str, captured_until: str, **known: Any) -> Json:
    """Return a provenance with everything that is not `known` null; the times are Shanghai wall time."""
    fields: Json = dict.fromkeys(("source_system", "generation", "collector", "tool", "tool_version"))
    fields |= {"captured_from": utc_text(shanghai(captured_from)), "captured_until": utc_text(shanghai(captured_until)),
               "clock_offset_ms": None, "device": None, "environment": None}
    assert set(known) <= set(fields), "only the fields of a provenance"
    return fields | known


def contract_deposit() -> Json:
    """The signed loan contract."""
    return {
        "subject": {"kind": "contract", "title": "个人消费借款合同（电子签署）", "metadata": {
            "contract_number": facts.CONTRACT_NUMBER, "signed_on": facts.SIGNED_ON.isoformat(), "signing_method": "electronic_signature",
            "principal_yuan": money(loan.PRINCIPAL), "annual_rate_percent": str(loan.ANNUAL_RATE_PERCENT), "term_months": loan.TERM_MONTHS,
            "deposit_clause": "9.1", "service_address_clause": "10.1", "dispute_clause": "11.1"}},
        "provenance": provenance(
            "2026-07-24 09:02:10", "2026-07-24 09:02:11", source_system=CORE_SYSTEM, generation="双方电子签署完成时由合同系统生成并归档",
            collector="样例云杉 业务档案岗", **EXPORTER, clock_offset_ms=-12, device="archive-02",
            environment={"os": "Debian 12", "time_source": "ntp", "integrity_check": "passed"}),
        "files": [CONTRACT],
    }


def disbursement_deposit() -> Json:
    """The payment of the loan to the borrower."""
    return {
        "subject": {"kind": "disbursement", "title": "借款发放明细", "metadata": {
            "contract_number": facts.CONTRACT_NUMBER, "amount_yuan": money(loan.PRINCIPAL), "disbursed_at": utc_text(loan.DISBURSED_AT),
            "bank_reference": loan.BANK_REFERENCE}},
        "provenance": provenance(
            "2026-07-24 09:03:00", "2026-07-24 09:03:00", source_system=CORE_SYSTEM, generation="放款指令经银行确认后由核心系统自动记账",
            collector="样例云杉 业务档案岗", **EXPORTER, clock_offset_ms=-12, device="archive-02",
            environment={"os": "Debian 12", "time_source": "ntp"}),
        "files": [DISBURSEMENT],
    }


def ledger_deposit() -> Json:
    """The repayments, and what they leave overdue."""
    arrears = loan.arrears_on(facts.LETTER_DATE)
    sums = loan.total_of(arrears)
    return {
        "subject": {"kind": "repayment_ledger", "title": "还款流水台账与逾期欠款计算表", "metadata": {
            "contract_number": facts.CONTRACT_NUMBER, "as_of": facts.LETTER_DATE.isoformat(),
            "overdue_instalments": [item.instalment for item in arrears], "overdue_principal_yuan": money(sums.principal),
            "overdue_interest_yuan": money(sums.interest), "penalty_yuan": money(sums.penalty), "overdue_total_yuan": money(sums.total)}},
        "provenance": provenance(
            "2026-07-20 14:10:00", "2026-07-20 14:10:03", source_system=CORE_SYSTEM,
            generation="每次扣款后由核心系统自动记账；计算表按合同第 6.1 款由系统计算",
            collector="样例云杉 贷后管理岗", **EXPORTER, clock_offset_ms=-9, device="archive-02",
            environment={"os": "Debian 12", "time_source": "ntp"}),
        "files": [LEDGER, OVERDUE],
    }


def sms_deposit() -> Json:
    """The short messages, with the gateway's delivery states."""
    return {
        "subject": {"kind": "sms", "title": "短信发送与回复记录", "metadata": {
            "contract_number": facts.CONTRACT_NUMBER, "message_count": len(SMS), "first_sent_at": utc_text(SMS[0].sent),
            "last_sent_at": utc_text(SMS[-1].sent)}},
        "provenance": provenance(
            "2026-07-24 09:05:00", "2026-07-24 09:05:02", source_system="样例云杉短信网关",
            generation="短信提交与运营商状态报告由网关自动记录",
            collector="样例云杉 贷后管理岗", tool="短信网关管理后台", tool_version=None),
        "files": [MESSAGES],
    }


def call_deposit(wav: bytes) -> Json:
    """The recorded call and the call centre's record of it."""
    return {
        "subject": {"kind": "call_recording", "title": "贷后沟通通话录音（2026-06-15）", "metadata": {
            "contract_number": facts.CONTRACT_NUMBER, "call_id": facts.CALL_ID, "direction": "outbound", "agent_id": facts.AGENT_ID,
            "answered_at": utc_text(CALL_ANSWERED), "duration_ms": recording.duration_ms(wav), "recording_announced": True,
            "outcome": "promise_to_pay"}},
        "provenance": provenance(
            "2026-06-15 14:32:07", "2026-06-15 14:32:40", source_system=CALL_CENTRE, generation="接通后由录音服务器自动录制，挂断时封存",
            collector="样例青禾 坐席 QH-017", tool="录音服务器 callrec", tool_version="5.2.0", clock_offset_ms=41, device="REC-GW-01",
            environment={"codec": "pcm_s16le", "sample_rate_hz": "8000", "channels": "1", "time_source": "ntp"}),
        "files": [CALL_WAV, CALL_RECORD],
    }


def chat_deposit() -> Json:
    """The chat with customer service."""
    return {
        "subject": {"kind": "instant_message", "title": "应用内在线客服会话", "metadata": {
            "contract_number": facts.CONTRACT_NUMBER, "channel": "app_customer_service", "message_count": len(CHAT),
            "first_sent_at": utc_text(CHAT[0].sent), "last_sent_at": utc_text(CHAT[-1].sent), "identity_checked": True}},
        "provenance": provenance(
            "2026-07-24 09:06:30", "2026-07-24 09:06:31", source_system="样例云杉在线客服系统", generation="会话消息由客服系统逐条自动记录",
            collector="样例云杉 客服质检岗", tool=None, tool_version=None),
        "files": [CHAT_EXPORT],
    }


def letter_deposit() -> Json:
    """The demand letter as it was sent."""
    arrears = loan.arrears_on(facts.LETTER_DATE)
    return {
        "subject": {"kind": "demand_notice", "title": "律师函（2026）衡川函字第0427号", "metadata": {
            "contract_number": facts.CONTRACT_NUMBER, "letter_number": facts.LETTER_NUMBER, "issued_on": facts.LETTER_DATE.isoformat(),
            "demanded_yuan": money(loan.total_of(arrears).total), "pay_by": facts.PAY_BY.isoformat(),
            "channels": ["email", "courier"]}},
        "provenance": provenance(
            "2026-07-20 16:48:00", "2026-07-20 16:48:00", source_system="样例衡川函件管理系统", generation="承办律师审核后由系统排版定稿",
            collector=f"{facts.LAW_FIRM.name} 承办律师", tool="函件管理系统", tool_version="1.14"),
        "files": [LETTER],
    }


def receipt_deposits(letter_sha256: str) -> list[Json]:
    """How the letter arrived: by mail and by courier; both name the letter by its digest."""
    common = {"contract_number": facts.CONTRACT_NUMBER, "letter_number": facts.LETTER_NUMBER, "notice_sha256": letter_sha256}
    return [{
        "subject": {"kind": "delivery_receipt", "title": "律师函电子邮件投递回执", "metadata": common | {
            "channel": "email", "message_id": mail.MESSAGE_ID, "sent_at": utc_text(mail.MAILED_AT), "arrived_at": utc_text(mail.ARRIVED_AT),
            "read_at": None, "status": "arrived"}},
        "provenance": provenance(
            "2026-07-20 17:05:12", "2026-07-20 17:05:20", source_system="样例衡川邮件系统",
            generation="收件方邮件服务器自动返回投递状态通知（RFC 3464）",
            collector=f"{facts.LAW_FIRM.name} 行政岗", tool="邮件客户端导出", tool_version=None),
        "files": [EMAIL_RECEIPT],
    }, {
        "subject": {"kind": "delivery_receipt", "title": "律师函快递签收回执", "metadata": common | {
            "channel": "courier", "waybill": facts.WAYBILL, "sent_at": utc_text(mail.POSTED_AT), "arrived_at": utc_text(mail.SIGNED_AT),
            "signed_by": "addressee", "status": "signed"}},
        "provenance": provenance(
            "2026-07-23 11:30:02", "2026-07-23 11:30:05", source_system="样例衡川邮件系统", generation="快递公司签收后自动发送签收通知",
            collector=f"{facts.LAW_FIRM.name} 行政岗", tool="邮件客户端导出", tool_version=None),
        "files": [COURIER_RECEIPT],
    }]


def make_manifest(files: Mapping[str, bytes]) -> list[Json]:
    """Return the deposits in the order in which things happened, with the digests of `files` (bytes by path)."""
    letter_sha256 = sha256(files[LETTER]).hexdigest()
    deposits: Sequence[Json] = [
        contract_deposit(), disbursement_deposit(), sms_deposit(), call_deposit(files[CALL_WAV]), chat_deposit(), ledger_deposit(),
        letter_deposit(), *receipt_deposits(letter_sha256)]
    return [{"case": facts.CASE_REFERENCE} | deposit | {"files": [file_entry(path, files[path]) for path in deposit["files"]]}
            for deposit in deposits]


def manifest_bytes(files: Mapping[str, bytes]) -> bytes:
    """Return `manifest.json`: indented so that a person can read it; no floats anywhere."""
    return (json.dumps(make_manifest(files), ensure_ascii=False, indent=2) + "\n").encode()

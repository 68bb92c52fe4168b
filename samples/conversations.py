"""What was said and written to the borrower: short messages, the call, the chat.

What it is for: the words of the case, in one place where they can be read together. They follow the rules for a debtor's
messages: identity is confirmed before the debt is mentioned, nobody else is told, no threat, no word borrowed from an authority.

What it does not do: file formats of tables (`samples.tables`) and of sound (`samples.recording`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from samples import facts
from samples.facts import shanghai


@dataclass(frozen=True, slots=True)
class Sms:
    """One short message; `direction` is 下行 (to the borrower) or 上行 (from the borrower)."""

    sent: datetime
    arrived: datetime
    direction: str
    template: str
    text: str
    status: str = "已送达"


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance of the recorded call; `voice` is a voice of espeak-ng."""

    speaker: str
    text: str
    voice: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of the chat in the lender's app; `sender` is borrower, agent or system."""

    sent: datetime
    sender: str
    text: str


SMS = (
    Sms(shanghai("2026-01-12 10:06:20"), shanghai("2026-01-12 10:06:24"), "下行", "T-LOAN-01",
        "【样例云杉】您的借款12000.00元已发放至尾号4270的账户，共12期，每月12日还款，首期应还1108.00元。如非本人操作请联系客服15400000100。"),
    Sms(shanghai("2026-02-10 09:30:00"), shanghai("2026-02-10 09:30:03"), "下行", "T-DUE-01",
        "【样例云杉】温馨提示：您本期应还1108.00元，还款日为2月12日，请保证账户余额充足。如已还款请忽略。"),
    Sms(shanghai("2026-03-13 10:00:00"), shanghai("2026-03-13 10:00:05"), "下行", "T-OVD-01",
        "【样例云杉】您第2期应还1099.00元扣款未成功，请及时还款，逾期本金按日0.045%计收罚息。如已还款请忽略。"),
    Sms(shanghai("2026-04-13 10:00:00"), shanghai("2026-04-13 10:00:04"), "下行", "T-OVD-02",
        "【样例云杉】您第3期已收到还款500.00元，尚欠本金590.00元，请及时还款。如有疑问请联系客服15400000100。"),
    Sms(shanghai("2026-05-14 10:00:00"), shanghai("2026-05-14 10:00:06"), "下行", "T-OVD-01",
        "【样例云杉】您第4期应还1081.00元扣款未成功，请及时还款，逾期本金按日0.045%计收罚息。如已还款请忽略。"),
    Sms(shanghai("2026-06-14 10:00:00"), shanghai("2026-06-14 10:00:04"), "下行", "T-OVD-01",
        "【样例云杉】您第5期应还1072.00元扣款未成功，请及时还款，逾期本金按日0.045%计收罚息。如已还款请忽略。"),
    Sms(shanghai("2026-06-14 12:17:42"), shanghai("2026-06-14 12:17:43"), "上行", "",
        "收到，最近手头紧，发了工资就还。", "已接收"),
    Sms(shanghai("2026-07-14 10:00:00"), shanghai("2026-07-14 10:00:05"), "下行", "T-OVD-01",
        "【样例云杉】您第6期应还1063.00元扣款未成功，请及时还款，逾期本金按日0.045%计收罚息。如已还款请忽略。"),
    Sms(shanghai("2026-07-21 10:30:00"), shanghai("2026-07-21 10:30:04"), "下行", "T-LTR-01",
        "【样例云杉】我司委托的律师事务所已向您约定的电子邮箱和通讯地址发出律师函，请查收。如需协商还款安排请联系客服15400000100。"),
)

CALL_STARTED = shanghai("2026-06-15 14:32:07")
CALL_ANSWERED = shanghai("2026-06-15 14:32:19")
CALL = (
    Turn("agent", "您好，请问是周先生本人吗？本次通话有录音。", "cmn-latn-pinyin+f2"),
    Turn("borrower", "是我本人，您请说。", "cmn-latn-pinyin+m3"),
    Turn("agent", "您的借款已经逾期，请您尽快还款。", "cmn-latn-pinyin+f2"),
    Turn("borrower", "我知道欠款，七月底以前我先还一部分。", "cmn-latn-pinyin+m3"),
    Turn("agent", "好的，已经为您登记，谢谢。", "cmn-latn-pinyin+f2"),
)

CHAT = (
    ChatMessage(shanghai("2026-06-20 19:04:11"), "borrower", "你好，我想问一下我现在一共欠多少？"),
    ChatMessage(shanghai("2026-06-20 19:04:12"), "system", "您已接入在线客服，本会话将被记录。"),
    ChatMessage(shanghai("2026-06-20 19:05:30"), "agent", "您好，为保护您的信息，请先在应用内完成身份核验。"),
    ChatMessage(shanghai("2026-06-20 19:06:58"), "system", "身份核验已通过。"),
    ChatMessage(shanghai("2026-06-20 19:08:02"), "agent",
                "截至今日，第3期尚欠本金590.00元，第4期应还1081.00元，第5期应还1072.00元，罚息按逾期本金每日0.045%另计。"),
    ChatMessage(shanghai("2026-06-20 19:09:47"), "borrower", "这个数我认，就是一下子拿不出来，能不能分几个月还？"),
    ChatMessage(shanghai("2026-06-20 19:11:20"), "agent",
                "可以提交分期申请，由贷款人审核，结果会在三个工作日内通知您；审核期间罚息照常计算。"),
    ChatMessage(shanghai("2026-06-20 19:12:33"), "borrower", "好，我先想想，月底前给你们答复。"),
    ChatMessage(shanghai("2026-06-20 19:12:51"), "agent", "好的，感谢您的配合，祝您生活愉快。"),
)


def as_json(value: Mapping[str, object]) -> bytes:
    """Return `value` as the exporting systems write JSON: indented, UTF-8, one newline at the end."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def call_record(recording: bytes, duration_ms: int) -> bytes:
    """Return the call centre's record of the call, which names its recording by digest.

    `duration_ms` is the length of the recording; the call ended when it did.
    """
    return as_json({
        "call_id": facts.CALL_ID,
        "direction": "outbound",
        "agent_id": facts.AGENT_ID,
        "caller": facts.AGENCY.phone,
        "callee": facts.BORROWER.phone,
        "contract_number": facts.CONTRACT_NUMBER,
        "started_at": facts.utc_text(CALL_STARTED),
        "answered_at": facts.utc_text(CALL_ANSWERED),
        "talk_duration_ms": duration_ms,
        "ended_by": "agent",
        "recording": {"file_name": f"{facts.CALL_ID}.wav", "sha256": sha256(recording).hexdigest(), "size_bytes": len(recording)},
        "recording_announced": True,
        "identity_confirmed": True,
        "outcome": "promise_to_pay",
        "promise": {"amount_yuan": None, "pay_by": "2026-07-31"},
        "transcript": {"source": "machine", "reviewed_by": None, "turns": [{"speaker": turn.speaker, "text": turn.text} for turn in CALL]},
    })


def chat_export() -> bytes:
    """Return the chat as the customer service system exports it."""
    names = {"borrower": "C-000427", "agent": "YS-KF-03", "system": "SYSTEM"}
    return as_json({
        "export_version": "2.3",
        "channel": "app_customer_service",
        "conversation_id": "CHAT-20260620-190411-0427",
        "contract_number": facts.CONTRACT_NUMBER,
        "participants": [
            {"id": names["borrower"], "role": "borrower", "identity_checked": True},
            {"id": names["agent"], "role": "agent", "identity_checked": None},
        ],
        "time_zone": "Asia/Shanghai",
        "messages": [
            {"message_id": f"M{number:05d}", "sent_at": facts.utc_text(message.sent), "sender": names[message.sender],
             "sender_role": message.sender, "type": "text", "text": message.text, "recalled": False}
            for number, message in enumerate(CHAT, start=1)
        ],
    })

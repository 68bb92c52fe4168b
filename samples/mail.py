"""The two delivery receipts of the demand letter, as mail files: one from the courier, one from the recipient's mail server.

What it is for: `.eml` files as a mailbox exports them (RFC 5322, CRLF): a courier's notice with its tracking data attached, and a
delivery status notification (RFC 3464, `multipart/report`). They are written out by hand, line for line, so that
no version of a mail library changes a byte.

What it does not do: prove that anybody read the letter. The notification says that the mail reached the mailbox, the courier
says who signed.
"""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from samples import facts
from samples.facts import shanghai

MAILED_AT = shanghai("2026-07-20 17:05:12")
ARRIVED_AT = shanghai("2026-07-20 17:05:16")
POSTED_AT = shanghai("2026-07-21 09:40:00")
SIGNED_AT = shanghai("2026-07-23 11:26:08")
COURIER_MAILED_AT = shanghai("2026-07-23 11:30:02")
MESSAGE_ID = "<20260720170512.0427@hengchuan-law.example>"
ENVELOPE_ID = "HC-2026-0427"

TRACKING = (
    (POSTED_AT, "collected", "样例市示范新区营业点已收件"),
    (shanghai("2026-07-21 20:15:33"), "in_transit", "已到达样例市分拨中心"),
    (shanghai("2026-07-22 08:02:10"), "in_transit", "已发往虚构区营业点"),
    (shanghai("2026-07-23 08:31:47"), "out_for_delivery", "派送中"),
    (SIGNED_AT, "signed", "已签收，签收人：本人"),
)


def word(text: str) -> str:
    """Return `text` as one encoded word of a header (RFC 2047); at most 45 bytes of UTF-8 fit."""
    data = text.encode()
    assert len(data) <= 45, "an encoded word is at most 75 characters"
    return f"=?UTF-8?B?{base64.b64encode(data).decode()}?="


def wrapped(data: bytes) -> list[str]:
    """Return the lines of a base64 body (RFC 2045: 76 characters)."""
    text = base64.b64encode(data).decode()
    return [text[start:start + 76] for start in range(0, len(text), 76)]


def joined(lines: Sequence[str]) -> bytes:
    """Return the bytes of a mail file: ASCII, CRLF after each line."""
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def date_line(moment: datetime) -> str:
    """Return a Date header."""
    return f"Date: {format_datetime(moment)}"


def tracking_data() -> bytes:
    """Return the courier's data about the waybill, as JSON."""
    return (json.dumps({
        "waybill": facts.WAYBILL,
        "reference": facts.LETTER_NUMBER,
        "sender": facts.LAW_FIRM.name,
        "recipient": facts.BORROWER.name,
        "recipient_phone": facts.BORROWER.phone,
        "recipient_address": facts.BORROWER.address,
        "content_declared": "律师函 1 份",
        "signed_by": "本人",
        "events": [{"at": facts.utc_text(at), "status": status, "text": text} for at, status, text in TRACKING],
    }, ensure_ascii=False, indent=2) + "\n").encode()


def courier_receipt() -> bytes:
    """Return the courier's mail to the law firm: the letter was signed for."""
    text = (f"{facts.LAW_FIRM.name}：\r\n\r\n您交寄的邮件已签收。\r\n运单号：{facts.WAYBILL}\r\n"
            f"交寄备注：{facts.LETTER_NUMBER}\r\n签收时间：{facts.local_text(SIGNED_AT)}\r\n签收人：本人\r\n\r\n"
            f"运单轨迹见附件。本邮件由系统自动发送。\r\n{facts.COURIER}\r\n")
    boundary = "=_courier_20260723_0427"
    return joined([
        "Return-Path: <notice@yangli-express.example>",
        "Received: from out1.yangli-express.example (192.0.2.25)",
        f"\tby mx.hengchuan-law.example (192.0.2.80) with ESMTPS; {format_datetime(COURIER_MAILED_AT)}",
        f"From: {word('样例速递')} <notice@yangli-express.example>",
        f"To: {facts.LAW_FIRM.email}",
        f"Subject: {word('签收通知')} {facts.WAYBILL}",
        date_line(COURIER_MAILED_AT),
        f"Message-ID: <{facts.WAYBILL}.signed@yangli-express.example>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
        "", f"--{boundary}",
        "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64",
        "", *wrapped(text.encode()),
        f"--{boundary}",
        "Content-Type: application/json", "Content-Transfer-Encoding: base64",
        f'Content-Disposition: attachment; filename="{facts.WAYBILL}.json"',
        "", *wrapped(tracking_data()),
        f"--{boundary}--",
    ])


def original_headers() -> list[str]:
    """Return the headers of the mail that carried the letter, as the notification gives them back."""
    return [
        f"From: {word(facts.LAW_FIRM.name)} <{facts.LAW_FIRM.email}>",
        f"To: {facts.BORROWER.email}",
        f"Subject: {word('律师函')} {word(facts.LETTER_NUMBER)}",
        date_line(MAILED_AT),
        f"Message-ID: {MESSAGE_ID}",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="=_letter_20260720_0427"',
    ]


def email_receipt() -> bytes:
    """Return the recipient's mail server's notification: the letter is in the mailbox (RFC 3464)."""
    text = (f"您于 {facts.local_text(MAILED_AT)} 发送的邮件已投递至收件人邮箱：\r\n\r\n{facts.BORROWER.email}\r\n\r\n"
            "本通知仅表示邮件已到达收件人邮箱，不表示收件人已经阅读。\r\n")
    boundary = "=_dsn_20260720_0427"
    return joined([
        "Return-Path: <>",
        "Received: from mx.mail.example (192.0.2.143)",
        f"\tby mx.hengchuan-law.example (192.0.2.80) with ESMTPS; {format_datetime(ARRIVED_AT)}",
        f"From: {word('邮件系统')} <MAILER-DAEMON@mx.mail.example>",
        f"To: {facts.LAW_FIRM.email}",
        f"Subject: {word('投递成功通知')} (Delivery Status Notification: Success)",
        date_line(ARRIVED_AT),
        "Message-ID: <dsn-20260720090516-0427@mx.mail.example>",
        f"In-Reply-To: {MESSAGE_ID}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="{boundary}"',
        "", f"--{boundary}",
        "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64",
        "", *wrapped(text.encode()),
        f"--{boundary}",
        "Content-Type: message/delivery-status",
        "", "Reporting-MTA: dns; mx.mail.example",
        f"Original-Envelope-Id: {ENVELOPE_ID}",
        "Received-From-MTA: dns; out.hengchuan-law.example",
        f"Arrival-Date: {format_datetime(MAILED_AT)}",
        "", f"Original-Recipient: rfc822;{facts.BORROWER.email}",
        f"Final-Recipient: rfc822;{facts.BORROWER.email}",
        "Action: delivered",
        "Status: 2.0.0",
        "Diagnostic-Code: smtp; 250 2.0.0 Message accepted for delivery",
        f"Last-Attempt-Date: {format_datetime(ARRIVED_AT)}",
        "", f"--{boundary}",
        "Content-Type: text/rfc822-headers",
        "", *original_headers(),
        "", f"--{boundary}--",
    ])

"""What a person says of the files that he deposits, read from a form's fields. What he does not know stays null, and the claim says so.

Pure: no clock, no database. Times on forms are those of China, as on all pages.
"""
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import zip_longest

import msgspec
from django.utils.translation import gettext as _

from common.idempotency import IdempotentRequest, fingerprint
from evidence.capture import DepositItem, FileItem
from evidence.csv_exports import Examined, is_export
from evidence.errors import DigestMismatch, InvalidRecord
from evidence.export_words import report_of
from evidence.kinds import KINDS, proposed_kind
from evidence.kinds.schemas import current_schemas
from evidence.kinds.words import AUTHORITY, CARRIER, MEASURED, SELF_CHECK, SELF_CHECKS
from evidence.multipart import MultipartForm, NamedPart
from evidence.portal.kind_forms import PREFIX, metadata_of
from evidence.portal.relation_fields import relations_of
from tlog.times import CHINA, format_time
from vault.uploads import StoredFile

KEY = re.compile(r"[A-Za-z0-9-]{16,64}", re.ASCII)
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?", re.ASCII)
DECIMAL = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,8})?", re.ASCII)
MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,100}", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
UNKNOWN_TYPE = "application/octet-stream"
LONGEST_NAME, LONGEST_TITLE, LONGEST_TEXT = 255, 500, 2000
TEXTS = ("source_system", "generation", "collector", "tool", "tool_version", "device")
PLACE = ("latitude", "longitude", "accuracy_m")
# How far a clock may be wrong and still be called measured: beyond it the device has no clock, or somebody plays.
LARGEST_OFFSET_MS = 366 * 86_400_000
CLIENT_TIME = re.compile(r"[0-9]{1,16}", re.ASCII)
# No part of what is deposited, or another at each try: the page's token, the key itself, what the browser computed to compare, its clock.
NOT_DEPOSITED = frozenset({"csrfmiddlewaretoken", "key", "sha256", "client_time", "as_it_is"})


def item_of(reference: str, form: MultipartForm, *, arrived: datetime) -> DepositItem:
    """The record that this form asks for, in the case of that reference; `arrived`: when its fields did, by our clock.

    Raises InvalidRecord naming the field, DigestMismatch.
    """
    fields = form.fields
    if not form.stored:
        raise InvalidRecord(pointer="/file", reason=_("请选择要存证的文件。"))
    check_digests(fields.get("sha256", ""), form.stored)
    kind = fields.get("kind", "") or proposed_kind(form.parts[0].name)
    if kind not in KINDS:
        raise InvalidRecord(pointer="/kind", reason=_("请从列表中选择证据种类。"))
    check_files(kind, form, as_it_is=bool(fields.get("as_it_is")))
    files = tuple(file_of(part, stored) for part, stored in zip(form.parts, form.stored, strict=True))
    title = _text(fields, "title", LONGEST_TITLE) or files[0].name
    note = _text(fields, "note", LONGEST_TEXT)
    told = placed(kind, fields)
    metadata = metadata_of(kind, told, moment=moment_of, note=note)
    if relations := relations_of(fields):
        metadata["relations"] = relations
    return DepositItem(reference, kind, title, files, metadata, provenance_of(told, arrived=arrived))


def check_digests(declared: str, stored: Sequence[StoredFile]) -> None:
    """Compare what the browser computed, one digest a file in their order, empty where it computed none. Raises DigestMismatch."""
    digests = declared.split(" ") if declared.strip() else []
    for number, (digest, file) in enumerate(zip_longest(digests, stored), start=1):
        if digest and (file is None or digest != file.sha256.hex()):
            raise DigestMismatch(pointer="/sha256", file=number, algorithm="sha256")


def placed(kind: str, fields: Mapping[str, str]) -> Mapping[str, str]:
    """The fields, with the place of an item that a phone has kept since an earlier version where the kind's schema has it.

    That version told the place as provenance. What was typed into the kind's own fields stands, and then the other stays beside it.
    """
    own = {f"{PREFIX}{name}": fields.get(name, "").strip() for name in PLACE}
    if "latitude" not in current_schemas()[kind].fields or not any(own.values()) or any(fields.get(name, "").strip() for name in own):
        return fields
    return {**{name: value for name, value in fields.items() if name not in PLACE}, **own}


def check_files(kind: str, form: MultipartForm, *, as_it_is: bool) -> None:
    """Say of each file what is wrong with it; an export with faults goes through when who deposits has seen them. Raises InvalidRecord."""
    told = [
        _("“{name}”是空文件（0 字节），没有可以存证的内容；请重新导出或选择。").format(name=part.name)
        for part, stored in zip(form.parts, form.stored, strict=True) if stored.size_bytes == 0]
    if not told and not as_it_is:
        told += [
            _export_faults(part.name, examined) for part, examined in zip(form.parts, form.examined, strict=True)
            if examined is not None and examined.faults and is_export(kind, part.name)]
    if told:
        raise InvalidRecord(pointer="/file", reason="\n".join(told))


def _export_faults(name: str, examined: Examined) -> str:
    return _(
        "“{name}”有 {n} 处无法读取：\n{report}\n请重新导出；若来源就是这样，请勾选“文件有错误也原样存证”后再提交，原文件不会改动。"
    ).format(name=name, n=examined.total, report=report_of(examined))


def retry_of(path: str, actor: str, form: MultipartForm) -> IdempotentRequest:
    """The form's own key with the request's fingerprint: a second press of Enter makes no second record. Raises InvalidRecord.

    Keys of people begin with their id, so that no page can take a key that a machine of the organisation uses.
    """
    key = form.fields.get("key", "")
    if not KEY.fullmatch(key):
        raise InvalidRecord(pointer="/key", reason=_("页面已过期，请刷新后重试。"))
    said = {name: value for name, value in form.fields.items() if name not in NOT_DEPOSITED}
    said |= {f"file/{number}": part.name for number, part in enumerate(form.parts)}
    canonical = msgspec.json.encode(said, order="sorted")
    return IdempotentRequest(f"{actor}/{key}", fingerprint(path, canonical, [file.sha256 for file in form.stored]))


def key_of(key: str, asked: str, actor: str) -> IdempotentRequest:
    """The key of a form without files; `asked` is what it asks for, whole. Raises InvalidRecord."""
    if not KEY.fullmatch(key):
        raise InvalidRecord(pointer="", reason=_("页面已过期，请刷新后重试。"))
    return IdempotentRequest(f"{actor}/{key}", fingerprint(asked, b"", []))


def provenance_of(fields: Mapping[str, str], *, arrived: datetime) -> dict[str, object]:
    """The fields of A1's `provenance` that were filled in; the rest is null there. Raises InvalidRecord."""
    known: dict[str, object] = {name: _text(fields, name, LONGEST_TEXT) for name in TEXTS}
    known |= {name: moment_of(fields, name) for name in ("captured_from", "captured_until")}
    environment = {name: value for name in PLACE if (value := _decimal(fields, name)) is not None}
    for name, field in ((AUTHORITY, AUTHORITY), (CARRIER, CARRIER), ("note", "environment")):
        if (text := _text(fields, field, LONGEST_TEXT)) is not None:
            environment[name] = text
    if checked := fields.get(SELF_CHECK, ""):
        if checked not in SELF_CHECKS:
            raise InvalidRecord(pointer=f"/{SELF_CHECK}", reason=_("请从列表中选择环境自检的结果；不知道就选“不清楚”。"))
        environment[SELF_CHECK] = checked
    known["clock_offset_ms"] = offset_of(fields, arrived=arrived)
    if known["clock_offset_ms"] is not None:
        environment[MEASURED] = "browser"
    return {**known, "environment": environment or None}


def offset_of(fields: Mapping[str, str], *, arrived: datetime) -> int | None:
    """The browser's clock less ours, in milliseconds, when the form was sent: the way of the request is in it. None when it told none."""
    text = fields.get("client_time", "")
    if not CLIENT_TIME.fullmatch(text):
        return None
    offset = int(text) - round(arrived.timestamp() * 1000)
    return offset if abs(offset) <= LARGEST_OFFSET_MS else None


def moment_of(fields: Mapping[str, str], name: str) -> str | None:
    """A time as a claim has it; None when the field was left empty: unknown. Raises InvalidRecord."""
    text = fields.get(name, "").strip()
    if not text:
        return None
    try:
        if not MOMENT.fullmatch(text):
            raise ValueError(text)
        return format_time(datetime.fromisoformat(text).replace(tzinfo=CHINA))
    except (ValueError, OverflowError):
        raise InvalidRecord(pointer=f"/{name}", reason=_("时间有误，请重新填写；不知道就留空。")) from None


def file_of(part: NamedPart, stored: StoredFile) -> FileItem:
    """A stored file under the name that the browser gave it. Raises InvalidRecord."""
    # Legal in a claim, and evidence, are all characters but controls: those would break the lists that name the file.
    if not part.name or len(part.name) > LONGEST_NAME or CONTROL.search(part.name):
        raise InvalidRecord(pointer="/file", reason=_("文件名过长或含有控制字符，请改名后重新选择。"))
    media_type = part.media_type if MEDIA_TYPE.fullmatch(part.media_type) else UNKNOWN_TYPE
    return FileItem(part.name, media_type, stored.size_bytes, stored.sha256.hex(), stored.sm3.hex(), stored)


def _text(fields: Mapping[str, str], name: str, longest: int) -> str | None:
    text = fields.get(name, "").strip()
    if len(text) > longest or "\0" in text:
        raise InvalidRecord(pointer=f"/{name}", reason=_("文字过长，请缩短后重试。"))
    return text or None


def _decimal(fields: Mapping[str, str], name: str) -> str | None:
    # SPEC: A1: coordinates are strings; a claim holds no floats.
    text = fields.get(name, "").strip()
    if text and not DECIMAL.fullmatch(text):
        raise InvalidRecord(pointer=f"/{name}", reason=_("位置有误，请重新获取；不知道就留空。"))
    return text or None

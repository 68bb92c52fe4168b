"""The sentences about a rendering: why there is none, what of the file it does not show, and that the file is not what it was called."""
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evidence.models import Rendering
from evidence.portal.state_words import Text
from evidence.rendering.limits import MAX_INPUT_BYTES, MAX_PAGES, MAX_ROWS, MAX_TEXT, MIB
from evidence.rendering.sniffing import belied

WHY_NOT: Mapping[str, Text] = {
    "empty": gettext_lazy("文件为空，没有可展示的内容。"),
    "too-large": gettext_lazy("文件超过 %(limit)s MB，不在网页上展示。"),
    "unknown": gettext_lazy("系统不认识这种文件。"),
    "active": gettext_lazy("网页、脚本和矢量图可能夹带程序，不在网页上展示。"),
    "no-decoder": gettext_lazy("本系统没有这种格式的解码程序。"),
    "damaged": gettext_lazy("文件不完整，或内容与其格式不符，无法读出。"),
    "protected": gettext_lazy("文件设有打开密码，系统没有密码。"),
    "too-complex": gettext_lazy("展开这份文件所需的内存超出允许范围。"),
    "too-slow": gettext_lazy("读取这份文件所需的时间超出允许范围。"),
    "failed": gettext_lazy("本系统的展示程序出错，未能展示；这不是文件的问题，系统会再次尝试。"),
    "unconfined": gettext_lazy("本机不能隔离解码程序，因此不打开任何文件。"),
}
CUT: Mapping[str, Text] = {
    "pages": gettext_lazy("共 %(total)s 页，只展示前 %(pages)s 页。"),
    "rows": gettext_lazy("共 %(total)s 行，只展示前 %(rows)s 行，过长的单元格和过多的列有删节。"),
    # Of these two the table or the text may be cut too, and one sentence must be true either way.
    "sheets": gettext_lazy("共 %(total)s 张工作表，只展示第一张的前 %(rows)s 行，过长的单元格和过多的列有删节。"),
    "parts": gettext_lazy("文件另有未展示的部分，见原件；展示的部分过长时也有删节。"),
    "text": gettext_lazy("全文 %(total)s 字，只展示前 %(text)s 字。"),
    "length": gettext_lazy("录音全长约 %(minutes)s 分钟，过长，只展示开头一段。"),
    "frames": gettext_lazy("这是有 %(total)s 帧的动画，只展示第一帧。"),
    "truncated": gettext_lazy("文件在中途结束或损坏，只展示能读出的部分。"),
    "failed": gettext_lazy("本系统的展示程序中途出错，只展示已经画出的部分；这不是文件的问题。"),
    "time": gettext_lazy("读取时间已到上限，只展示已经读出的部分。"),
}

NOT_AS_CALLED: Mapping[str, Text] = {
    "picture": gettext_lazy("内容是图片，与所称类型 %(called)s 不符。"),
    "pages": gettext_lazy("内容是 PDF，与所称类型 %(called)s 不符。"),
    "sound": gettext_lazy("内容是录音，与所称类型 %(called)s 不符。"),
    "letter": gettext_lazy("内容是邮件，与所称类型 %(called)s 不符。"),
    "table": gettext_lazy("内容是表格，与所称类型 %(called)s 不符。"),
    "sheet": gettext_lazy("内容是工作簿，与所称类型 %(called)s 不符。"),
    "text": gettext_lazy("内容是文本，与所称类型 %(called)s 不符。"),
}


def why_not(refused: str) -> str:
    """One sentence; the file stays downloadable, which the page says beside it."""
    return str(WHY_NOT[refused]) % {"limit": MAX_INPUT_BYTES // MIB}


def not_as_called(kind: str, name: str, media_type: str) -> str:
    """One sentence when a file of this kind was given the type or the ending of another, else ""."""
    called = belied(kind, name, media_type)
    return str(NOT_AS_CALLED[kind]) % {"called": called} if called else ""


def what_is_cut(rendering: Rendering) -> str:
    """One sentence, "" when the whole file is shown."""
    if not rendering.cut:
        return ""
    total = rendering.total
    known = {"total": _("不详") if total is None else total, "minutes": _("不详") if total is None else max(1, round(total / 60))}
    return str(CUT[rendering.cut]) % {**known, "pages": MAX_PAGES, "rows": MAX_ROWS, "text": MAX_TEXT}

"""What `documents` refuses, each with a stable code."""
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class DocumentTooLarge(DomainError):
    """Setting it asked for more time or memory than a document may take."""

    code = "document-too-large"
    status = 422
    title = _("内容过多，未能制成 PDF")
    detail = _("请缩小范围，分成几份 PDF 导出；数据文件（CSV、JSON）没有这一限制。")


class DocumentsBusy(DomainError):
    code = "documents-busy"
    status = 503
    title = _("正在为他人制作文件")
    detail = _("每个进程一次只制作一份 PDF；请过半分钟再试。")


class GlyphMissing(DomainError):
    """`faults` name each field by JSON pointer, and the characters that no font at hand can show."""

    code = "glyph-missing"
    status = 422
    title = _("文件中有字体不能显示的字符")
    detail = _("请由运营方补充字体（CUNZHENG_DOCUMENT_FONTS），或更正下列各项。")

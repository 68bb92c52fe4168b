"""What is wrong with an export of messages or repayments, in the reader's language: on forms, in answers of the API, on the record's page.

What it does not do: find the faults (`evidence.csv_exports`).
"""
from collections.abc import Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evidence.csv_exports import Examined, RowFault, What

SENTENCES: Mapping[What, str | Promise] = {
    "no-text": gettext_lazy("既不是 UTF-8 也不是 GBK/GB18030 文本，或者含有空字节。"),
    "no-content": gettext_lazy("文件里没有内容。"),
    "no-rows": gettext_lazy("只有表头，没有数据行。"),
    "quote": gettext_lazy("引号没有成对，或引号后有多余的字符；从这一行起无法可靠读取。"),
    "too-long": gettext_lazy("单元格超过 131072 个字符；从这一行起没有读取。"),
    "columns": gettext_lazy("有 {found} 列，表头有 {wanted} 列。"),
    "lost": gettext_lazy("含有无法识别的字符（�），导出时可能已损坏。"),
}


def sentence_of(fault: RowFault) -> str:
    """What is wrong, without where."""
    return str(SENTENCES[fault.what]).format(found=fault.found, wanted=fault.wanted)


def words_of(fault: RowFault) -> str:
    return sentence_of(fault) if fault.row == 0 else _("第 {row} 行：{sentence}").format(row=fault.row, sentence=sentence_of(fault))


def lines_of(faults: Sequence[RowFault], total: int) -> list[str]:
    """A line for each of these, and one for those that are counted only."""
    told = [words_of(fault) for fault in faults]
    return told if total <= len(told) else [*told, _("另有 {n} 处错误。").format(n=total - len(told))]


def report_of(examined: Examined) -> str:
    """The faults as one text, a line each."""
    return "\n".join(lines_of(examined.faults, examined.total))

"""The rules of A1 that a value breaks, as sentences in the reader's language: `tlog` knows them in English alone, for expert witnesses."""
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tlog.canonical import IllegalValue

SENTENCES: dict[str, str | Promise] = {
    "shape": _("这一部分的某一项不符合格式规定；请对照接口文档修改后重试。"),
    "depth": _("嵌套层数过多；请减少层级后重试。"),
    "text": _("文字中含有不能存证的字符（U+0000，或不成对的代理字符）；请删去后重试。"),
    "key": _("成员名只能由小写英文字母、数字和下划线组成；请改名后重试。"),
    "integer": _("整数的绝对值不得超过 9007199254740991（2 的 53 次方减 1）；更大的请写成字符串。"),
    "type": _("不能是小数或其他类型；金额、坐标等请写成字符串，例如 \"12.50\"。"),
    "size": _("这一部分超过 64 KiB；请缩短后重试，或把内容放进文件。"),
}


def claim_sentence(fault: IllegalValue) -> str:
    """What rule was broken and what to do, without the value."""
    return str(SENTENCES[fault.rule])

"""What the page of verification says of a package: what `static/js/package_facts.js` compares, and what no browser checks here.

The two lists together cover every check of `tlog.checks`, so that nobody takes a row that is not there for one that passed.
"""
from django.utils.translation import gettext_lazy as _

from evidence.portal.state_words import Text

BY_BROWSER: tuple[tuple[str, Text], ...] = (
    ("digests", _("每个文件与 SHA256SUMS 所列摘要一致，没有多出或缺少的文件")),
    ("originals", _("每份原件的摘要与出示的文件声明项一致")),
    ("claims", _("每个出示的声明项加盐后的 SHA-256 与证据声明一致")),
    ("entry", _("每份证据声明的 SHA-256 与日志条目一致")),
    ("inclusion", _("每个日志条目能推算到证明所附检查点的树根")),
)
NOT_BY_BROWSER: tuple[Text, ...] = (
    _("检查点的日志签名、见证节点联署与信任目录"),
    _("时间戳及其续期、受理时间与时间戳的先后"),
    _("SM3 摘要"),
    _("容器结构、包的说明、清单与例外表"),
    _("保管轨迹、案件链与案件是否完整"),
    _("证书、证据目录与离线核验页"),
)

"""How an incident ended, in the reader's language: the log has it as one English sentence of whoever noticed it. Pure.

A sentence that is not known here stays as it stands in the log, for a public text must not be hidden by a page.
"""
import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: tuple[tuple[re.Pattern[str], str | Promise], ...] = (
    (re.compile(r"a later round of the monitor found nothing wrong"), _("监测程序此后一轮核验，没有发现不符。")),
    (re.compile(r"the published log of size (?P<size>\d+) is in order"), _("已发布的 %(size)s 条日志核对无误。")),
    (re.compile(r"published late; included in the log of size (?P<size>\d+)"), _("逾期发布，已包含在 %(size)s 条的日志中。")),
    (re.compile(r"the witness cosigns again"), _("该见证节点已恢复联署。")),
    (re.compile(r"renewed"), _("时间戳已续期。")),
    (re.compile(r"time is left again"), _("距证书到期又有充足的时间。")),
    (re.compile(r"they agree on the checkpoint of size (?P<size>\d+)"), _("两家机构对条目数为 %(size)s 的检查点给出的时间一致。")),
    (re.compile(r"a token of (?P<name>\S+) agrees with our clock"), _("机构 %(name)s 的时间戳与本服务的时钟一致。")),
    (re.compile(r"(?P<names>.+) is not asked any more"), _("本服务不再向机构 %(names)s 申请时间戳。")),
)


def ending_words(how: str) -> str | None:
    """The sentence in the language of the moment; None when it is not known here."""
    for pattern, words in SENTENCES:
        if found := pattern.fullmatch(how):
            return str(words) % found.groupdict()
    return None

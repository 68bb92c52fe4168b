"""What the log refuses to a caller, with a stable code."""
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class LogBehind(DomainError):
    """Nothing is promised that cannot be kept (formats A3)."""

    code = "log-behind"
    status = 503
    title = _("日志发布滞后，暂停受理")
    detail = _("最早的未发布存证已等待 {waiting_s} 秒，为保证承诺期限暂不受理新的存证；请稍后用相同的 Idempotency-Key 重试。")


class LogFrozen(DomainError):
    code = "log-frozen"
    status = 503
    title = _("日志已冻结，停止受理")
    detail = _("日志的存储与数据库不一致，已被冻结以防分叉；请联系运营方。")


class LogClosed(DomainError):
    """The log has said its last word and takes nothing more, for good; `successor` is the address or the name of the log that goes on."""

    code = "log-closed"
    status = 410
    title = _("日志已关闭，不再受理")
    detail = _("本日志已关闭，不再受理新的存证；已受理的存证仍可查询、下载和核验。后继日志：{successor}。")


class AuthoritiesMisconfigured(DomainError):
    """CUNZHENG_TSAS, or the pinned roots of an authority, cannot be read; `__cause__` has the sentence, for the operator."""

    code = "timestamp-authorities-misconfigured"
    status = 503
    title = _("时间戳机构的配置有误")
    detail = _("服务端读不到时间戳机构的根证书，暂不能制作证据包或核验；已受理的存证不受影响。请告知运营方。")


class RecordNotPublished(DomainError):
    code = "record-not-published"
    status = 409
    title = _("存证尚未进入已发布的检查点")
    detail = _("存证已受理，通常几秒内即可发布；请稍后重试。")

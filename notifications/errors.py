"""What `notifications` refuses, each with a stable code."""
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class WebhookNotFound(DomainError):
    code = "webhook-not-found"
    status = 404
    title = _("没有这个推送地址")
    detail = _("请核对编号；不属于您机构的推送地址显示相同的结果。")


class WebhookUrlRefused(DomainError):
    code = "webhook-url-refused"
    status = 422
    title = _("不能向该地址推送")
    detail = _("请填写公网上的 https:// 地址，不含用户名、密码和 # 部分，至多 500 个可见 ASCII 字符。")


class WebhookEventsMissing(DomainError):
    code = "webhook-events-missing"
    status = 422
    title = _("请选择要推送的事件")
    detail = _("请至少选择一种事件。")


class WebhookSecretMoved(DomainError):
    """On a page: whoever asked for a new secret saw another than the endpoint has by now."""

    code = "webhook-secret-moved"
    status = 409
    title = _("签名密钥已更换")
    detail = _("您打开本页后签名密钥已被更换，这一次没有再换；新密钥只在更换时显示一次，如未保存，请再次更换。")


class WebhookLimitReached(DomainError):
    code = "webhook-limit-reached"
    status = 409
    title = _("推送地址过多")
    detail = _("每个机构最多 {limit} 个推送地址，请先删除不用的。")


class WebhookDisabled(DomainError):
    code = "webhook-disabled"
    status = 409
    title = _("推送地址已停用")
    detail = _("接收方答复 410 或长期失败后，地址即被停用；请删除后重新建立。")


class WebhookTestUnderWay(DomainError):
    code = "webhook-test-under-way"
    status = 409
    title = _("上一个测试事件还没有结果")
    detail = _("请在推送记录中查看其结果，结束后再试。")


class NoticeNotFound(DomainError):
    code = "notice-not-found"
    status = 404
    title = _("没有这条通知")
    detail = _("请核对编号；不属于您机构的通知显示相同的结果。")


class AddressMalformed(DomainError):
    code = "address-malformed"
    status = 422
    title = _("电子邮箱有误")
    detail = _("请填写一个邮箱地址，例如 name@example.org。")


class ConfirmationInvalid(DomainError):
    """Unknown, used, superseded and expired links get one answer."""

    code = "confirmation-invalid"
    status = 404
    title = _("确认链接无效")
    detail = _("链接有误、已使用、已被新的链接取代或已过期；请登录后在“通知方式”中重新发送。")


class ConfirmationTooOften(DomainError):
    code = "confirmation-too-often"
    status = 429
    title = _("确认信息发送过于频繁")
    detail = _("确认邮件和验证码各自每分钟至多一次、每天至多 {limit} 次；请稍后再试。")


class NumberCodeWrong(DomainError):
    """Wrong, used, superseded, expired, and typed too often: one answer."""

    code = "number-code-wrong"
    status = 422
    title = _("验证码有误或已失效")
    detail = _("请填写最近一条短信中的六位验证码，15 分钟内有效；输错 {limit} 次即作废，须重新发送。")


class NumberMalformed(DomainError):
    code = "number-malformed"
    status = 422
    title = _("手机号码有误")
    detail = _("请填写十一位的中国大陆手机号码。")

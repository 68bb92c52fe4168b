"""The refusals that any request with a body may meet, whatever room answers it."""
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class RequestMalformed(DomainError):
    code = "request-malformed"
    title = _("请求内容不符合接口规定")
    detail = _("{reason}")


class ContentDigestMismatch(DomainError):
    code = "content-digest-mismatch"
    title = _("请求正文在传输中发生变化")
    detail = _("Content-Digest 与收到的正文不符，请重新发送。")


class JsonTooLarge(DomainError):
    code = "json-too-large"
    status = 413
    title = _("JSON 过大")
    detail = _("JSON 部分不得超过 {limit} 字节。")

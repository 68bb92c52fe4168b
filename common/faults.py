"""The refusals that any request with a body may meet, whatever room answers it."""
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class RequestMalformed(DomainError):
    """`reason`: a sentence of ours in the reader's language, never a library's."""

    code = "request-malformed"
    title = _("请求内容不符合接口规定")
    detail = _("{reason}")


class HeaderMalformed(RequestMalformed):
    """`header`: of the request or of a part; `wanted`: how it is written, the same in every language."""

    detail = _("首部 {header} 的写法不正确，应写作 {wanted}。")


class PartsMalformed(RequestMalformed):
    """`wanted`: the parts that the address takes, in their order."""

    detail = _("multipart/form-data 的部分不符合规定，应依次为：{wanted}。")


class MultipartMalformed(RequestMalformed):
    detail = _("multipart/form-data 不完整或格式有误：各部分须以 Content-Type 所写的 boundary 分隔，并以它结束；请检查后重新发送。")


class TransferEncoded(RequestMalformed):
    detail = _("一个部分带有 Content-Transfer-Encoding；请直接发送原始字节，不作 Base64 等编码。")


class FieldNotText(RequestMalformed):
    """`name`: of the form's field."""

    detail = _("表单项 {name} 不是 UTF-8 文本；请以 UTF-8 重新提交。")


class ContentDigestMismatch(DomainError):
    code = "content-digest-mismatch"
    title = _("请求正文在传输中发生变化")
    detail = _("Content-Digest 与收到的正文不符，请重新发送。")


class JsonTooLarge(DomainError):
    code = "json-too-large"
    status = 413
    title = _("JSON 过大")
    detail = _("JSON 部分不得超过 {limit} 字节。")

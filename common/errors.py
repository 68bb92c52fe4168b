"""DomainError: a refusal that a caller can act on, with a stable code.

Each room lists its own in `<room>/errors.py`; here are those that every interface may meet. `common.problems` is the
only place that turns one into HTTP. Bugs are not DomainErrors: they stay exceptions and become an opaque 500.
"""
from collections.abc import Sequence
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """Refuses a request for a reason in the caller's reach.

    `code` is stable and for machines; `title` and `detail` are lazy translations for people, `detail` formatted with
    `data`. `pointer` is an RFC 6901 JSON pointer into the request's JSON, when one member is at fault; `faults` are
    (pointer, reason) pairs when several are. `data` must hold nothing personal: it is sent and may be logged.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    title: ClassVar[str | Promise] = ""
    detail: ClassVar[str | Promise] = ""

    def __init__(
        self, *, pointer: str | None = None, faults: Sequence[tuple[str, str]] = (), retry_after_s: int | None = None, **data: str | int
    ) -> None:
        super().__init__(self.code)
        self.pointer = pointer
        self.faults = faults
        self.retry_after_s = retry_after_s
        self.data = data

    def sentence(self) -> str:
        """The detail in the active language, with this refusal's figures in it."""
        return str(self.detail).format(**self.data)


class ScopeMissing(DomainError):
    """`scope`: the one that the endpoint asks for."""

    code = "scope-missing"
    status = 403
    title = _("凭证缺少所需的权限范围")
    detail = _("该接口需要权限范围 {scope}；请由机构管理员签发含有它的密钥或客户端。")


class SignatureInvalid(DomainError):
    """`reason`: a stable code (`accounts.message_signatures.Reason`)."""

    code = "signature-invalid"
    status = 401
    title = _("请求签名无效")
    detail = _("请求未签名或签名不能核验（{reason}）；签名方法见接口文档，重试时须重新签名。")


class OrganisationOnTrial(DomainError):
    """The organisation was let in for its trial, and this is not part of it."""

    code = "organisation-on-trial"
    status = 403
    title = _("机构尚在试用期")
    detail = _("试用期内只能核验和调取练习记录，并管理本机构的人员和密钥；请完成这两项，由运营方转为正式后再办理该事项。")


class OrganisationNotWorking(DomainError):
    """The caller is who he says, and his organisation is not, or no longer, let in."""

    code = "organisation-not-active"
    status = 403
    title = _("机构未启用")
    detail = _("该机构尚未完成准入或已被停用，其人员和接口密钥暂不能使用；请联系运营方。")

"""What `vault` refuses, each with a stable code."""
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class OriginalDamaged(DomainError):
    """The stored bytes do not decrypt, or are not those that were deposited: altered, cut off, or another object's."""

    code = "original-damaged"
    status = 500
    title = _("原件存储异常")
    detail = _("该原件在存储中已被改动或截断，未提供任何内容；存证记录、摘要和日志证明不受影响，请联系运营方处理。")


class KeyUnavailable(DomainError):
    """The key that wrapped this record's key cannot be used: its file is away, or the module that holds it does not answer."""

    code = "vault-key-unavailable"
    status = 503
    title = _("保管库密钥暂不可用")
    detail = _("暂时无法使用所属机构的保管库密钥，内容未丢失；请稍后重试，若持续出现请联系运营方。")

    def __init__(self) -> None:
        super().__init__(retry_after_s=10)

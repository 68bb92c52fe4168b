"""What the facts of the platform are called on pages and papers. Pure."""
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

KIND_WORDS: Mapping[str, str | Promise] = {
    "operating_entity": _("运营主体"), "relation": _("与租户机构的关系"), "log_runner": _("日志运行方"), "vault_runner": _("保管库运行方"),
    "witness_runner": _("见证节点运行方"), "filing": _("区块链信息服务备案"), "classified_protection": _("网络安全等级保护"),
    "crypto_assessment": _("商用密码应用安全性评估"), "certificate": _("其他资质证书"), "manual": _("管理制度与操作手册"),
    "software_version": _("软件版本"),
}
RELATION_WORDS: Mapping[str, str | Promise] = {
    "none": _("无关联"), "affiliate": _("关联企业"), "same_entity": _("同一主体"),
}

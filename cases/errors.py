"""What `cases` refuses, each with a stable code."""
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class CaseNotFound(DomainError):
    code = "case-not-found"
    status = 404
    title = _("没有这个案件")
    detail = _("请核对案件编号；不属于您机构、也未向您开放的案件显示相同的结果。")


class CaseExists(DomainError):
    code = "case-exists"
    status = 409
    title = _("该客户案件编号已有档案")
    detail = _("同一编号只有一个案件；请查询后用 PUT 更新其档案。")


class CaseInvalid(DomainError):
    code = "case-invalid"
    status = 422
    title = _("案件档案不符合规定")
    detail = _("{count} 处有误，位置见 errors；档案未作任何改动。")


class CaseChanged(DomainError):
    code = "case-changed"
    status = 409
    title = _("案件已被他人更改")
    detail = _("请重新读取案件，确认后再提交。")


class SearchInvalid(DomainError):
    code = "case-search-invalid"
    status = 422
    title = _("检索条件有误")
    detail = _("请填写客户案件编号、姓名、证件号码、手机号码中的一项。")


class DayMalformed(DomainError):
    code = "day-malformed"
    title = _("日期有误")
    detail = _("请使用 1980-01-01 至 2099-12-31 之间、形如 2026-11-23 的日期。")


class ReckoningImpossible(DomainError):
    """The file lacks what a reckoning needs, or the caps leave a day open."""

    code = "reckoning-impossible"
    status = 422
    title = _("无法出具计算表")
    detail = _("{reason}")


class RateCapsInvalid(DomainError):
    code = "rate-caps-invalid"
    status = 422
    title = _("利率上限不符合规定")
    detail = _("{reason}")

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


class ImportTooLarge(DomainError):
    code = "import-too-large"
    status = 413
    title = _("文件过大")
    detail = _("导入文件不得超过 {limit} 字节；请分成几个文件。")


class ImportFileRefused(DomainError):
    """The file cannot be read as a table of cases at all; faults of its rows are a report, not a refusal."""

    code = "import-file-refused"
    status = 422
    title = _("无法读取导入文件")
    detail = _("{reason}")


class ImportNotFound(DomainError):
    code = "import-not-found"
    status = 404
    title = _("没有这次导入")
    detail = _("请核对导入编号；其他机构的导入显示相同的结果。")


class ImportExpired(DomainError):
    code = "import-expired"
    status = 410
    title = _("核对过的文件已删除")
    detail = _("核对过的文件只保留一天；请重新核对后再导入。")


class ImportDiffers(DomainError):
    code = "import-differs"
    status = 409
    title = _("不是核对过的文件")
    detail = _("摘要与核对过的文件不符，没有导入任何案件；请重新核对。")


class RateCapsInvalid(DomainError):
    code = "rate-caps-invalid"
    status = 422
    title = _("利率上限不符合规定")
    detail = _("{reason}")

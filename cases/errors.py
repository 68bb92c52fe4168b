"""What `cases` refuses, each with a stable code."""
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class CaseNotFound(DomainError):
    code = "case-not-found"
    status = 404
    title = _("没有这个案件")
    detail = _("请核对案件编号；不属于您机构、也未向您开放的案件显示相同的结果。")


class CasesUnknown(CaseNotFound):
    """Of a list that somebody typed: the words that name no case, with their lines. They are his own, and stand in no data."""

    title = _("有的案件没有找到")
    detail = _("请核对以下编号，没有这些案件，或不属于您机构；整批没有办理：")
    line = _("第 {number} 行 {word}")
    more = _("另有 {count} 处")
    told, longest = 20, 40

    def __init__(self, unknown: Sequence[tuple[int, str]], *, pointer: str = "/cases") -> None:
        super().__init__(pointer=pointer)
        self.unknown = unknown

    def sentence(self) -> str:
        words = [str(self.line).format(number=number, word=word[: self.longest]) for number, word in self.unknown[: self.told]]
        if len(self.unknown) > self.told:
            words.append(str(self.more).format(count=len(self.unknown) - self.told))
        return f"{self.detail}{'; '.join(words)}"


class OrderedCasesUnknown(CasesUnknown):
    """The same of an order, which names any organisation's cases, one after the other."""

    detail = _("请核对以下编号，没有这些案件；调取令没有登记：")
    line = _("第 {number} 个 {word}")


class NamedCasesUnknown(CasesUnknown):
    """The same of an order's form, where cases are named line by line; a case of another lender is as unknown as one that is none."""

    detail = _("请核对以下编号，没有这些案件；调取令没有登记：")


class CaseTakenBack(DomainError):
    """Whoever deposits had the case when he began, and has it no more."""

    code = "case-taken-back"
    status = 409
    title = _("案件已不由您办理")
    detail = _("案件在上传期间已退案或改派，存证没有写入；请返回工作清单，如有疑问请联系主管。")


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


class CaseFileMissing(DomainError):
    """A case that deposits have opened: its first file comes whole."""

    code = "case-file-missing"
    status = 409
    title = _("案件还没有档案")
    detail = _("请先导入案件档案，再逐项补充。")


class FactUnsuitable(DomainError):
    """One entry of a case file that is typed on a page. `reason`: what is wrong with the field at fault."""

    code = "case-fact-unsuitable"
    status = 422
    title = _("填写内容有误")
    detail = _("{reason}")


class CaseChanged(DomainError):
    code = "case-changed"
    status = 409
    title = _("案件已被他人更改")
    detail = _("请重新读取案件，确认后再提交。")


class StageMoved(DomainError):
    """On a page: whoever moved the stage saw another than the case has by now. `stage`: the word of the one that it has."""

    code = "case-stage-moved"
    status = 409
    title = _("案件阶段已被他人变更")
    detail = _("案件现为“{stage}”，您的变更没有写入；请确认后再提交。")


class StageMissing(DomainError):
    code = "case-stage-missing"
    status = 422
    title = _("请选择案件阶段")
    detail = _("请从列表中选择要变更为的阶段。")


class NoteUnsuitable(DomainError):
    code = "note-unsuitable"
    status = 422
    title = _("备注未写入")
    detail = _("请填写备注，不超过 {limit} 字，不含控制字符。")


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
    """The file cannot be read as a table of its kind at all; faults of its rows are a report, not a refusal."""

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
    detail = _("摘要与核对过的文件不符，没有导入任何内容；请重新核对。")


class RateCapsInvalid(DomainError):
    code = "rate-caps-invalid"
    status = 422
    title = _("利率上限不符合规定")
    detail = _("{reason}")


class RateCapsChanged(DomainError):
    """Somebody else has changed the caps since the page was shown."""

    code = "rate-caps-changed"
    status = 409
    title = _("利率上限已被他人更改")
    detail = _("请重新查看利率上限，确认后再提交。")


class OrganisationUnsuitable(DomainError):
    code = "organisation-unsuitable"
    status = 422
    title = _("不能选择该机构")
    detail = _("没有这个编号的正式机构（试用期内的机构不能接受案件），或该类机构不能承担这一角色。")


class BasisMissing(DomainError):
    code = "grant-basis-missing"
    status = 422
    title = _("请选择法律依据")
    detail = _("请从列表中选择授权所依据的法律。")


class DocumentMissing(DomainError):
    code = "document-missing"
    status = 422
    title = _("缺少依据文件")
    detail = _("请填写本机构已存证的文件的存证编号；向其他处理者提供的，填写案件档案所载单独同意的文件。没有文件不能办理。")


class DocumentUnsuitable(DomainError):
    """A record of one's own, and of a kind that no contract and no mandate has."""

    code = "document-unsuitable"
    status = 422
    title = _("该存证不能作为依据文件")
    detail = _("依据文件须以“合同”（contract）或“其他文件”（document）存证；录音、短信、流水等不能代替合同或委托书。")


class OrderPaperMissing(DomainError):
    code = "order-document-missing"
    status = 422
    title = _("缺少调取令文书")
    detail = _("请选择文书文件，或填写本院已存证的文书的存证编号。")


class ConsentMissing(DomainError):
    """`count`: in so many of the cases there is no such consent."""

    code = "consent-missing"
    status = 422
    title = _("案件档案中没有这份单独同意")
    detail = _("{count} 个案件的档案中没有该文件所载的向他人提供个人信息的单独同意，或同意已撤回；请先在档案中登记取得的同意，再办理授权。")


class PeriodUnsuitable(DomainError):
    code = "period-unsuitable"
    status = 422
    title = _("期间有误")
    detail = _("届满时间须晚于起始时间，且不早于现在。")


class TextUnsuitable(DomainError):
    code = "text-unsuitable"
    status = 422
    title = _("填写内容有误")
    detail = _("编号、范围、目的均须填写，且不超过规定的长度。")


class NumberTaken(DomainError):
    code = "number-taken"
    status = 409
    title = _("编号已被使用")
    detail = _("本机构已登记过相同编号的合同或文书。")


class CasesMissing(DomainError):
    code = "cases-missing"
    status = 422
    title = _("请选择案件")
    detail = _("每次须选择 1 至 {limit} 个案件。")


class SelectionMoved(DomainError):
    """"All that the filter shows" is another number by now than the page said."""

    code = "selection-moved"
    status = 409
    title = _("筛选出的案件有变化")
    detail = _("筛选结果现为 {count} 件，与您看到的不同，没有作任何改动；请核对后再办理。")


class SelectionTooLarge(DomainError):
    code = "selection-too-large"
    status = 422
    title = _("一次办理的案件过多")
    detail = _("一次至多 {limit} 件，没有作任何改动；请缩小范围后分批办理。")


class KindUnknown(DomainError):
    """An order that is limited to a kind of evidence that nobody deposits would open nothing, and not say so."""

    code = "kind-unknown"
    status = 422
    title = _("没有这个证据种类")
    detail = _("“{kind}”不是证据种类的代码；请从列表中选择，或不选，即为全部种类。")


class EntrustmentEnded(DomainError):
    code = "entrustment-ended"
    status = 409
    title = _("委托合同不在有效期内")
    detail = _("委托合同尚未开始、已届满或已终止，不能据此委案。")


class AgentUnsuitable(DomainError):
    """No re-delegation: whoever is not a member of the agency gets no case."""

    code = "agent-unsuitable"
    status = 422
    title = _("不能分给该人员")
    detail = _("案件只能分给本机构在岗的催收员；委托合同不允许转委托。")


class SecondPersonNeeded(DomainError):
    code = "second-person-needed"
    status = 403
    title = _("须由另一人办理")
    detail = _("复核与启用须由办理人以外的另一人登录后作出，接口密钥不能代替。")


class StateUnsuitable(DomainError):
    code = "state-unsuitable"
    status = 409
    title = _("当前状态不允许该操作")
    detail = _("该事项已被他人处理，或尚未到可以办理的阶段；请刷新后查看。")


class GrantNotWorking(DomainError):
    code = "grant-not-working"
    status = 409
    title = _("授权未生效")
    detail = _("授权待复核、已撤销或不在有效期内，或不包括所选案件，不能据此提交。")


class FilePeriodUnsuitable(DomainError):
    code = "file-period-unsuitable"
    status = 422
    title = _("存档期限有误")
    detail = _("请填写 0 至 {limit} 天的整数。")

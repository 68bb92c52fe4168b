"""What `evidence` refuses, each with a stable code."""
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class RecordNotFound(DomainError):
    code = "record-not-found"
    status = 404
    title = _("没有这份存证")
    detail = _("请核对存证编号；编号或文件摘要不符，以及不属于您机构的存证，显示相同的结果。")


class RecordNumberMalformed(DomainError):
    code = "record-number-malformed"
    title = _("存证编号有误")
    detail = _("存证编号形如 CZ-20261123-4K7QM-X2R9D-0，末位为校验字符；请重新核对后输入。")


class InvalidRecords(DomainError):
    """One or more records of a batch are not acceptable; none was deposited."""

    code = "records-invalid"
    status = 422
    title = _("批次中有记录不符合规定，整批未受理")
    detail = _("{count} 条记录有误，位置见 errors；改正后整批重新提交。")


class InvalidRecord(DomainError):
    code = "record-invalid"
    status = 422
    title = _("存证内容不符合规定")
    detail = _("{reason}")


class DigestMismatch(DomainError):
    code = "digest-mismatch"
    status = 422
    title = _("文件与声明的摘要不一致")
    detail = _("第 {file} 个文件的 {algorithm} 与请求中声明的不同，整份存证未受理；请重新导出该文件后再提交。")


class FilesMismatch(DomainError):
    code = "files-mismatch"
    status = 422
    title = _("文件数量与声明不符")
    detail = _("声明了 {declared} 个文件，收到 {received} 个；file 部分须与 files 的顺序一一对应。")


class PartOrder(DomainError):
    code = "part-order"
    title = _("各部分的顺序不正确")
    detail = _("请先发送 deposit 部分（application/json），再按 files 的顺序发送 file 部分。")


class FileTooLarge(DomainError):
    code = "file-too-large"
    status = 413
    title = _("文件过大")
    detail = _("单个文件不得超过 {limit} 字节。")


class TooManyFiles(DomainError):
    code = "too-many-files"
    status = 413
    title = _("文件过多")
    detail = _("一份存证最多 {limit} 个文件。")


class JsonTooDeep(DomainError):
    code = "json-too-deep"
    status = 413
    title = _("JSON 嵌套过深")
    detail = _("JSON 最多嵌套 {limit} 层。")


class TooManyRecords(DomainError):
    code = "too-many-records"
    status = 413
    title = _("批次过大")
    detail = _("一个批次最多 {limit} 条记录。")


class RateLimited(DomainError):
    code = "rate-limited"
    status = 429
    title = _("请求过于频繁")
    detail = _("每个凭证每分钟最多 {limit} 次提交，请稍候再试。")


class AlreadySuperseded(DomainError):
    code = "already-superseded"
    status = 409
    title = _("已标记为误存")
    detail = _("这份存证此前已标记为误存；标记不能撤销，也不能重复。")


class DepositBusy(DomainError):
    code = "deposit-busy"
    status = 503
    title = _("同一案件的并发提交过多")
    detail = _("本次没有受理任何记录；请稍后用相同的 Idempotency-Key 重试。")


class TrailBusy(DomainError):
    """Too many write into one record's trail at once: whoever reads it may come again, and nothing of it went out."""

    code = "trail-busy"
    status = 503
    title = _("同一份存证的并发操作过多")
    detail = _("流转记录暂时无法写入，本次没有提供任何内容；请稍后重试。")


class DisclosureLimited(DomainError):
    code = "disclosure-limited"
    status = 429
    title = _("今日核对次数已用完")
    detail = _("每份存证每天最多允许 {limit} 次错误的摘要，请明天再试。")


class VerificationsLimited(DomainError):
    """The same whatever was asked: it is said before anything of the request is read."""

    code = "verifications-limited"
    status = 429
    title = _("核验过于频繁")
    detail = _("同一来源每分钟最多核验 {limit} 次，请稍候再试；离线核验程序不受限制。")


class ClaimsErased(DomainError):
    """Its claims, or the one key that opened them, are gone: no erasure in the log is asked for one, so none is asserted."""

    code = "claims-erased"
    status = 410
    title = _("内容已销毁或无法读取")
    detail = _("该存证的声明项已销毁或无法读取；证据声明与证明仍可核验。")


class VerificationBusy(DomainError):
    code = "verification-busy"
    status = 503
    title = _("正在核验的证据包过多")
    detail = _("请稍后再试，或使用离线核验程序。")


class OperatorMissing(DomainError):
    code = "operator-missing"
    status = 503
    title = _("服务尚未开放申请")
    detail = _("运营方机构尚未建立；请由运维人员执行 manage.py bootstrap。")


class PaperMissing(DomainError):
    code = "paper-missing"
    status = 422
    title = _("缺少材料")
    detail = _("申请须附执照或许可证、授权书各一份；补充材料时至少附一份文件。")


class PaperRefused(DomainError):
    code = "paper-refused"
    status = 422
    title = _("材料文件不符合规定")
    detail = _("只接受 PDF、JPEG、PNG 文件，每份不超过 {limit} MB，每次不超过 6 份，每份申请累计不超过 12 份。")


class PaperInfected(DomainError):
    code = "paper-infected"
    status = 409
    title = _("材料中查出恶意程序")
    detail = _("扫描程序在这份材料中查出恶意程序，不提供下载。请在核查意见中说明，请申请人补充干净的文件，或拒绝申请。")


class PaperNotScanned(DomainError):
    code = "paper-not-scanned"
    status = 503
    title = _("材料暂不能扫描")
    detail = _("恶意程序扫描没有得出结论，未经扫描的材料不提供下载。请稍后再试；一直如此的，请检查扫描服务。")


class FactMalformed(DomainError):
    code = "fact-malformed"
    status = 422
    title = _("平台事项填写有误")
    detail = _("请核对内容、名称、编号与机关、起止日期；关系须选择机构，更正须与原条目为同一事项；须附一份不超过 20 MB 的文件。")


class FactTaken(DomainError):
    code = "fact-taken"
    status = 409
    title = _("该条目已登记或已被更正")
    detail = _("同一份文件只登记一次，同一条目只更正一次；请刷新页面查看。")


class PracticeFileMissing(DomainError):
    code = "practice-file-missing"
    status = 422
    title = _("没有选择文件")
    detail = _("请先下载练习文件，再选择它进行核验。")


class NothingSelected(DomainError):
    code = "nothing-selected"
    status = 422
    title = _("没有选择存证")
    detail = _("请返回列表，勾选至少一份存证后重试。")


class OriginalQuarantined(DomainError):
    code = "original-quarantined"
    status = 409
    title = _("原件已被隔离")
    detail = _("这份存证的原件与存证时不符或检出恶意程序，暂不提供；内容仍保留，证明仍可核验。请联系运营方。")


class NoQuarantine(DomainError):
    code = "no-quarantine"
    status = 409
    title = _("没有需要解除的隔离")
    detail = _("这份存证不在隔离中，或已由他人解除。")


class StillDamaged(DomainError):
    code = "still-damaged"
    status = 409
    title = _("原件仍与存证时不符")
    detail = _("请先从副本恢复原件，再解除隔离。")


class ReleaseWaiting(DomainError):
    code = "release-waiting"
    status = 409
    title = _("已有人提出解除")
    detail = _("这份存证的隔离已有人提出解除，请先由另一人复核，或撤回后再提。")


class ReleaseUnsuitable(DomainError):
    code = "release-unsuitable"
    status = 409
    title = _("现在不能这样办理")
    detail = _("这份提议已复核、已撤回或已办结；请刷新页面查看。")


class QuarantineUnfounded(DomainError):
    code = "quarantine-unfounded"
    status = 422
    title = _("解除隔离须由在职人员写明理由")
    detail = _("理由不得为空，也不得超过 {limit} 字；解除人须在某一机构任职。")

"""What `accounts` refuses, each with a stable code."""
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class InvitationInvalid(DomainError):
    """Unknown, used, withdrawn and expired links get one answer."""

    code = "invitation-invalid"
    status = 404
    title = _("邀请链接无效")
    detail = _("链接有误、已使用、已撤回或已过期；请向发出邀请的管理员索取新的链接。")


class InvitationForAnother(DomainError):
    code = "invitation-for-another"
    status = 403
    title = _("该邀请属于其他人")
    detail = _("您当前登录的账号不是受邀的登录名；请退出后用受邀的登录名登录，再打开链接。")


class LoginMalformed(DomainError):
    code = "login-malformed"
    status = 422
    title = _("登录名不符合规定")
    detail = _("登录名为 3 至 254 个字符的电子邮箱或工作账号，只含字母、数字和 . _ + - @。")


class NameMalformed(DomainError):
    code = "name-malformed"
    status = 422
    title = _("姓名不符合规定")
    detail = _("请填写姓名，不超过 100 个字符。")


class RoleUnavailable(DomainError):
    code = "role-unavailable"
    status = 422
    title = _("不能授予该角色")
    detail = _("该机构类别没有这个角色，或您无权授予它。")


class LicenceMissing(DomainError):
    code = "licence-missing"
    status = 422
    title = _("缺少执业证号")
    detail = _("律师须填写执业证号，公证员和公证审批人须填写公证员执业证号，均不超过 64 个字符。")


class PasswordRefused(DomainError):
    """`reasons` are Django's own sentences about the password, in the reader's language."""

    code = "password-refused"
    status = 422
    title = _("密码不符合要求")
    detail = _("{reasons}")


class OwnMembership(DomainError):
    """An administrator who ends his own membership could leave an organisation that nobody manages."""

    code = "own-membership"
    status = 422
    title = _("不能终止自己的成员关系")
    detail = _("请由另一位管理员终止。")


class OperatorAlreadyThere(DomainError):
    code = "operator-already-there"
    status = 409
    title = _("运营方已建立")
    detail = _("运营方机构已经建立，不能再次初始化；首位运营人员尚未接受邀请时，可用 --renew 换发链接。")


class StatusUnreachable(DomainError):
    code = "status-unreachable"
    status = 409
    title = _("不能改为该状态")
    detail = _("机构当前的状态不允许这一变更。")


class ElsewhereToo(DomainError):
    """One administrator's link must not open what belongs to another organisation."""

    code = "elsewhere-too"
    status = 409
    title = _("不能重设该人员的登录方式")
    detail = _("该人员同时属于其他机构，或已不是本机构成员；请终止其成员关系，改用新的登录名邀请。")


class LabelMalformed(DomainError):
    code = "label-malformed"
    status = 422
    title = _("用途说明不符合规定")
    detail = _("请填写用途说明，不超过 100 个字符。")


class ScopesUnavailable(DomainError):
    code = "scopes-unavailable"
    status = 422
    title = _("不能授予这些权限")
    detail = _("请至少选择一项权限；该机构类别没有的权限不能授予。")


class ExpiryOutOfRange(DomainError):
    code = "expiry-out-of-range"
    status = 422
    title = _("有效期不符合规定")
    detail = _("有效期为 1 至 {longest} 天。")


class PublicKeyMalformed(DomainError):
    code = "public-key-malformed"
    status = 422
    title = _("无法识别该公钥")
    detail = _("请粘贴一个 Ed25519 或 ECDSA P-256 公钥，PEM 或 JWK 格式。")


class PrivateKeyGiven(DomainError):
    """Nothing of the text is kept, and still it has left its owner's hands."""

    code = "private-key-given"
    status = 422
    title = _("这是私钥")
    detail = _("只登记公钥。该私钥已经离开您的系统，请立即弃用，另行生成一对密钥。")


class PublicKeyTaken(DomainError):
    code = "public-key-taken"
    status = 409
    title = _("该公钥已登记过")
    detail = _("本机构已登记过该公钥；撤销过的公钥不能再次登记，请另行生成。")


class CreditCodeMalformed(DomainError):
    code = "credit-code-malformed"
    status = 422
    title = _("统一社会信用代码有误")
    detail = _("统一社会信用代码为 18 位，末位为校验字符，不含 I、O、S、V、Z；请对照营业执照或证书核对。")


class CreditCodeTaken(DomainError):
    code = "credit-code-taken"
    status = 409
    title = _("统一社会信用代码已被使用")
    detail = _("另一机构已登记该代码；同一机构请勿重复建立。")


class ContactMalformed(DomainError):
    code = "contact-malformed"
    status = 422
    title = _("联系方式有误")
    detail = _("邮箱须形如 name@example.org；电话为 5 至 32 个字符，只含数字、空格和 + - ( )。")


class NetworksMalformed(DomainError):
    code = "networks-malformed"
    status = 422
    title = _("网段有误")
    detail = _("请以 CIDR 形式填写网段，例如 203.0.113.0/24，以空格或换行分隔；最多 64 个，IPv4 不宽于 /8，IPv6 不宽于 /24。")


class IdleMinutesMalformed(DomainError):
    code = "idle-minutes-malformed"
    status = 422
    title = _("锁定时间有误")
    detail = _("请填写 5 至 30 之间的整数分钟。")


class ProviderMalformed(DomainError):
    code = "provider-malformed"
    status = 422
    title = _("身份提供方资料有误")
    detail = _("签发方须为不含 ? 和 # 的 https 地址；客户端标识不超过 255 字；首次登记或更换签发方须填写客户端密钥，不超过 500 字。")


class ProviderMoved(DomainError):
    """While the provider was asked, somebody registered another one: a secret that is kept belongs to the one that it was typed for."""

    code = "provider-moved"
    status = 409
    title = _("身份提供方资料已被修改")
    detail = _("核对期间，身份提供方资料已被他人修改或移除，这一次没有改动；请刷新页面，核对后重新提交。")


class ProviderUnusable(DomainError):
    """`reason` is of our closed lists: a trouble of the network, or what the answer lacks."""

    code = "provider-unusable"
    status = 502
    title = _("身份提供方没有给出可用的答复")
    detail = _("请稍后重试；若持续出现，请把原因代码 {reason} 告知本机构管理员。")


class ProviderRefused(DomainError):
    """The browser came back without an answer, with another's, or with one that proves nothing: one answer for all."""

    code = "provider-refused"
    status = 403
    title = _("未能通过机构账号登录")
    detail = _("机构身份提供方没有确认本次登录，或登录已超时；请从机构登录地址重新开始。")


class NotAMember(DomainError):
    """Whoever the provider says it is, here he is nobody: unknown, of another organisation, deactivated, or linked otherwise."""

    code = "not-a-member"
    status = 403
    title = _("该账号不是本机构的成员")
    detail = _("请由本机构管理员先邀请您加入；若已加入，请核对机构账号与登录名是否一致。")


class SignedInAlready(DomainError):
    code = "signed-in-already"
    status = 409
    title = _("已有人登录")
    detail = _("本浏览器中已有其他登录；请先退出，再用机构账号登录。")


class OutsideNetwork(DomainError):
    code = "outside-network"
    status = 403
    title = _("不在机构允许的网络内")
    detail = _("催收员只能在所在机构登记的网络内工作。请在工作场所的网络上重试；若您就在工作场所，请联系机构主管核对登录规则中的网段。")


class NetworksMissing(DomainError):
    """While an organisation names no network, there is no place where those work who work by workstation only."""

    code = "networks-missing"
    status = 403
    title = _("机构尚未登记工作网络")
    detail = _("催收员只能在所在机构登记的网络内工作，而机构还没有登记网段。请机构主管在登录规则中登记工作场所的网段，随后即可登录。")


class OwnFactorMissing(DomainError):
    code = "own-factor-missing"
    status = 403
    title = _("须先设置第二因素")
    detail = _("除催收员外，用机构账号登录还须验证您本人的第二因素。请先用登录名和密码登录一次，设置第二因素，再用机构账号登录。")


class OwnSignInOnly(DomainError):
    """What belongs to the person, and not to the organisation whose provider vouches for him."""

    code = "own-sign-in-only"
    status = 403
    title = _("请用本人的登录方式")
    detail = _("密码、第二因素、登录记录和邀请属于您本人。请退出机构账号，用登录名和密码或通行密钥登录后再来。")


class PeriodMalformed(DomainError):
    code = "period-malformed"
    status = 422
    title = _("起止日期有误")
    detail = _("请按 2026-11-23 的格式填写日期，且起始日期不晚于截止日期。")


class ApplicationNotFound(DomainError):
    """A wrong link and a foreign reference get one answer."""

    code = "application-not-found"
    status = 404
    title = _("没有这份申请")
    detail = _("请核对链接；链接只在提交申请时显示一次，遗失后请重新申请。")


class ApplicationClosed(DomainError):
    code = "application-closed"
    status = 409
    title = _("申请已有结果")
    detail = _("该申请已通过、未通过、已撤回，或材料刚刚补充过；请刷新页面查看当前状态。")


class ApplicationIncomplete(DomainError):
    code = "application-incomplete"
    status = 422
    title = _("申请内容不完整")
    detail = _("请按页面要求填写机构名称、使用目的、管理员姓名；律师事务所和公证机构须填写许可证号，公证机构还须填写执业区域。")


class ChecklistIncomplete(DomainError):
    code = "checklist-incomplete"
    status = 422
    title = _("核查事项未全部完成")
    detail = _("通过须逐项完成全部核查事项；任何决定都须写明理由，不超过 500 个字符。")


class SamePersonTwice(DomainError):
    code = "same-person-twice"
    status = 409
    title = _("须由另一位运营人员操作")
    detail = _("您已作出过决定；第二次决定须由另一位运营人员作出。")


class TwoOperatorsNeeded(DomainError):
    """What one operator may not do alone: to an organisation that was let in, and to the operator itself."""

    code = "two-operators-needed"
    status = 409
    title = _("须由两名运营人员办理")
    detail = _("一名运营人员不能单独邀请或终止机构的管理员，也不能单独邀请运营人员或为其重设登录；请提出并写明理由，由另一位运营人员确认。")


class ColleagueInvited(DomainError):
    """The only operator has a link open already, made alone; one is what he may have."""

    code = "colleague-invited"
    status = 409
    title = _("已有一份未接受的邀请")
    detail = _("唯一的运营人员只能邀请一位同事；该邀请尚未接受，须先撤回才能改邀他人。此后增加运营人员须由两人办理。")


class OperatorsSuffice(DomainError):
    """The command is for the day on which there are no two operators who could do it on the page."""

    code = "operators-suffice"
    status = 409
    title = _("请由两名运营人员在页面办理")
    detail = _("尚有两名在任的运营人员；增加运营人员或重设登录，请由其中一人提出、另一人确认，不使用命令。")


class ReasonMissing(DomainError):
    code = "reason-missing"
    status = 422
    title = _("缺少理由")
    detail = _("请写明理由，不超过 500 个字符。")


class ReplacementOpen(DomainError):
    code = "replacement-open"
    status = 409
    title = _("已有一份待确认的更换")
    detail = _("该机构已有一份更换管理员的提议；请先由另一位运营人员确认，或撤回后重新提出。")


class ReplacementClosed(DomainError):
    code = "replacement-closed"
    status = 409
    title = _("该提议已有结果")
    detail = _("更换管理员的提议已被确认或撤回；请刷新页面查看。")


class ProposerGone(DomainError):
    """Whoever proposed is no operator any more: an account that was taken away must not be half of an act that needs two."""

    code = "proposer-gone"
    status = 409
    title = _("提议人已不再是运营人员")
    detail = _("提出该提议的人员已离任或被停用，提议不能再确认；请撤回后重新提出。")


class CreditCodeChecked(DomainError):
    """Two operators looked this code up; one of them alone makes no other of it."""

    code = "credit-code-checked"
    status = 409
    title = _("统一社会信用代码已经核查")
    detail = _("该代码由两名运营人员核查过，不能更改。机构的代码或名称有变更的，请其重新提交准入申请，由两名运营人员核查。")


class AgreementUnavailable(DomainError):
    code = "agreement-unavailable"
    status = 409
    title = _("协议现在不能接受")
    detail = _("协议版本已更新，或该机构已接受协议；请刷新页面。")


class ActivationIncomplete(DomainError):
    code = "activation-incomplete"
    status = 409
    title = _("尚不能转为正式")
    detail = _("须已接受协议并存证，且在试用期内完成一次核验和一次证据包调取。")


class ReviewNotDue(DomainError):
    code = "review-not-due"
    status = 409
    title = _("未到复核时间")
    detail = _("年度复核可在期限前 30 天内进行；该机构未到复核时间，或本次复核已完成。")


class ApplyingTooOften(DomainError):
    code = "applying-too-often"
    status = 429
    title = _("提交过于频繁")
    detail = _("同一网络地址每小时的申请和补充次数有限；请稍后再试。")

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

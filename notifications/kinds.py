"""What people and systems are told of: a closed list of kinds; what each says, whom it concerns, where to look. Pure data.

A sentence holds no name, no telephone number and nothing of a case but our own ids: it also goes out by e-mail.
"""
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.permissions import ROLES, Act, Role

WEBHOOK_GONE, WEBHOOK_FAILING, FACT_ENDING, CASES_ORDERED = "webhook-gone", "webhook-failing", "platform-fact-ending", "cases-ordered"
CASES_ASSIGNED, CASES_WITHDRAWN, ENTRUSTMENT_ENDED = "cases-assigned", "cases-withdrawn", "entrustment-ended"
ENTRUSTMENT_LAPSED, GRANT_LAPSED, GIVEN_GRANT_LAPSED = "entrustment-lapsed", "grant-lapsed", "given-grant-lapsed"
CASES_GIVEN, CASES_TAKEN = "cases-given", "cases-taken"
GRANT_WAITING, CASES_GRANTED, GRANT_REVOKED = "grant-waiting", "cases-granted", "grant-revoked"
CONSENT_LOST = "consent-lost"
MATTER_SUBMITTED, MATTER_ACCEPTED, MATTER_CLOSED = "matter-submitted", "matter-accepted", "matter-closed"
ORDER_WAITING = "order-waiting"
APPLICATION_RECEIVED, APPLICATION_CHECKED, TRIAL_BEGUN = "application-received", "application-checked", "trial-begun"
REVIEW_DUE = "review-due"
RECORD_QUARANTINED, RELEASE_WAITING, RECORD_RELEASED, RELEASE_FAILED = (
    "record-quarantined", "release-waiting", "record-released", "release-failed")
APPLICATION_WITHDRAWN = "application-withdrawn"
ORGANISATION_ACTIVATED, ORGANISATION_SUSPENDED, ORGANISATION_REINSTATED = (
    "organisation-activated", "organisation-suspended", "organisation-reinstated")
ADMINISTRATOR_WAITING, ADMINISTRATOR_PROPOSED, ADMINISTRATOR_CHANGED = (
    "administrator-waiting", "administrator-proposed", "administrator-changed")
OPERATOR_CHANGED = "operator-changed"
KEY_REVOKED = "key-revoked"
# Who administers an organisation: its administrators, or its auditors, where nobody manages members (`invited_by_operator`).
ADMINISTERING = (Act.MANAGE_MEMBERS, Act.READ_HEALTH)
WEBHOOK_PAGE = "/organisations/{organisation}/webhooks/{}"


@dataclass(frozen=True, slots=True)
class About:
    """`acts`: it concerns whoever may do one of them. `page`: where people look, "" for nowhere; `api`: where machines do.

    `{}` in an address is the notice's subject, `{organisation}` in a page's the ref of the organisation that was told. A notice to one
    person concerns him alone, if he may do one of the acts.
    `shut_out`: those whom it concerns may find no inbox any more, and are sent a message about it all the same: their organisation is
    suspended, or they have left it by what the notice tells of.
    """

    sentence: str | Promise
    acts: frozenset[Act]
    page: str = ""
    api: str = ""
    shut_out: bool = False


def _about(sentence: str | Promise, *acts: Act, page: str = "", api: str = "", shut_out: bool = False) -> About:
    return About(sentence, frozenset(acts), page, api, shut_out)


KINDS: Mapping[str, About] = {
    WEBHOOK_GONE: _about(_("接收方答复 410，事件推送地址已停用。"), Act.MANAGE_KEYS, page=WEBHOOK_PAGE, api="/api/v1/webhooks/{}"),
    WEBHOOK_FAILING: _about(_("事件推送长期失败，推送地址已停用。"), Act.MANAGE_KEYS, page=WEBHOOK_PAGE, api="/api/v1/webhooks/{}"),
    FACT_ENDING: _about(_("平台资质或文件即将到期。"), Act.MANAGE_ORGANISATIONS, page="/platform-facts", api="/api/v1/webhooks/{}"),
    CASES_ORDERED: _about(
        _("法院签发的调取令已启用，涉及本机构的案件。"), Act.GRANT, Act.DISTRIBUTE, page="/access", api="/api/v1/orders/{}"),
    CASES_ASSIGNED: _about(_("出借机构向本机构委托了案件。"), Act.DISTRIBUTE, page="/access", api="/api/v1/assignments"),
    CASES_WITHDRAWN: _about(_("出借机构退回了委托给本机构的案件。"), Act.DISTRIBUTE, page="/access", api="/api/v1/assignments"),
    ENTRUSTMENT_ENDED: _about(
        _("出借机构终止了委托合同，其中的案件不再可见；已取得的案件信息须返还或删除，不得保留。"),
        Act.DISTRIBUTE, page="/access", api="/api/v1/entrustments"),
    # LAW: 个人信息保护法（2021年）第二十一条: return or deletion is owed when an entrustment ends, by its date too.
    ENTRUSTMENT_LAPSED: _about(
        _("委托合同期间届满，受托的催收机构不再可见其中的案件；已取得的案件信息须向出借机构返还或删除，不得保留，请双方核对。"),
        Act.DISTRIBUTE, Act.GRANT, page="/access", api="/api/v1/entrustments"),
    CASES_GIVEN: _about(_("有案件分给了您。"), Act.DEPOSIT, page="/work", api="/api/v1/assignments"),
    CASES_TAKEN: _about(_("您的部分案件已转出，不再可见。"), Act.DEPOSIT, page="/work", api="/api/v1/assignments"),
    GRANT_WAITING: _about(
        _("有一份授权等待第二人复核：经一人授权向该机构开放的案件将超过一百个。"),
        Act.APPROVE_LARGE_GRANT, page="/access", api="/api/v1/grants"),
    CASES_GRANTED: _about(_("出借机构向本机构开放了案件。"), Act.READ_CASE, page="/cases", api="/api/v1/grants"),
    GRANT_REVOKED: _about(
        _("出借机构撤回了向本机构的授权；委托处理的，已取得的案件信息须返还或删除，不得保留。"),
        Act.READ_CASE, page="/cases", api="/api/v1/grants"),
    GRANT_LAPSED: _about(
        _("出借机构向本机构的授权期间届满，其中的案件不再依此可见；委托处理的，已取得的案件信息须返还或删除，不得保留。"),
        Act.READ_CASE, page="/cases", api="/api/v1/grants"),
    GIVEN_GRANT_LAPSED: _about(
        _("本机构给出的一份授权期间届满，被授权的机构不再依此可见其中的案件；委托处理的，请核对其已返还或删除案件信息。"),
        Act.GRANT, page="/access", api="/api/v1/grants"),
    # LAW: 个人信息保护法（2021年）第十五条: who consented may withdraw, and what rests on it has to end.
    CONSENT_LOST: _about(
        _("一份授权所依据的单独同意已登记撤回；该授权届满或撤销前，被授权的机构仍可见其中的案件，请及时核对并撤销。"),
        Act.GRANT, page="/access", api="/api/v1/grants"),
    MATTER_SUBMITTED: _about(_("有事项提交给本机构，等待受理。"), Act.ACCEPT, page="/docket", api="/api/v1/matters"),
    MATTER_ACCEPTED: _about(_("本机构提交的事项已被受理。"), Act.GRANT, Act.DISTRIBUTE, page="/access", api="/api/v1/matters"),
    MATTER_CLOSED: _about(_("本机构提交的事项已办结。"), Act.GRANT, Act.DISTRIBUTE, page="/access", api="/api/v1/matters"),
    ORDER_WAITING: _about(_("有调取令等待确认或启用。"), Act.ORDER, page="/orders", api="/api/v1/orders/{}"),
    APPLICATION_RECEIVED: _about(
        _("有准入申请或其补充材料等待核查。"), Act.MANAGE_ORGANISATIONS, page="/applications/{}", api="/api/v1/webhooks"),
    APPLICATION_CHECKED: _about(_("一份准入申请有了核查意见。"), Act.MANAGE_ORGANISATIONS, page="/applications/{}", api="/api/v1/webhooks"),
    APPLICATION_WITHDRAWN: _about(
        _("申请人撤回了一份准入申请。"), Act.MANAGE_ORGANISATIONS, page="/applications/{}", api="/api/v1/webhooks"),
    TRIAL_BEGUN: _about(_("协议已存证，试用开始。"), *ADMINISTERING, page="/organisation", api="/api/v1/webhooks"),
    ORGANISATION_ACTIVATED: _about(_("试用结束，本机构已转为正式。"), *ADMINISTERING, page="/organisation", api="/api/v1/webhooks"),
    ORGANISATION_SUSPENDED: _about(
        _("运营方停用了本机构，成员和接口凭证暂时不能使用。"), *ADMINISTERING, page="/organisation", api="/api/v1/webhooks", shut_out=True),
    ORGANISATION_REINSTATED: _about(_("运营方恢复了本机构。"), *ADMINISTERING, page="/organisation", api="/api/v1/webhooks"),
    ADMINISTRATOR_WAITING: _about(
        _("有一份更换管理员或运营人员的提议等待另一位运营人员确认。"), Act.MANAGE_ORGANISATIONS, page="/organisations/{}/administrator",
        api="/api/v1/webhooks"),
    # Whoever works there, whatever he does: it may be his administrator's last notice.
    ADMINISTRATOR_PROPOSED: _about(
        _("运营方有人提议更换本机构的管理员，尚待另一位运营人员确认；如非本机构要求，请立即联系运营方。"),
        Act.MANAGE_MEMBERS, Act.READ_CASE, Act.READ_AUDIT, api="/api/v1/webhooks", shut_out=True),
    ADMINISTRATOR_CHANGED: _about(
        _("运营方两名人员为本机构邀请了新的管理员；如非本机构要求，请立即联系运营方。"),
        Act.MANAGE_MEMBERS, Act.READ_CASE, Act.READ_AUDIT, api="/api/v1/webhooks", shut_out=True),
    RECORD_QUARANTINED: _about(
        _("一份存证的原件已被隔离，暂不提供；内容仍保留，证明仍可核验。"), Act.MANAGE_MEMBERS, Act.DEPOSIT, page="/records/{}",
        api="/api/v1/evidence/{}"),
    RELEASE_WAITING: _about(
        _("有人提出解除一份存证的原件隔离，等待另一位法务专员复核。"), Act.RELEASE, page="/records/{}/release", api="/api/v1/evidence/{}"),
    RECORD_RELEASED: _about(
        _("一份存证的原件隔离已解除，原件恢复提供。"), Act.MANAGE_MEMBERS, Act.DEPOSIT, page="/records/{}", api="/api/v1/evidence/{}"),
    RELEASE_FAILED: _about(
        _("重新核对后，一份存证的原件仍与存证时不符，没有解除隔离。"), Act.RELEASE, page="/records/{}/release", api="/api/v1/evidence/{}"),
    OPERATOR_CHANGED: _about(
        _("两名运营人员办理了增加运营人员或重设其登录；如非您所知，请立即核实并查看审计日志。"),
        Act.MANAGE_ORGANISATIONS, page="/organisations/{}/administrator", api="/api/v1/webhooks", shut_out=True),
    KEY_REVOKED: _about(
        _("运营方撤销了本机构的一个接口凭证或签名公钥，使用它的系统不能再调用接口；请核实原因并换发。"),
        Act.MANAGE_KEYS, page="/organisations/{organisation}/keys", api="/api/v1/webhooks"),
    REVIEW_DUE: _about(_("有机构的年度复核将在三十日内到期。"), Act.MANAGE_ORGANISATIONS, page="/reviews", api="/api/v1/webhooks"),
}


def kinds_for(acts: frozenset[Act]) -> list[str]:
    """The kinds that concern whoever may do these acts."""
    return [kind for kind, about in KINDS.items() if about.acts & acts]


def roles_for(kind: str) -> frozenset[Role]:
    """The roles that a notice of this kind concerns."""
    return frozenset(role for role, permission in ROLES.items() if permission.acts & KINDS[kind].acts)

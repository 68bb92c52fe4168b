"""What an audit log records: a closed list of `subject:action`, and what pages call each. Pure data.

Reading of one case or record is not here: those are access and custody events of the rooms that hold them. Who was let in to cases is,
and that a list of them left as a file: such a list is of thousands, and a trail of each would say less.
"""
from collections.abc import Mapping
from enum import StrEnum

from accounts.permissions import Label


class Event(StrEnum):
    """Written into rows that never change: a value may be added, and none is renamed or given another meaning."""

    SIGNED_IN = "session:started"
    SIGN_IN_REFUSED = "session:refused"
    SIGNED_OUT = "session:left"
    SESSION_ENDED = "session:ended"
    SHOWN_AGAIN = "session:factor_shown"
    SESSION_LOCKED = "session:locked"
    FACTOR_SET_UP = "factor:set_up"
    FACTOR_REMOVED = "factor:removed"
    FACTORS_RESET = "factor:reset"
    CODES_MADE = "factor:codes_made"
    PASSWORD_CHANGED = "password:changed"  # noqa: S105 - no password
    INVITED = "invitation:made"
    INVITATION_ACCEPTED = "invitation:accepted"
    INVITATION_WITHDRAWN = "invitation:withdrawn"
    MEMBERSHIP_ENDED = "membership:ended"
    PERSON_DEACTIVATED = "person:deactivated"
    PERSON_LET_IN = "person:let_in"
    APPLICATION_CHECKED = "application:checked"
    PAPER_OPENED = "application:paper_opened"
    ORGANISATION_MADE = "organisation:made"
    STATUS_CHANGED = "organisation:status_changed"
    DESCRIBED = "organisation:described"
    CONTACTS_CHANGED = "organisation:contacts_changed"
    AGREEMENT_ACCEPTED = "agreement:accepted"
    AGREEMENT_DEPOSITED = "agreement:deposited"
    REVIEW_CONFIRMED = "review:confirmed"
    ADMINISTRATOR_PROPOSED = "administrator:proposed"
    ADMINISTRATOR_CONFIRMED = "administrator:confirmed"
    ADMINISTRATOR_WITHDRAWN = "administrator:withdrawn"
    COLLEAGUE_INVITED_ALONE = "operator:invited_alone"
    OPERATOR_BY_COMMAND = "operator:by_command"
    KEY_ISSUED = "api_key:issued"
    KEY_REVOKED = "api_key:revoked"
    SIGNING_KEY_REGISTERED = "signing_key:registered"
    SIGNING_KEY_REVOKED = "signing_key:revoked"
    RULES_CHANGED = "sign_in_rules:changed"
    WORKSTATION_APPROVED = "workstation:approved"
    WORKSTATION_REVOKED = "workstation:revoked"
    PROVIDER_SET = "identity_provider:set"
    PROVIDER_REMOVED = "identity_provider:removed"
    IDENTITY_LINKED = "identity:linked"
    AUDIT_EXPORTED = "audit:exported"
    ENTRUSTED = "entrustment:made"
    ENTRUSTMENT_ENDED = "entrustment:ended"
    CASES_ASSIGNED = "cases:assigned"
    CASES_WITHDRAWN = "cases:withdrawn"
    CASES_DISTRIBUTED = "cases:distributed"
    GRANTED = "grant:made"
    GRANT_APPROVED = "grant:approved"
    GRANT_REVOKED = "grant:revoked"
    MATTER_SUBMITTED = "matter:submitted"
    MATTER_ACCEPTED = "matter:accepted"
    MATTER_CLOSED = "matter:closed"
    ORDER_WRITTEN_DOWN = "order:written_down"
    ORDER_CONFIRMED = "order:confirmed"
    ORDER_OPENED = "order:opened"
    ORDER_ENDED = "order:ended"
    ORDER_NAMES_UNKNOWN = "order:names_unknown"
    CASES_EXPORTED = "cases:exported"
    RECORDS_EXPORTED = "records:exported"
    CUSTODY_EXPORTED = "custody:exported"
    RATE_CAPS_STATED = "rate_caps:stated"
    WEBHOOK_MADE = "webhook:made"
    WEBHOOK_SECRET_CHANGED = "webhook:secret_changed"  # noqa: S105 - no secret
    WEBHOOK_REMOVED = "webhook:removed"


EVENTS: Mapping[Event, Label] = {
    Event.SIGNED_IN: Label("登录", "signed in"),
    Event.SIGN_IN_REFUSED: Label("登录被拒绝", "sign-in refused"),
    Event.SIGNED_OUT: Label("退出登录", "signed out"),
    Event.SESSION_ENDED: Label("会话被结束", "session ended"),
    Event.SHOWN_AGAIN: Label("再次验证", "factor shown again"),
    Event.SESSION_LOCKED: Label("锁定屏幕", "screen locked"),
    Event.FACTOR_SET_UP: Label("设置第二因素", "second factor set up"),
    Event.FACTOR_REMOVED: Label("停用第二因素", "second factor removed"),
    Event.FACTORS_RESET: Label("重设登录方式", "sign-in set up anew"),
    Event.CODES_MADE: Label("生成恢复码", "recovery codes made"),
    Event.PASSWORD_CHANGED: Label("修改密码", "password changed"),
    Event.INVITED: Label("发出邀请", "invitation made"),
    Event.INVITATION_ACCEPTED: Label("接受邀请", "invitation accepted"),
    Event.INVITATION_WITHDRAWN: Label("撤回邀请", "invitation withdrawn"),
    Event.MEMBERSHIP_ENDED: Label("终止成员关系", "membership ended"),
    Event.PERSON_DEACTIVATED: Label("停用人员", "person deactivated"),
    Event.PERSON_LET_IN: Label("恢复人员", "person let in again"),
    Event.APPLICATION_CHECKED: Label("核查准入申请", "application checked"),
    Event.PAPER_OPENED: Label("打开准入材料", "application paper opened"),
    Event.ORGANISATION_MADE: Label("建立机构", "organisation made"),
    Event.DESCRIBED: Label("修改机构资料", "organisation's details changed"),
    Event.CONTACTS_CHANGED: Label("修改联系方式", "contacts changed"),
    Event.AGREEMENT_ACCEPTED: Label("接受接入协议", "agreement accepted"),
    Event.AGREEMENT_DEPOSITED: Label("接入协议已存证", "agreement deposited"),
    Event.REVIEW_CONFIRMED: Label("确认年度复核", "annual review confirmed"),
    Event.ADMINISTRATOR_PROPOSED: Label("提出更换管理员", "new administrator proposed"),
    Event.ADMINISTRATOR_CONFIRMED: Label("确认更换管理员", "new administrator confirmed"),
    Event.ADMINISTRATOR_WITHDRAWN: Label("撤回更换管理员", "proposed administrator withdrawn"),
    Event.COLLEAGUE_INVITED_ALONE: Label("唯一的运营人员一人邀请同事", "colleague invited by the only operator"),
    Event.OPERATOR_BY_COMMAND: Label("以命令邀请或重设运营人员", "operator invited or reset by command"),
    Event.STATUS_CHANGED: Label("变更机构状态", "organisation's status changed"),
    Event.KEY_ISSUED: Label("签发接口密钥", "API key issued"),
    Event.KEY_REVOKED: Label("撤销接口密钥", "API key revoked"),
    Event.SIGNING_KEY_REGISTERED: Label("登记签名公钥", "signing key registered"),
    Event.SIGNING_KEY_REVOKED: Label("撤销签名公钥", "signing key revoked"),
    Event.RULES_CHANGED: Label("变更登录规则", "sign-in rules changed"),
    Event.WORKSTATION_APPROVED: Label("批准工作站通行密钥", "workstation passkey approved"),
    Event.WORKSTATION_REVOKED: Label("撤销工作站通行密钥", "workstation passkey revoked"),
    Event.PROVIDER_SET: Label("登记身份提供方", "identity provider registered"),
    Event.PROVIDER_REMOVED: Label("移除身份提供方", "identity provider removed"),
    Event.IDENTITY_LINKED: Label("关联身份", "identity linked"),
    Event.AUDIT_EXPORTED: Label("导出审计日志", "audit log exported"),
    Event.ENTRUSTED: Label("登记委托合同", "entrustment contract registered"),
    Event.ENTRUSTMENT_ENDED: Label("提前终止委托合同", "entrustment contract ended"),
    Event.CASES_ASSIGNED: Label("委案", "cases assigned"),
    Event.CASES_WITHDRAWN: Label("退案", "cases withdrawn"),
    Event.CASES_DISTRIBUTED: Label("分案", "cases distributed"),
    Event.GRANTED: Label("授权查看案件", "access granted"),
    Event.GRANT_APPROVED: Label("复核授权", "grant approved"),
    Event.GRANT_REVOKED: Label("撤销授权", "grant revoked"),
    Event.MATTER_SUBMITTED: Label("提交案件", "cases submitted"),
    Event.MATTER_ACCEPTED: Label("受理", "matter accepted"),
    Event.MATTER_CLOSED: Label("结案", "matter closed"),
    Event.ORDER_WRITTEN_DOWN: Label("登记调取令", "order written down"),
    Event.ORDER_CONFIRMED: Label("确认系统登记的调取令", "order of a machine confirmed"),
    Event.ORDER_OPENED: Label("启用调取令", "order opened"),
    Event.ORDER_ENDED: Label("终止调取令", "order ended"),
    Event.ORDER_NAMES_UNKNOWN: Label("调取令所列案件不存在", "order named cases that are none"),
    Event.CASES_EXPORTED: Label("导出案件清单", "list of cases exported"),
    Event.RECORDS_EXPORTED: Label("导出存证清单", "list of records exported"),
    Event.CUSTODY_EXPORTED: Label("导出流转记录", "custody trails exported"),
    Event.RATE_CAPS_STATED: Label("变更利率上限", "rate caps changed"),
    Event.WEBHOOK_MADE: Label("登记推送地址", "webhook address registered"),
    Event.WEBHOOK_SECRET_CHANGED: Label("更换推送密钥", "webhook secret changed"),
    Event.WEBHOOK_REMOVED: Label("移除推送地址", "webhook address removed"),
}

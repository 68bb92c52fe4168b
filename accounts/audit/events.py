"""What an audit log records: a closed list of `subject:action`, and what pages call each. Pure data.

Reading of cases and records is not here: those are access and custody events of the rooms that hold them.
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
    KEY_ISSUED = "api_key:issued"
    KEY_REVOKED = "api_key:revoked"
    SIGNING_KEY_REGISTERED = "signing_key:registered"
    SIGNING_KEY_REVOKED = "signing_key:revoked"
    RULES_CHANGED = "sign_in_rules:changed"
    PROVIDER_SET = "identity_provider:set"
    PROVIDER_REMOVED = "identity_provider:removed"
    IDENTITY_LINKED = "identity:linked"
    AUDIT_EXPORTED = "audit:exported"


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
    Event.ORGANISATION_MADE: Label("建立机构", "organisation made"),
    Event.DESCRIBED: Label("修改机构资料", "organisation's details changed"),
    Event.CONTACTS_CHANGED: Label("修改联系方式", "contacts changed"),
    Event.AGREEMENT_ACCEPTED: Label("接受接入协议", "agreement accepted"),
    Event.AGREEMENT_DEPOSITED: Label("接入协议已存证", "agreement deposited"),
    Event.REVIEW_CONFIRMED: Label("确认年度复核", "annual review confirmed"),
    Event.ADMINISTRATOR_PROPOSED: Label("提出更换管理员", "new administrator proposed"),
    Event.ADMINISTRATOR_CONFIRMED: Label("确认更换管理员", "new administrator confirmed"),
    Event.ADMINISTRATOR_WITHDRAWN: Label("撤回更换管理员", "proposed administrator withdrawn"),
    Event.STATUS_CHANGED: Label("变更机构状态", "organisation's status changed"),
    Event.KEY_ISSUED: Label("签发接口密钥", "API key issued"),
    Event.KEY_REVOKED: Label("撤销接口密钥", "API key revoked"),
    Event.SIGNING_KEY_REGISTERED: Label("登记签名公钥", "signing key registered"),
    Event.SIGNING_KEY_REVOKED: Label("撤销签名公钥", "signing key revoked"),
    Event.RULES_CHANGED: Label("变更登录规则", "sign-in rules changed"),
    Event.PROVIDER_SET: Label("登记身份提供方", "identity provider registered"),
    Event.PROVIDER_REMOVED: Label("移除身份提供方", "identity provider removed"),
    Event.IDENTITY_LINKED: Label("关联身份", "identity linked"),
    Event.AUDIT_EXPORTED: Label("导出审计日志", "audit log exported"),
}

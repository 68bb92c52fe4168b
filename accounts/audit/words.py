"""What the ids and fixed words of an audit row are called, in both languages. Pure; names of people come from outside."""
from collections.abc import Mapping

from accounts.audit.events import EVENTS, Event
from accounts.permissions import ROLES, Label, Role

SUBJECTS: Mapping[str, Label] = {
    "person": Label("人员", "person"),
    "invitation": Label("邀请", "invitation"),
    "api_key": Label("接口密钥", "API key"),
    "organisation": Label("机构", "organisation"),
    "session": Label("会话", "session"),
    "signing_key": Label("签名公钥", "signing key"),
    "application": Label("准入申请", "application"),
    "paper": Label("材料", "paper"),
    "command": Label("服务器命令", "command on the server"),
    "entrustment": Label("委托合同", "entrustment"),
    "grant": Label("授权", "grant"),
    "matter": Label("受理事项", "matter"),
    "order": Label("调取令", "order"),
    "webhook": Label("推送地址", "webhook"),
    "cases": Label("案件数", "cases:"),
    "rows": Label("行数", "rows:"),
    "caps": Label("上限条数", "caps:"),
    # What an export was narrowed to.
    "kind": Label("种类", "kind"),
    "progress": Label("进度", "progress"),
    "stage": Label("阶段", "stage"),
    "mistaken": Label("误存", "deposited by mistake:"),
    "since": Label("自", "since"),
    "until": Label("至", "until"),
    "case": Label("案件", "case"),
}
SHORT = 16
WORDS: Mapping[str, Label] = {
    "password": Label("密码", "password"),
    "totp": Label("验证码", "code of an app"),
    "webauthn": Label("通行密钥", "passkey"),
    "recovery_codes": Label("恢复码", "recovery code"),
    "oidc": Label("机构账号", "organisation's account"),
    "api_key": Label("接口密钥", "API key"),
    "mfa": Label("第二因素", "second factor"),
    "network": Label("不在允许的网络内", "outside the networks"),
    "factor": Label("缺少第二因素", "no second factor"),
    "deactivated": Label("账号已停用", "account deactivated"),
    "expired": Label("已到期", "expired"),
    "applied": Label("已申请", "applied"),
    "checked": Label("已核查", "checked"),
    "trial": Label("试用", "trial"),
    "active": Label("正式", "active"),
    "suspended": Label("已停用", "suspended"),
    "includes_all": Label("包括其他机构的证据", "with evidence of others"),
    "whole_case": Label("整个案件", "whole cases"),
    "text": Label("按关键词", "by what was typed"),
    "selection": Label("勾选的存证", "the records that were ticked"),
    "queued": Label("待入链", "waiting for the log"),
    "overdue": Label("逾期未入链", "overdue"),
    "logged": Label("已入链，等待时间戳", "in the log, waiting for a timestamp"),
    "stamped": Label("已获时间戳", "timestamped"),
    "open": Label("在管", "in hand"),
    "entrusted": Label("委外催收", "entrusted"),
    "demanded": Label("已催告", "demanded"),
    "notary": Label("公证办理中", "at the notary's"),
    "arbitration": Label("仲裁中", "in arbitration"),
    "litigation": Label("诉讼中", "in litigation"),
    "enforcement": Label("执行中", "in enforcement"),
    "settled": Label("已结清", "settled"),
    "closed": Label("已结案", "closed"),
    "pass": Label("通过", "passed"),
    "refuse": Label("不通过", "refused"),
    "first": Label("首次确认", "first confirmation"),
    "second": Label("第二次确认", "second confirmation"),
    "reset": Label("重设登录", "sign-in set up anew"),
    "invitation": Label("邀请", "invitation"),
    "yes": Label("是", "yes"),
    "no": Label("否", "no"),
}


def event_label(event: str) -> Label:
    """Of a row; a word that this version does not know stays itself."""
    return EVENTS[Event(event)] if event in frozenset(Event) else Label(event, event)


def id_label(word: str) -> Label:
    """`person:12` → 人员 12; a long id is cut to what tells two apart, a fixed word is called as such."""
    kind, _, number = word.partition(":")
    label = SUBJECTS.get(kind, Label(kind, kind))
    short = number if len(number) <= SHORT else number[:8]
    value = WORDS.get(number, Label(short, short))
    return Label(f"{label.zh} {value.zh}".strip(), f"{label.en} {value.en}".strip())


def words_label(text: str) -> Label:
    """`password+totp` → 密码 + 验证码; a role is called as in the table of permissions, an id as `id_label` does."""
    labels = [_label(word) for word in text.split("+") if word]
    return Label(" + ".join(label.zh for label in labels), " + ".join(label.en for label in labels))


def _label(word: str) -> Label:
    if ":" in word:
        return id_label(word)
    return ROLES[Role(word)].label if word in frozenset(Role) else WORDS.get(word, Label(word, word))

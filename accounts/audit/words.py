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
    "command": Label("服务器命令", "command on the server"),
}
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
}


def event_label(event: str) -> Label:
    """Of a row; a word that this version does not know stays itself."""
    return EVENTS[Event(event)] if event in frozenset(Event) else Label(event, event)


def id_label(word: str) -> Label:
    """`person:12` → 人员 12; an id of an organisation is cut to what tells two apart."""
    kind, _, number = word.partition(":")
    label = SUBJECTS.get(kind, Label(kind, kind))
    return Label(f"{label.zh} {number[:8]}".strip(), f"{label.en} {number[:8]}".strip())


def words_label(text: str) -> Label:
    """`password+totp` → 密码 + 验证码; a role is called as in the table of permissions, an id as `id_label` does."""
    labels = [_label(word) for word in text.split("+") if word]
    return Label(" + ".join(label.zh for label in labels), " + ".join(label.en for label in labels))


def _label(word: str) -> Label:
    if ":" in word:
        return id_label(word)
    return ROLES[Role(word)].label if word in frozenset(Role) else WORDS.get(word, Label(word, word))

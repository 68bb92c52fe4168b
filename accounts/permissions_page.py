"""The table of permissions as a page, Chinese and English: `docs/permissions.md`. Pure; the file is compared with it by a test."""
from accounts.permissions import ACTS, CONTENT, KINDS, NOT_YET, ROLES, SENSITIVE, Act, Kind, roles_of
from accounts.scopes import SCOPES, SCOPES_OF

HEAD = """# Permissions · 权限表

Written by `manage.py write_permissions` from `accounts/permissions.py` and `accounts/scopes.py`; a test compares them with
this page, so change the tables and never the page.
本页由 `manage.py write_permissions` 根据 `accounts/permissions.py` 生成，测试会比对二者；请修改权限表，不要修改本页。

An act says what a role may do inside its own organisation. To which cases and records, a grant, an acceptance or an order decides.
行为只说明该角色在本机构内可以做什么；对哪些案件和存证可以这样做，取决于授权、受理或调取令。
How much of a case's file such a root opens stands in `cases/sight.py`: an order for some kinds of evidence opens debtor and creditors
alone, a matter accepted as of a moment nothing that is dated later; a note is its writer's organisation's unless it was shared.
以此查看的案件档案范围见 `cases/sight.py`：限定证据种类的调取令只开放债务人与债权人；
受理后以某一时间为准的，不含此后的内容；备注未共享的只有写入机构可见。

- Assistants, secretaries and clerks prepare, fetch and serve; they never sign. 助理、办案秘书、书记员只准备、调取和送达，不签署。
- Granting is the lender's legal officer's. On one person's word a receiver gets at most 100 cases of a lender's: counted together are the
  new grant and the lender's grants to that receiver that no second person approved, while they run, and for 24 hours after they were made
  even if revoked. Beyond that a second person approves.
  授权由出借机构法务专员作出。经一人授权向同一机构开放的案件至多一百个：新授权与此前未经第二人复核、仍在有效期内的授权合并计算，作出后二十四小时内的即使已撤销也计入；超过的须第二人复核。
- On trial an organisation verifies and fetches the practice record and keeps its people and keys; it deposits nothing, opens nothing,
  and nobody entrusts, opens or submits a case to it.
  试用期内的机构只核验和调取练习记录、管理本机构人员和密钥；不存证、不授权、不签发，也不接受委案、授权和提交。
- An act that is marked ○ is not yet in the service: the role is meant for it, and there is no page or request of it to ask for.
  标 ○ 的行为本服务尚未提供：表中只预留给相应角色，目前没有可以这样做的页面或接口。
- The operator handles organisations, members, keys and health, and no content. 运营方只管理机构、成员、密钥与运行状态，不接触内容。

## Acts · 行为

| act · 行为 | 中文 | English | content · 涉及内容 | second factor again · 再次验证 | not yet in the service · 尚未提供 |
|---|---|---|---|---|---|
"""


def permissions_page() -> str:
    """The whole text of the file."""
    acts = [
        f"| `{act}` | {ACTS[act].zh} | {ACTS[act].en} | {_mark(act in CONTENT)} | {_mark(act in SENSITIVE)} | {'○' * (act in NOT_YET)} |"
        for act in Act]
    return HEAD + "\n".join(acts) + "\n" + "".join(_section(kind) for kind in Kind) + _scopes()


def _scopes() -> str:
    """Which kind may give which scope to its machines; kinds that have none to give have no row."""
    kinds = [kind for kind in Kind if SCOPES_OF[kind]]
    head = ["scope · 权限范围", "rests on · 依据", *(f"{KINDS[kind].zh} {KINDS[kind].en}" for kind in kinds)]
    rows = [[f"{rule.label.zh} {rule.label.en} `{scope}`", f"`{rule.rests_on}`", *(_mark(scope in SCOPES_OF[kind]) for kind in kinds)]
            for scope, rule in SCOPES.items()]
    told = (
        "A machine does nothing that no person of its kind of organisation may do; kinds that are not here have no keys.\n"
        "系统不能做本类机构任何人都不能做的事；未列出的机构类别没有接口凭证。")
    table = "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])
    return f"\n## Scopes of machines · 系统的权限范围\n\n{told}\n\n{table}\n"


def _section(kind: Kind) -> str:
    roles = roles_of(kind)
    acts = [act for act in Act if any(act in ROLES[role].acts for role in roles)]
    head = ["act · 行为", *(f"{ROLES[role].label.zh} {ROLES[role].label.en} `{role}`" for role in roles)]
    rows = [[f"{ACTS[act].zh} {ACTS[act].en}", *("○" if act in NOT_YET and may else _mark(may) for may in _who(act, kind))] for act in acts]
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"\n## {KINDS[kind].zh} · {KINDS[kind].en} `{kind}`\n\n{table}\n"


def _who(act: Act, kind: Kind) -> list[bool]:
    return [act in ROLES[role].acts for role in roles_of(kind)]


def _mark(holds: bool) -> str:
    return "✓" if holds else ""

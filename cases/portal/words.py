"""What the closed lists of a case file, and the words of a reckoning sheet, are called on pages.

The sheet itself is Chinese, and its bytes may have been deposited (`cases.reckoning.sheet`); here stand the same words for the reader.
What is law, a source or a name of others' stays as it is written.
"""
import re

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from cases.facts import ConsentKind, ContactBasis, ContactKind, PartyKind, PartyRole
from cases.models import Case
from cases.reckoning.appropriation import ALREADY_DUE, DESIGNATED, EARLY, ONLY, PRO_RATA
from cases.reckoning.rows import Ground, RowKind
from cases.reckoning.sheet import CHINESE, Words
from cases.reckoning.terms import Component, Criterion, Repayment

STAGES = {
    Case.Stage.OPEN: _("在管"), Case.Stage.ENTRUSTED: _("委外催收"), Case.Stage.DEMANDED: _("已催告"), Case.Stage.NOTARY: _("公证办理中"),
    Case.Stage.ARBITRATION: _("仲裁中"), Case.Stage.LITIGATION: _("诉讼中"), Case.Stage.ENFORCEMENT: _("执行中"),
    Case.Stage.SETTLED: _("已结清"), Case.Stage.CLOSED: _("已结案"),
}
ROLES = {
    PartyRole.DEBTOR: _("债务人"), PartyRole.CO_DEBTOR: _("共同债务人"), PartyRole.GUARANTOR: _("保证人"), PartyRole.SPOUSE: _("配偶"),
    PartyRole.AGENT: _("代理人"),
}
KINDS = {PartyKind.PERSON: _("自然人"), PartyKind.ORGANISATION: _("组织")}
CONTACTS = {
    ContactKind.MOBILE: _("手机"), ContactKind.TELEPHONE: _("固定电话"), ContactKind.EMAIL: _("电子邮箱"), ContactKind.ADDRESS: _("地址"),
    ContactKind.WECHAT: _("微信"),
}
BASES = {
    ContactBasis.CONTRACT: _("合同载明"), ContactBasis.DECLARED: _("本人提供"), ContactBasis.REPAIRED: _("合规修复"),
    ContactBasis.PUBLIC: _("公开来源"),
}
CONSENTS = {
    ConsentKind.PERSONAL_INFORMATION: _("处理个人信息"), ConsentKind.PROVISION: _("向他人提供个人信息（单独同意）"),
    ConsentKind.ELECTRONIC_SERVICE: _("电子送达"), ConsentKind.SERVICE_ADDRESS: _("送达地址确认"), ConsentKind.RECORDING: _("通话录音"),
    ConsentKind.ENFORCEMENT: _("接受强制执行"), ConsentKind.ARBITRATION: _("仲裁协议"),
}
REPAYMENTS = {
    Repayment.EQUAL_INSTALMENTS: _("等额本息"), Repayment.EQUAL_PRINCIPAL: _("等额本金"), Repayment.INTEREST_FIRST: _("先息后本"),
    Repayment.BULLET: _("一次性还本付息"),
}
ROWS = {
    RowKind.DRAWN: _("放款"), RowKind.CHARGED: _("费用发生"), RowKind.INTEREST: _("期内利息"), RowKind.PENALTY: _("罚息"),
    RowKind.COMPOUND: _("复利"), RowKind.DUE: _("到期"), RowKind.ACCELERATED: _("宣布提前到期"), RowKind.APPROPRIATED: _("抵充"),
    RowKind.SURPLUS: _("溢缴"), RowKind.ALLOWED: _("综合年化上限额度"), RowKind.WITHHELD: _("超出上限减除"),
}
COMPONENTS = {
    Component.COSTS: _("实现债权的费用"), Component.FEES: _("约定费用"), Component.INTEREST: _("期内利息"), Component.PENALTY: _("罚息"),
    Component.COMPOUND: _("复利"), Component.PRINCIPAL: _("本金"),
}
REASONS = {
    DESIGNATED: _("债务人指定"), ONLY: _("仅此一项债务"), ALREADY_DUE: _("已到期的债务优先"), PRO_RATA: _("各项均等，按比例"),
    EARLY: _("尚未到期，提前清偿"), "rate-cap": _("超过综合年化上限"),
    Criterion.SECURITY.value: _("担保较少者优先"), Criterion.BURDEN.value: _("负担较重者优先"), Criterion.DUE.value: _("先到期者优先"),
}
CONVENTIONS = (
    _("计息期间算头不算尾；截止日当日不计息。"),
    _("每一行计息金额在该行结束时四舍五入至分，合计不再舍入。"),
    _("罚息以到期未还本金为基数，利率为年利率×（1＋上浮比例）；复利以到期未还的期内利息为基数，按罚息利率计收，罚息与复利不再计收复利。"),
    _("法律所称利息在本表中分为期内利息、罚息、复利；法律未单列的约定费用列于利息之前；合同另有约定的从其约定。"),
    _("债务人负担的轻重以年利率衡量。提前还款后，剩余本金按原方式在剩余各期重新安排。"),
    _("提前只还利息的，还款计划不变；等额本息提前还本的，当期此前已计的利息计入当期应还款额。"),
    _("还款日不因节假日顺延。"),
)
SHEET_COLUMNS = (
    _("序号"), _("事项"), _("借据"), _("起日"), _("止日"), _("天数"), _("基数"), _("年利率"), _("计算式"), _("款项"), _("金额"), _("凭据"),
    _("理由"), _("依据"))
SHEET_SUMS = (
    (_("尚欠本金"), "principal"), (_("其中已到期本金"), "principal_due"), (_("期内利息"), "interest"), (_("罚息"), "penalty"),
    (_("复利"), "compound"), (_("约定费用"), "fees"), (_("实现债权的费用"), "costs"), (_("超出上限减除"), "withheld"), (_("合计"), "total"))
CLAUSE = re.compile(r"合同条款 (.+)", re.DOTALL)


def ground_word(ground: Ground) -> str | Promise | None:
    """A contract's clause in the reader's words; None for law and policies, which are quoted as they are written."""
    if ground.kind != "clause":
        return None
    numbered = CLAUSE.fullmatch(ground.text)
    return _("合同约定（条款号未载明）") if numbered is None else gettext("合同条款 %(number)s") % {"number": numbered[1]}


def sheet_words() -> Words:
    """The words of a sheet's CSV in the reader's language; in Chinese those of the sheet itself, so that its bytes are the API's."""
    if get_language() != "en":
        return CHINESE
    return Words(
        columns=tuple(str(each) for each in SHEET_COLUMNS), kinds={kind: str(word) for kind, word in ROWS.items()},
        components={each: str(word) for each, word in COMPONENTS.items()}, reasons={each: str(word) for each, word in REASONS.items()},
        owed=tuple((str(word), member) for word, member in SHEET_SUMS), every=gettext("全部"),
        until=lambda day, name: gettext("截至 %(day)s：%(name)s") % {"day": day, "name": name}, surplus=gettext("溢缴"),
        ground=lambda ground: str(ground_word(ground) or ground.text))

"""What the closed lists of a case file are called on pages."""
from django.utils.translation import gettext_lazy as _

from cases.facts import ConsentKind, ContactBasis, ContactKind, PartyKind, PartyRole
from cases.models import Case
from cases.reckoning.rows import RowKind
from cases.reckoning.terms import Component, Repayment

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

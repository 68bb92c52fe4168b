"""The kinds of evidence that have a name: what pages offer to depositors, and what a court's order may be limited to. Pure.

Machines may deposit other kinds of the right shape; an order that names one would open nothing wherever it was spelled otherwise, so an
order that is to reach those names no kind.
"""
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

EVIDENCE_KINDS: Mapping[str, str | Promise] = {
    "call_recording": _("通话录音"), "sms": _("短信"), "instant_message": _("即时通讯记录"), "screenshot": _("截图"), "photo": _("照片"),
    "video": _("录像"), "contract": _("合同"), "disbursement": _("放款记录"), "repayment_ledger": _("还款流水"),
    "demand_notice": _("催款函件"),
    "delivery_receipt": _("送达凭证"), "email": _("电子邮件"), "visit": _("外访记录"), "document": _("其他文件"),
}
# Besides those, what the service itself deposits into a case.
ORDERABLE: Mapping[str, str | Promise] = {**EVIDENCE_KINDS, "reckoning_sheet": _("计算表"), "correction": _("误存更正")}

"""The kinds of evidence by name: what depositors choose among, and what a court's order may be limited to. Pure.

It is a closed list; each has a published schema (`evidence.kinds.schemas`, whose labels are these words: a test compares). Records that
were deposited before there were schemas may be of other kinds; an order that is to reach those names no kind.
"""
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

EVIDENCE_KINDS: Mapping[str, str | Promise] = {
    "call_recording": _("通话录音"), "sms": _("短信"), "instant_message": _("即时通讯记录"), "screenshot": _("截图"), "photo": _("照片"),
    "video": _("录像"), "contract": _("合同"), "esignature_record": _("电子签名记录"), "identity_verification": _("身份核验记录"),
    "disbursement": _("放款记录"), "repayment_ledger": _("还款流水"), "demand_notice": _("催款函件"), "letter": _("信函与快递"),
    "delivery_receipt": _("送达凭证"), "email": _("电子邮件"), "visit": _("外访记录"), "web_capture": _("网页取证"),
    "settlement": _("和解与减免"), "complaint": _("投诉与异议"), "document": _("其他文件"), "other": _("其他证据"),
}
# Besides those, what the service itself deposits into a case.
ORDERABLE: Mapping[str, str | Promise] = {
    **EVIDENCE_KINDS, "reckoning_sheet": _("计算表"), "correction": _("误存更正"), "relation": _("关联说明"),
}

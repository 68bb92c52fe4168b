"""Completeness (材料齐备度): what a procedure needs of evidence, and whether a case's records have it, are weak in it, or lack it. Pure.

Each need names the kinds that serve it and the rule that it rests on, read from `law` as of a day. Weak is what the law says cannot stand
alone: a lone screenshot, copies without an original, a recording without its carrier; another kind of record beside it, or a relation that
says that it corroborates, takes that away. An original in quarantine is to be verified first, and is weak. What favours the debtor is asked
for as well: repayments, settlements, objections; there being none is no fault. Nor is it where a rule asks for something in some cases
alone, and this is not known to be one.

What it does not do: judge whether evidence is true or enough. It compares with the rules that it names, and pages say so.
Source: domain §1.1 (证据规定 15, 90, 93, 94), §1.2, §1.3 (时效规定 8), §4b, 4c, 4e, 4f, 4g.
"""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from law.citation import Citation, cite
from law.statutes import UnknownCitation, article_on, version_of

Word = str | Promise
State = Literal["present", "weak", "missing", "none"]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A record as far as it matters here. `carrier`: the original carrier is told; `corroborated`: another record says that it is;
    `quarantined`: none of its originals is given out.
    """

    record: str
    kind: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    carrier: bool = False
    corroborated: bool = False
    quarantined: bool = False

    def tells(self, **wanted: object) -> bool:
        return all(self.metadata.get(name) == value for name, value in wanted.items())


class Basis(NamedTuple):
    """A rule by its subject; `earlier`: the version whose article is known where that of the day is not."""

    instrument: str
    subject: str
    item: int | None = None
    earlier: str | None = None

    def words(self, day: date) -> str:
        """The citation in the language of the page; with a caution where only an earlier version's number is known."""
        try:
            return _in_words(cite(article_on(self.instrument, self.subject, day), item=self.item))
        except UnknownCitation:
            assert self.earlier is not None, f"{self.instrument} has nothing about {self.subject} on {day}"
            article = next(each for each in version_of(self.instrument, self.earlier).articles if each.subject == self.subject)
            return _("{citation}（现行版本的条号尚未核实）").format(citation=_in_words(cite(article, item=self.item)))


def _in_words(citation: Citation) -> str:
    return citation.english if get_language() == "en" else citation.chinese


@dataclass(frozen=True, slots=True)
class Need:
    """`told`: a field that one of the records must tell. `fits` narrows the kinds; `when`: whether it is asked for in such a case;
    `whole`: whether what serves it can be all of it; `sure`: whether it is certain that this case needs it, by its records and by whether
    the debt was assigned.
    """

    key: str
    word: Word
    kinds: Sequence[str]
    bases: Sequence[Basis]
    debtor: bool = False
    told: str = ""
    fits: Callable[[Exhibit], bool] = lambda _exhibit: True
    when: Callable[[Sequence[Exhibit]], bool] = lambda _exhibits: True
    whole: Callable[[Sequence[Exhibit]], bool] = lambda _serving: True
    sure: Callable[[Sequence[Exhibit], bool], bool] = lambda _exhibits, _assigned: True


class Found(NamedTuple):
    """How a need stands. `records` serve it; `why` it is weak, "" otherwise; `bases` are citations. `debtor`: it favours the debtor."""

    key: str
    word: Word
    state: State
    records: Sequence[str]
    why: Word
    bases: Sequence[str]
    debtor: bool


ORIGINALS = Basis("evidence-provisions", "originals")
DOUBTFUL, COPIES = (Basis("evidence-provisions", "not-alone", item) for item in (4, 5))
DEMAND, PROMISE = Basis("limitation-provisions", "what-counts-as-a-demand"), Basis("limitation-provisions", "debtor-agrees")
DUE = Basis("civil-code", "repayment-when-due")
# LAW: 证据规定 94: electronic data against the interest of the party that keeps them may be taken as true: a creditor's own record of what
# the debtor objected to is such data, wherever the evidence is heard.
ADVERSE = Basis("evidence-provisions", "presumed-true-electronic-data")
NOT_ENFORCED = Basis("notarised-debt-provisions", "objection")
WHOLE = Basis("evidence-provisions", "truth-of-electronic-data")
COMPLAINT = Basis("civil-procedure-law", "complaint")
VERIFIED = Basis("notarial-procedure-rules", "execution-certificate")
AGREED = Basis("arbitration-law", "arbitration-agreement", earlier="2017")
APPLIED = Basis("arbitration-law", "application-content", earlier="2017")
NOTARISED = Basis("notarised-debt-provisions", "documents-to-file")
TO_ENFORCE, BY_AGENT = (Basis("enforcement-work-provisions", subject) for subject in ("documents-to-apply", "agents"))
NOT_CARRIED = ("sent", "bounced", "refused")
# A screen or a photo shows something; what it shows is elsewhere.
SHOWN = frozenset({"screenshot", "photo"})
WEAK: Mapping[str, tuple[Word, Basis]] = {
    "shown": (gettext_lazy(
        "只有截图或照片；存有疑点的，不能单独作为认定案件事实的根据。请存入其来源的原始记录，或能与之印证的其他证据。"), DOUBTFUL),
    "copy": (gettext_lazy(
        "只有扫描件或复印件；无法与原件核对的，不能单独作为认定案件事实的根据。请准备原件，或存入能与之印证的其他证据。"), COPIES),
    "carrier": (gettext_lazy("没有说明录音录像的原始载体；视听资料应当提供存储它的原始载体。"), ORIGINALS),
    "untold": (gettext_lazy("存证没有写明相应的条款号，请核对后另行说明。"), ORIGINALS),
    "quarantined": (gettext_lazy("原件已被隔离，待核实：在法务专员核对并解除隔离之前不能提交。请打开该存证办理。"), WHOLE),
    "half": (gettext_lazy("只有一份公证文书；申请执行公证债权文书，须同时提交公证债权文书和执行证书。"), NOTARISED),
    "not-arrived": (gettext_lazy("送达凭证没有显示到达；催款文书须能证明到达或者应当到达对方。"), DEMAND),
}


def need(key: str, word: Word, kinds: str, *bases: Basis, **more: Any) -> Need:
    return Need(key, word, kinds.split(), bases, **more)


def document(*types: str) -> Callable[[Exhibit], bool]:
    """Records of the kind `document` of these types, and all of other kinds."""
    return lambda exhibit: exhibit.kind != "document" or exhibit.metadata.get("document_type") in types


def _electronic(exhibits: Sequence[Exhibit]) -> bool:
    return any(each.kind == "contract" and each.tells(signing_method="electronic_signature") for each in exhibits)


def _objects(exhibit: Exhibit) -> bool:
    return exhibit.kind == "complaint" or exhibit.metadata.get("outcome") in ("disputed", "complaint")


def _title_is_whole(serving: Sequence[Exhibit]) -> bool:
    """A ruling is by itself; of a notarised debt there are two documents, the instrument and the execution certificate."""
    return len(serving) > 1 or not all(each.tells(document_type="notarial") for each in serving)


def _is_award(exhibits: Sequence[Exhibit], _assigned: bool) -> bool:
    """Whether one of the rulings is known to be an arbitral award, by who issued it or by its number."""
    said = (str(each.metadata.get(name) or "") for each in exhibits if each.tells(document_type="ruling")
            for name in ("issuer", "document_number"))
    return any("仲裁" in text or "仲字" in text for text in said)


def _was_assigned(exhibits: Sequence[Exhibit], assigned: bool) -> bool:
    return assigned or any(each.tells(document_type="assignment") for each in exhibits)


def debt(*bases: Basis) -> list[Need]:
    """What the debt itself is shown by, in every procedure."""
    return [
        need("contract", gettext_lazy("借款合同"), "contract", ORIGINALS, *bases),
        need("signature", gettext_lazy("电子签名记录（合同为电子签名）"), "esignature_record",
             Basis("evidence-provisions", "truth-of-electronic-data"), when=_electronic),
        need("disbursement", gettext_lazy("放款凭证"), "disbursement", *bases),
        need("ledger", gettext_lazy("还款流水（包括已还部分）"), "repayment_ledger", *dict.fromkeys((DUE, *bases)), debtor=True),
    ]


def demanded(*bases: Basis) -> list[Need]:
    return [
        need("demand", gettext_lazy("催告"), "demand_notice letter email sms instant_message screenshot", DEMAND, *bases,
             fits=lambda each: each.metadata.get("direction") != "inbound"),
        need("delivery", gettext_lazy("催告到达的凭证"), "delivery_receipt screenshot photo", DEMAND, *bases),
    ]


def identity(basis: Basis) -> Need:
    return need("identity", gettext_lazy("债务人身份"), "identity_verification document", basis, fits=document("identity"))


def in_favour(*bases: Basis) -> list[Need]:
    """What favours the debtor, wherever there is such a thing."""
    return [
        need("settlement", gettext_lazy("和解、减免、分期等新的约定"), "settlement", PROMISE, *bases, debtor=True),
        need("objection", gettext_lazy("债务人的投诉与异议"), "complaint call_recording", ADVERSE, *bases, debtor=True, fits=_objects),
    ]


RECKONED = need("reckoning", gettext_lazy("欠款计算"), "reckoning_sheet", Basis("civil-code", "overdue-interest"))
ADDRESS = need(
    "address", gettext_lazy("约定或者确认的送达地址"), "contract", Basis("online-litigation-rules", "arrival"),
    told="service_address_clause")
PROCEDURES: Mapping[str, tuple[Word, Sequence[Need]]] = {
    "demand": (gettext_lazy("催告"), (
        *debt(DUE), RECKONED, *demanded(), ADDRESS, *in_favour())),
    "notarial_execution": (gettext_lazy("公证执行证书"), (
        need("instrument", gettext_lazy("公证债权文书"), "document", Basis("notary-law", "enforceable-instrument"),
             fits=document("notarial")),
        need("consent", gettext_lazy("接受强制执行的承诺"), "contract", Basis("notarised-debt-provisions", "refusal"),
             told="enforcement_clause"),
        *debt(VERIFIED), RECKONED, *demanded(VERIFIED), *in_favour(VERIFIED))),
    "arbitration": (gettext_lazy("仲裁"), (
        need("agreement", gettext_lazy("仲裁协议"), "contract", AGREED, told="dispute_clause"),
        identity(APPLIED),
        *debt(APPLIED), RECKONED, *demanded(), *in_favour())),
    "suit": (gettext_lazy("诉讼"), (
        identity(COMPLAINT), *debt(COMPLAINT), RECKONED, *demanded(Basis("civil-code", "limitation-interrupted")), ADDRESS, *in_favour())),
    "enforcement": (gettext_lazy("强制执行"), (
        need("title", gettext_lazy("生效法律文书（裁判、仲裁裁决或者公证债权文书与执行证书）"), "document", TO_ENFORCE,
             NOTARISED, fits=document("ruling", "notarial"), whole=_title_is_whole),
        need("applicant", gettext_lazy("申请执行人身份证明"), "document", TO_ENFORCE, fits=document("licence")),
        need("authority", gettext_lazy("授权委托书"), "document", BY_AGENT, fits=document("authorisation")),
        need("agreement", gettext_lazy("有仲裁条款的合同或者仲裁协议（申请执行仲裁裁决的）"), "contract", TO_ENFORCE, told="dispute_clause",
             sure=_is_award),
        need("succession", gettext_lazy("继承或者承受权利的证明（申请人为继承人或者权利承受人的）"), "document", TO_ENFORCE,
             fits=document("assignment"), sure=_was_assigned),
        need("ledger", gettext_lazy("生效后的还款（应予扣除）"), "repayment_ledger", VERIFIED, debtor=True), *in_favour(NOT_ENFORCED))),
}


def completeness(procedure: str, exhibits: Sequence[Exhibit], *, day: date, assigned: bool = False) -> list[Found]:
    """How each need of the procedure stands, in the order in which it is asked for; KeyError for a procedure that is not there.

    `assigned`: the debt is known to have been assigned, so that whoever claims it now shows by what.
    """
    _word, needs = PROCEDURES[procedure]
    return [_judged(each, exhibits, day, assigned) for each in needs if each.when(exhibits)]


def _judged(wanted: Need, exhibits: Sequence[Exhibit], day: date, assigned: bool) -> Found:
    serving = [each for each in exhibits if each.kind in wanted.kinds and wanted.fits(each)]
    bases, records = [basis.words(day) for basis in wanted.bases], [each.record for each in serving]
    if not serving:
        # A ledger is asked of every creditor, whomever it favours; of what may never have happened nothing is missing.
        needless = (wanted.debtor and wanted.key != "ledger") or not wanted.sure(exhibits, assigned)
        state: State = "none" if needless else "missing"
        return Found(wanted.key, wanted.word, state, (), "", bases, wanted.debtor)
    why = _why_weak(wanted, serving)
    if why is None:
        return Found(wanted.key, wanted.word, "present", records, "", bases, wanted.debtor)
    sentence, basis = WEAK[why]
    if (more := basis.words(day)) not in bases and why != "untold":
        bases.append(more)
    return Found(wanted.key, wanted.word, "weak", records, sentence, bases, wanted.debtor)


def _why_weak(wanted: Need, serving: Sequence[Exhibit]) -> str | None:
    """The reason that every record that serves the need has; None when one stands alone, or when they stand together.

    What is in quarantine neither stands nor helps another to stand.
    """
    serving = [each for each in serving if not each.quarantined]
    if not serving:
        return "quarantined"
    if wanted.told and not any(each.metadata.get(wanted.told) for each in serving):
        return "untold"
    if not wanted.whole(serving):
        return "half"
    reasons = [_alone(each) for each in serving]
    if None in reasons:
        return None
    return None if len({each.kind for each in serving}) > 1 and "not-arrived" not in reasons else reasons[0]


def _alone(exhibit: Exhibit) -> str | None:
    """Why this record cannot stand alone; None when it can, or when another corroborates it."""
    if exhibit.kind == "delivery_receipt" and exhibit.metadata.get("status") in NOT_CARRIED:
        return "not-arrived"
    if exhibit.corroborated:
        return None
    if exhibit.kind in SHOWN:
        return "shown"
    if exhibit.kind in ("call_recording", "video") and not exhibit.carrier:
        return "carrier"
    return "copy" if exhibit.metadata.get("form") in ("scan", "photocopy") else None

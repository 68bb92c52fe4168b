"""What the OpenAPI document says of assignments, grants, matters, orders and readings. Texts speak English first, then Chinese."""
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from msgspec import Struct

from cases import errors
from cases.api import access_answers as answers
from cases.api import access_payloads as payloads
from common import faults, problems
from common.endpoints import JSON, Refusals, endpoint, found, header, query, ref

ID = "0f8fad5bd9cb469fa16570867728950e"
TAG = "access"
JSON_ERRORS: Refusals = (faults.RequestMalformed, faults.ContentDigestMismatch, faults.JsonTooLarge, problems.UnsupportedMediaType)
CONTENT_DIGEST = header(
    "Content-Digest", "RFC 9530, of the body; sha-256 and sha-512 are compared. 请求正文的摘要，不符即拒绝。",
    examples=["sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"])
CURSOR = query("cursor", "`next_cursor` of the page before. 上一页的 next_cursor。", type="string", examples=[ID])


def _id(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "string", "examples": [ID]}, OpenApiParameter.PATH, description=description)


MATTER = _id("matter", "The matter's id. 受理事项的编号。")
ORDER = _id("order", "The order's id. 调取令的编号。")
CASE = _id("case", "Our opaque id of the case. 本服务的案件编号。")


def _list(name: str, summary: str, description: str, page: type[Struct]) -> dict[str, Any]:
    return endpoint(
        name, summary, f"{description}\n\n最新在前，每页五十条，next_cursor 为 null 即末页。", tag=TAG, parameters=[CURSOR],
        success=found(page, "One page. 一页。"), refusals=(problems.NotFound,))


def _write(name: str, summary: str, description: str, body: type[Struct], answer: type[Struct], **told: Any) -> dict[str, Any]:
    return endpoint(
        name, summary, description, tag=TAG, parameters=[*told.get("parameters", ()), CONTENT_DIGEST], request={JSON: ref(body)},
        success={(told.get("status", 201), JSON): OpenApiResponse(ref(answer), description=told["done"])},
        refusals=(*JSON_ERRORS, problems.Forbidden, *told["refusals"]))


ENTRUSTMENTS = _list(
    "listEntrustments", "Contracts that the organisation is a side of · 委托合同",
    "Contracts are registered by the lender's legal officer on the page; a machine shows no second factor.", answers.EntrustmentPage)
ASSIGNMENTS = _list(
    "listAssignments", "Cases assigned to an agency · 委案", "Given or held, withdrawn ones too.", answers.AssignmentPage)
ASSIGN = _write(
    "assignCases", "Assign own cases under a contract · 批量委案",
    "Up to 1,000 cases, all or none. A case already assigned under the contract stays so.\n\n每批至多一千件，整批办理或整批拒绝。",
    payloads.NewAssignments, answers.AssignedFacts, done="The assignments. 委案。",
    refusals=(problems.NotFound, errors.CaseNotFound, errors.CasesMissing, errors.EntrustmentEnded))
WITHDRAW = _write(
    "withdrawCases", "Take cases back at once · 退案", "The agency and its agents see nothing of them from now on.\n\n立即生效。",
    payloads.Withdrawal, answers.Count, done="Taken back. 已退案。", status=200,
    refusals=(errors.CaseNotFound, errors.CasesMissing))
DISTRIBUTE = _write(
    "distributeCases", "Give assigned cases to an agent · 分案",
    "Only an agent of the agency itself: nothing may be passed on.\n\n只能分给本机构的催收员，不得转委托。",
    payloads.NewDistribution, answers.Count, done="Distributed. 已分案。", status=200,
    refusals=(errors.CaseNotFound, errors.CasesMissing, errors.AgentUnsuitable))
GRANTS = _list(
    "listGrants", "Grants given or received · 授权",
    "Granting, approving and revoking are people's acts, on the page with a second factor. Where `needs_second` is true, a grant opens "
    "nothing until `approved_at`.\n\n授权、复核与撤销由人员在页面上办理；`needs_second` 为真的，复核（`approved_at`）前不生效。",
    answers.GrantPage)
MATTERS = _list("listMatters", "Matters submitted, or on the docket · 受理事项", "Of either side.", answers.MatterPage)
SUBMIT = _write(
    "submitCases", "Submit cases under a grant · 提交案件",
    "To the notary office, arbitration body or court that the grant names.\n\n提交给授权所指的公证机构、仲裁机构或法院。",
    payloads.NewMatter, answers.MatterFacts, done="Submitted. 已提交。",
    refusals=(problems.NotFound, errors.CaseNotFound, errors.CasesMissing, errors.TextUnsuitable, errors.GrantNotWorking))
ACCEPT = _write(
    "acceptMatter", "Accept a matter · 受理",
    "From now on what was submitted stays open until the matter is closed and its file period has ended; the lender cannot end that.\n\n"
    "受理后，提交的内容在结案且存档期限届满前持续开放，出借机构不能撤销。",
    payloads.Acceptance, answers.MatterFacts, done="Accepted. 已受理。", status=200, parameters=[MATTER],
    refusals=(problems.NotFound, errors.TextUnsuitable, errors.FilePeriodUnsuitable, errors.GrantNotWorking, errors.StateUnsuitable))
CLOSE = endpoint(
    "closeMatter", "Close a matter · 结案", "The file period begins.\n\n存档期限自此起算。", tag=TAG, parameters=[MATTER],
    success=found(answers.MatterFacts, "Closed. 已结案。"), refusals=(problems.Forbidden, problems.NotFound, errors.StateUnsuitable))
ORDERS = _list(
    "listOrders", "A court's orders · 调取令", "A court's own; to a lender, those that were opened and name cases of its own.",
    answers.OrderPage)
UPLOAD = _write(
    "uploadOrder", "Write down an order that was deposited · 登记调取令",
    "It opens nothing until two people of the court, one after the other, confirmed and opened it on the page: the machine is neither.\n\n"
    "须由法院两人先后在页面上确认、启用后生效；系统不能代替其中任何一人。",
    payloads.NewOrder, answers.OrderFacts, done="Written down. 已登记。",
    refusals=(
        errors.CaseNotFound, errors.CasesMissing, errors.KindUnknown, errors.TextUnsuitable, errors.PeriodUnsuitable,
        errors.DocumentMissing, errors.NumberTaken))
READ_ORDER = endpoint(
    "getOrder", "One order · 一份调取令",
    "The court's own, or one that opened cases of the organisation.\n\n本院签发的，或调取本机构案件的。",
    tag=TAG, parameters=[ORDER], success=found(answers.OrderFacts, "The order. 调取令。"), refusals=(problems.NotFound,))
ACCESSES = endpoint(
    "listAccesses", "Who read a case of one's own · 案件访问记录",
    "Who, in which roles, by which root of access and for what purpose; the newest first, at most a thousand.\n\n"
    "何人、以何角色、凭何根据、为何目的查看；最新在前，至多一千条。",
    tag=TAG, parameters=[CASE], success=found(answers.AccessPage, "The readings. 访问记录。"), refusals=(errors.CaseNotFound,))

"""What the OpenAPI document says of cases. Texts speak English first, then Chinese."""
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from cases import errors
from cases.api import answers, payloads
from common import faults, problems
from common.endpoints import JSON, REPR_DIGEST, Refusals, Responses, endpoint, found, header, query, ref

TAG, ID, BYTES = "cases", "0f8fad5bd9cb469fa16570867728950e", "application/octet-stream"

JSON_ERRORS: Refusals = (faults.RequestMalformed, faults.ContentDigestMismatch, faults.JsonTooLarge, problems.UnsupportedMediaType)
CONTENT_DIGEST = header(
    "Content-Digest", "RFC 9530, of the body; sha-256 and sha-512 are compared. 请求正文的摘要，不符即拒绝。",
    examples=["sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"])
CASE = OpenApiParameter(
    "case", {"type": "string", "examples": [ID]}, OpenApiParameter.PATH,
    description="Our opaque id of the case. One that is not open to you is a 404. 案件编号；未向您开放的显示为不存在。")
CHECKED = OpenApiParameter(
    "checked", {"type": "string", "examples": [ID]}, OpenApiParameter.PATH, description="`import` of the report. 核对报告中的编号。")
CURSOR = query("cursor", "`next_cursor` of the page before. 上一页的 next_cursor。", type="string", examples=[ID])
ON = query(
    "on", "The day to which is reckoned, itself not counted; today in China when left out. 计算截止日（当日不计息），缺省为今日。",
    type="string", format="date", examples=["2026-11-23"])
READ_ERRORS: Refusals = (errors.CaseNotFound, problems.Forbidden)
RECKONING_ERRORS: Refusals = (*READ_ERRORS, errors.DayMalformed, errors.ReckoningImpossible)


def created(struct: type, description: str) -> Responses:
    return {(201, JSON): OpenApiResponse(ref(struct), description=description)}


def confirmed(struct: type, description: str) -> Responses:
    """201 where it was done at once, 202 where a job does it."""
    left = OpenApiResponse(ref(answers.ImportStatus), description="A job imports it; ask Location. 由后台导入，进度见 Location。")
    return {**created(struct, description), (202, JSON): left}


LIST = endpoint(
    "listCases", "List cases, the newest first · 案件列表",
    "Fifty a page; follow `next_cursor` until it is null. Nothing personal. Others' cases that are open to you have a row of it, one a day."
    "\n\n每页五十件，next_cursor 为 null 即末页；不含个人信息。向您开放的其他机构的案件，其访问记录每天记一行。",
    tag=TAG, parameters=[CURSOR], success=found(answers.CasePage, "One page. 一页案件。"), refusals=READ_ERRORS)

OPEN = endpoint(
    "openCase", "Open a case with its file · 建立案件档案",
    "A lender's. The case may exist already because a deposit named its reference; then it gets its first file. The file is judged as a "
    "whole: a refusal points at every fault.\n\n"
    "仅限出借机构。存证时已按同一编号建立的案件由此获得首份档案。档案整份核对，拒绝时逐处指出。",
    tag=TAG, parameters=[CONTENT_DIGEST], request={JSON: ref(payloads.NewCase)},
    success=created(answers.KeptCase, "The case with its file. 案件及其档案。"),
    refusals=(*JSON_ERRORS, *READ_ERRORS, errors.CaseInvalid, errors.CaseExists))

SEARCH = endpoint(
    "searchCases", "Find cases exactly · 精确检索案件",
    "By the lender's reference, or by name, identity number, phone of one party; spaces, hyphens, width and case of letters do not matter. "
    "What is sought stands in the body and is not logged.\n\n"
    "按客户案件编号，或按同一当事人的姓名、证件号码、电话精确检索；忽略空格、连字符、全半角与大小写。检索内容只在正文中，不记入日志。",
    tag=TAG, parameters=[CONTENT_DIGEST], request={JSON: ref(payloads.CaseSearch)},
    success=found(answers.CasePage, "One page. 一页案件。"), refusals=(*JSON_ERRORS, *READ_ERRORS, errors.SearchInvalid))

READ = endpoint(
    "getCase", "One case with its file · 一个案件及其档案",
    "Values of persons are whole for the lender whose case it is, and masked for everybody else. An order for some kinds of evidence opens "
    "debtor and creditors alone (`opened`); of a matter that was accepted as of a moment, what is dated later is not there (`as_of`).\n\n"
    "案件所属出借机构看到完整的个人信息，其他机构看到脱敏后的内容。限定证据种类的调取令只开放债务人与债权人；受理后以某一时间为准的，此后的内容不在其中。",
    tag=TAG, parameters=[CASE], success=found(answers.KeptCase, "The case. 案件。"), refusals=READ_ERRORS)

REVISE = endpoint(
    "reviseCase", "Write a case's file anew · 更新案件档案",
    "The whole file takes the place of the one whose `version` you read; if somebody has written since, 409 and nothing is changed.\n\n"
    "以整份档案替换所读版本；期间他人已更改的，返回 409，不作任何改动。",
    tag=TAG, parameters=[CASE, CONTENT_DIGEST], request={JSON: ref(payloads.RevisedCase)},
    success=found(answers.KeptCase, "The case as it is now. 更新后的案件。"),
    refusals=(*JSON_ERRORS, *READ_ERRORS, errors.CaseInvalid, errors.CaseChanged))

STAGE = endpoint(
    "moveStage", "Move a case to another stage · 变更案件阶段",
    "From the stage that you saw; 409 when it is another by now.\n\n自所见阶段变更；已被他人变更的返回 409。",
    tag=TAG, parameters=[CASE, CONTENT_DIGEST], request={JSON: ref(payloads.StageMove)},
    success=found(answers.CaseSummary, "The case. 案件。"), refusals=(*JSON_ERRORS, *READ_ERRORS, errors.CaseChanged))

NOTE = endpoint(
    "addNote", "Add a note to a case · 添加案件备注",
    "A note can be neither changed nor taken back. Your own organisation sees it; with `shared` the others that may see the case's file "
    "do, too.\n\n备注不可修改、不可撤回；只有本机构可见，shared 为 true 时可查看本案档案的其他机构也可见。",
    tag=TAG, parameters=[CASE, CONTENT_DIGEST], request={JSON: ref(payloads.NewNote)},
    success=created(answers.KeptNote, "The note. 备注。"), refusals=(*JSON_ERRORS, *READ_ERRORS, errors.CaseChanged))

RECKONING = endpoint(
    "getReckoning", "What is owed on a day, with every row · 计算表",
    "The reckoning sheet as canonical JSON: agreement, caps, drawdowns with their schedules, payments, every row of accrual and "
    "appropriation with its formula and its grounds, and the sums. The same file gives the same bytes.\n\n"
    "规范 JSON 的计算表：合同、上限、借据及还款计划、收款、逐行计息与抵充及其计算式和依据、各项合计。同一档案得到同一字节。",
    tag=TAG, parameters=[CASE, ON], success=found(answers.ReckoningSheet, "The sheet. 计算表。"), refusals=RECKONING_ERRORS)

RECKONING_CSV = endpoint(
    "getReckoningCsv", "The sheet's rows for a spreadsheet · 计算表（CSV）",
    "UTF-8 with a byte order mark; no cell is a formula.\n\nUTF-8（含 BOM）；任何单元格都不会被当作公式。",
    tag=TAG, parameters=[CASE, ON, header("Content-Disposition", "A file name. 文件名。", response=(200,)), REPR_DIGEST],
    success={(200, "text/csv"): OpenApiResponse({"type": "string"}, description="The rows. 各行。")}, refusals=RECKONING_ERRORS)

BOUNDS = "CSV in UTF-8 or GB18030, or XLSX, told by its bytes: at most 4 MiB, 2,000 rows, 60 columns, 500 characters a cell."
BOUNDS_CHINESE = "CSV（UTF-8 或 GB18030）或 XLSX，按内容识别：至多 4 MiB、2000 行、60 列、每格 500 字。"
CHECK_ERRORS: Refusals = (
    problems.Forbidden, problems.UnsupportedMediaType, faults.ContentDigestMismatch, faults.RequestMalformed, errors.ImportTooLarge,
    errors.ImportFileRefused)
CONFIRM_ERRORS: Refusals = (
    *JSON_ERRORS, problems.Forbidden, errors.ImportNotFound, errors.ImportExpired, errors.ImportDiffers, errors.CaseChanged)

BY_JOB = "A file of more than 500 rows is imported by a job: 202, and `Location` says how far it is."
BY_JOB_CHINESE = "超过 500 行的文件由后台导入：返回 202，进度见 Location。"
STATUS = header("Location", "Where to ask how far the job is. 查询进度的地址。", response=(202,))

IMPORT_STATUS = endpoint(
    "getImport", "How far an import is, and what came of it · 导入的进度与结果",
    "Of files of cases and of payments alike. A file is imported whole or not at all, so no count moves before `imported`.\n\n"
    "案件文件与收款文件通用。文件全部导入或全部不导入，因此在 imported 之前各计数为 0。",
    tag=TAG, parameters=[CHECKED], success=found(answers.ImportStatus, "Where it stands. 当前状态。"),
    refusals=(problems.Forbidden, errors.ImportNotFound))

CHECK_IMPORT = endpoint(
    "checkImport", "Check a file of cases; nothing is written · 核对案件文件（不写入）",
    f"{BOUNDS} The report names "
    "row, column and what is wrong, in the language of Accept-Language. A sound file is kept sealed for a day, to be confirmed.\n\n"
    f"{BOUNDS_CHINESE}"
    "报告列明行、列与问题。无误的文件加密保留一天，待确认导入。",
    tag=TAG, parameters=[CONTENT_DIGEST], request={BYTES: {"type": "string", "format": "binary"}},
    success=found(answers.ImportReport, "The report. 核对报告。"), refusals=CHECK_ERRORS)

CONFIRM_IMPORT = endpoint(
    "confirmImport", "Import exactly the checked file · 导入核对过的文件",
    f"All of its cases are opened, or none. The digest is that of the report. A repeated confirmation changes nothing. {BY_JOB}\n\n"
    f"全部导入或全部不导入；摘要须与报告一致；重复确认不产生变化。{BY_JOB_CHINESE}",
    tag=TAG, parameters=[CHECKED, CONTENT_DIGEST, STATUS], request={JSON: ref(payloads.ImportConfirmation)},
    success=confirmed(answers.ImportedCases, "The cases are open. 案件已建立。"), refusals=CONFIRM_ERRORS)

CHECK_PAYMENTS = endpoint(
    "checkPayments", "Check a file of payments; nothing is written · 核对收款文件（不写入）",
    "One row a payment on a case of yours that has its file: `reference` of the case, or the number of a `drawdown` of it, or both; your "
    "number of the `payment`, `received_on`, `amount`, and the `designation` if the debtor named the drawdown that he paid. The number "
    f"of a drawdown finds the case and designates nothing. {BOUNDS} A payment that is recorded already, word for word, is counted and "
    "adds nothing; another one under its number is a fault. A sound file with something new is kept sealed for a day, to be confirmed.\n\n"
    "一行一笔收款，案件须属于本机构且已有档案：客户案件编号、借据编号至少一项；收款编号、收款日、金额；债务人指定清偿的借据（如有）。"
    f"借据编号只用于找到案件，不视为指定。{BOUNDS_CHINESE}已登记的相同收款只计数、不重复登记；编号相同而内容不同的，列为问题。"
    "无误且有新收款的文件加密保留一天，待确认导入。",
    tag=TAG, parameters=[CONTENT_DIGEST], request={BYTES: {"type": "string", "format": "binary"}},
    success=found(answers.PaymentReport, "The report. 核对报告。"), refusals=CHECK_ERRORS)

CONFIRM_PAYMENTS = endpoint(
    "confirmPayments", "Record the payments of exactly the checked file · 导入核对过的收款文件",
    f"All of its payments are recorded, or none. The digest is that of the report. A repeated confirmation changes nothing. {BY_JOB}\n\n"
    f"全部登记或全部不登记；摘要须与报告一致；重复确认不产生变化。{BY_JOB_CHINESE}",
    tag=TAG, parameters=[CHECKED, CONTENT_DIGEST, STATUS], request={JSON: ref(payloads.ImportConfirmation)},
    success=confirmed(answers.ImportedPayments, "The payments are recorded. 收款已登记。"), refusals=CONFIRM_ERRORS)

RATE_CAPS = endpoint(
    "getRateCaps", "The lender's rate caps · 利率上限",
    "Dated policy with its source, as the lender states it.\n\n出借机构主张适用的利率上限，附施行日期与出处。",
    tag=TAG, success=found(payloads.RateCaps, "The caps. 各项上限。"), refusals=(problems.Forbidden,))

STATE_CAPS = endpoint(
    "stateRateCaps", "State all rate caps anew · 更新利率上限",
    "They take the place of all before; no two are in force on one day. What exceeds them is withheld on every sheet, and shown there. "
    "Deposited sheets keep the caps that they were reckoned with.\n\n"
    "整体替换；同一日只有一项上限。超出部分在计算表中减除并列明；已存证的计算表保留其计算时的上限。",
    tag=TAG, parameters=[CONTENT_DIGEST], request={JSON: ref(payloads.RateCaps)},
    success=found(payloads.RateCaps, "The caps as they are now. 更新后的上限。"),
    refusals=(*JSON_ERRORS, problems.Forbidden, errors.RateCapsInvalid))

"""What the OpenAPI document says of each endpoint, beside the routes and the security that drf-spectacular reads off the views.

Texts speak English first, then Chinese. `make openapi` writes the document, and a test compares it with the committed one.
"""
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiRequest, OpenApiResponse

from cases.api import schema as case_schema
from cases.errors import CaseNotFound
from common import problems
from common.endpoints import JSON, REPR_DIGEST, Refusals, Responses, endpoint, found, header, query, ref
from common.faults import ContentDigestMismatch, JsonTooLarge, RequestMalformed
from common.idempotency import KEY, IdempotencyKeyMalformed, IdempotencyKeyReused
from evidence import errors
from evidence.api import answers, payloads
from ledger.errors import AuthoritiesMisconfigured, LogBehind, LogClosed, LogFrozen, RecordNotPublished
from vault.errors import KeyUnavailable

NUMBER = "CZ-20261123-4K7QM-X2R9D-0"
BYTES = {"type": "string", "format": "binary"}

RECORD_ERRORS: Refusals = (errors.RecordNumberMalformed, errors.RecordNotFound)
PROOF_ERRORS: Refusals = (*RECORD_ERRORS, RecordNotPublished)
JSON_ERRORS: Refusals = (
    RequestMalformed, ContentDigestMismatch, JsonTooLarge, errors.JsonTooDeep, problems.UnsupportedMediaType,
)
DEPOSIT_ERRORS: Refusals = (
    *JSON_ERRORS, IdempotencyKeyMalformed, IdempotencyKeyReused, errors.RateLimited, errors.DepositBusy, LogBehind, LogClosed, LogFrozen,
    CaseNotFound, KeyUnavailable,
)
FILE_ERRORS: Refusals = (errors.PartOrder, errors.FileTooLarge, errors.TooManyFiles, errors.FilesMismatch, errors.DigestMismatch)

IDEMPOTENCY_KEY = header(
    "Idempotency-Key",
    "A retry with the same key and the same request gets the same receipt and makes nothing; kept for the record's life. "
    "1 to 128 printable ASCII characters, no space at either end. "
    "同一密钥重试同一请求，得到同一回执，不重复存证。", pattern=rf"^{KEY.pattern}$")
CLIENT_TIME = header(
    "Client-Time",
    "The client's clock when it sends: where `provenance.clock_offset_ms` is null, the difference to ours is recorded there. "
    "发送时客户端的时钟；来源信息没有时钟偏差时，记下它与本服务时钟之差。", examples=["2026-11-23T08:00:00.123Z"],
    pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$")
PREFER = header(
    "Prefer",
    "RFC 7240. `wait=10` answers once the records are in a published checkpoint, or after so many seconds (at most 10). "
    "等待记录进入已发布的检查点后再应答。", examples=["wait=10"])
APPLIED = OpenApiParameter(
    "Preference-Applied", {"type": "string", "const": "wait"}, OpenApiParameter.HEADER, response=[201],
    description="Present when the answer waited, as Prefer asked. 已按 Prefer 等待。")
CONTENT_DIGEST = header(
    "Content-Digest", "RFC 9530, of the body; sha-256 and sha-512 are compared. 请求正文的摘要，不符即拒绝。",
    examples=["sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"])
ATTACHMENT = header("Content-Disposition", "A file name made of the record's number. 文件名含存证编号。", response=(200,))
PACKAGE_DIGEST = OpenApiParameter(
    "Repr-Digest", {"type": "string"}, OpenApiParameter.HEADER, response=[200],
    description="RFC 9530: SHA-256 of the package, where it has at most 4 MiB; a larger one is sent while it is made, and SHA256SUMS and "
    "META-INF/ASiCManifest.xml inside have the digest of each part. 4 MiB 以内的证据包给出摘要；更大的边制作边发送，各部分摘要见包内清单。")
RECORD = OpenApiParameter(
    "record", {"type": "string", "examples": [NUMBER]}, OpenApiParameter.PATH,
    description="The record number. Lower case, missing hyphens and the usual misreadings (O for 0, I or L for 1) are understood; "
    "a wrong check character is refused. 存证编号，末位为校验字符。")

DEPOSITED: Responses = {(201, JSON): OpenApiResponse(
    ref(answers.Acknowledgement), description="Durable and promised: the receipt names each record's leaf. 已持久保存，回执即承诺。")}

DEPOSIT = endpoint(
    "depositEvidence", "Deposit one record with its files · 提交一份存证",
    "Part `deposit` (application/json) first, then one part `file` for each of its `files`, in order. Each file is hashed while it "
    "arrives (SHA-256 and SM3) and compared with the digests given; what is acknowledged is durable. An empty file is refused. In a CSV "
    "export of the kinds `sms`, `instant_message` and `repayment_ledger` each row is looked into: it is deposited as it is, and "
    "`unreadable` says what cannot be read.\n\n"
    "先发送 deposit 部分，再按 files 的顺序逐个发送 file 部分。文件边收边算 SHA-256 与 SM3；受理即已持久保存。空文件不予受理；"
    "短信、聊天、还款流水的 CSV 导出逐行检查，原样存证，读不出之处列在 unreadable。",
    tag="evidence", parameters=(IDEMPOTENCY_KEY, CLIENT_TIME, PREFER, CONTENT_DIGEST, APPLIED), success=DEPOSITED,
    request={"multipart/form-data": OpenApiRequest(
        {
            "type": "object", "required": ["deposit", "file"], "additionalProperties": False,
            "properties": {"deposit": ref(payloads.Deposit), "file": {"type": "array", "minItems": 1, "items": BYTES}},
        },
        encoding={"deposit": {"contentType": JSON}, "file": {"contentType": "application/octet-stream"}})},
    refusals=(*DEPOSIT_ERRORS, *FILE_ERRORS, errors.InvalidRecord))

BATCH = endpoint(
    "depositBatch", "Deposit up to 1,000 records by digest · 按摘要批量存证",
    "For systems that keep their originals; the statements say so. All records of a batch are deposited, or none: the answer lists "
    "them in request order, a refusal points at each faulty one.\n\n"
    "适用于自行保管原件的系统，声明中会注明。整批受理或整批拒绝；拒绝时逐条指出错误位置。",
    tag="evidence", parameters=(IDEMPOTENCY_KEY, CLIENT_TIME, PREFER, CONTENT_DIGEST, APPLIED), success=DEPOSITED,
    request={JSON: ref(payloads.Batch)}, refusals=(*DEPOSIT_ERRORS, errors.TooManyRecords, errors.InvalidRecords))

DEPOSIT_RECKONING = endpoint(
    "depositReckoning", "Deposit a case's reckoning sheet · 存证计算表",
    "The bytes that GET …/reckoning answers for that day become a record of the case, of the kind `reckoning_sheet`. A retry with the same "
    "key gets its first answer, whatever the file says by now.\n\n"
    "以 GET …/reckoning 当日应答的字节作为本案的一份存证，种类为 reckoning_sheet；同一密钥重试得到首次的应答。",
    tag="cases", parameters=(case_schema.CASE, IDEMPOTENCY_KEY, PREFER, CONTENT_DIGEST, APPLIED), success=DEPOSITED,
    request={JSON: ref(payloads.ReckoningDeposit)}, refusals=(*DEPOSIT_ERRORS, *case_schema.RECKONING_ERRORS))

LIST = endpoint(
    "listEvidence", "List own records, the newest first · 本机构的存证列表",
    "Fifty a page; follow `next_cursor` until it is null. Others' records that are open to you have a row of it in their trails, one a day."
    "\n\n每页五十条，next_cursor 为 null 即末页。向您开放的其他机构的存证，其流转记录每天记一行。", tag="evidence",
    parameters=[query("cursor", "`next_cursor` of the page before. 上一页的 next_cursor。", type="string", examples=[NUMBER])],
    success=found(answers.RecordPage, "One page. 一页存证。"), refusals=(*RECORD_ERRORS, errors.TrailBusy))

OWN_RECORD = endpoint(
    "getEvidence", "One own record: state, four facts, case · 本机构的一份存证",
    "The state is derived from the four facts. Another organisation's record is a 404.\n\n"
    "状态由四项事实得出；其他机构的存证显示为不存在。",
    tag="evidence", parameters=[RECORD], success=found(answers.OwnRecord, "The record. 存证及其四项事实。"), refusals=RECORD_ERRORS)

PACKAGE = endpoint(
    "getPackage", "Download the evidence package · 下载证据包",
    "A zip in the shape of ASiC-E, streamed: originals, claims, statements, proofs, checkpoints, timestamps, and how to verify them "
    "without this service. Its records must be in a published checkpoint.\n\n"
    "含原件、声明项、证明与时间戳，可离线核验；存证须已进入已发布的检查点。",
    tag="evidence",
    parameters=[
        RECORD, ATTACHMENT, PACKAGE_DIGEST,
        query("scope", "`case`: all records of its case, with the signed case head; `selection`: this record and each `with`. 范围。",
              type="string", enum=["record", "case", "selection"], default="record"),
        query("with", "Further record numbers, for scope `selection`. 另选的存证编号。",
              type="array", items={"type": "string"}, maxItems=99),
    ],
    success={(200, "application/vnd.etsi.asic-e+zip"): OpenApiResponse(BYTES, description="The package. 证据包。")},
    refusals=(*PROOF_ERRORS, RequestMalformed, errors.TooManyRecords, AuthoritiesMisconfigured, KeyUnavailable, errors.TrailBusy))


def proof(name: str, *, tag: str, public: bool) -> dict[str, Any]:
    return endpoint(
        name, "The record's inclusion proof · 存证的包含证明",
        "From the record's leaf to a signed checkpoint. Once a stamped checkpoint covers the record the proof never changes; until "
        "then it leads to the first published one.\n\n自叶哈希到签名检查点的路径；首个带时间戳的检查点覆盖之后不再变化。",
        tag=tag, parameters=[RECORD, ATTACHMENT, REPR_DIGEST], refusals=PROOF_ERRORS, public=public,
        success={(200, "text/plain"): OpenApiResponse({"type": "string"}, description="A C2SP tlog-proof. 包含证明。")})


def timestamps(name: str, *, tag: str, public: bool) -> dict[str, Any]:
    return endpoint(
        name, "The tokens of the proof's checkpoint · 检查点的时间戳",
        "RFC 3161 tokens, as the authorities sent them.\n\n时间戳机构签发的令牌原文。",
        tag=tag, parameters=[RECORD], refusals=PROOF_ERRORS, public=public,
        success=found(answers.Timestamps, "Checkpoint and tokens. 检查点与时间戳。"))


PROOF, PUBLIC_PROOF = proof("getProof", tag="evidence", public=False), proof("getPublicProof", tag="records", public=True)
TIMESTAMPS = timestamps("getTimestamps", tag="evidence", public=False)
PUBLIC_TIMESTAMPS = timestamps("getPublicTimestamps", tag="records", public=True)

PUBLIC_RECORD = endpoint(
    "getRecord", "The four facts of any record · 任一存证的四项事实",
    "Whoever knows the number may know these; nothing of the content.\n\n凭编号即可查询，不涉及任何内容。", tag="records",
    parameters=[RECORD], success=found(answers.PublicRecord, "The facts. 四项事实。"), refusals=RECORD_ERRORS, public=True)

STATEMENT = endpoint(
    "getStatement", "The statement that the log commits to · 证据声明",
    "Salted digests of all claims, canonical JSON, immutable.\n\n全部声明项的加盐摘要，不可变。", tag="records",
    parameters=[RECORD, ATTACHMENT, REPR_DIGEST], success=found(answers.Statement, "The statement, byte for byte. 声明原文。"),
    refusals=RECORD_ERRORS, public=True)

DISCLOSURE = endpoint(
    "discloseFile", "One file's claim, for whoever holds the file · 凭文件摘要披露其声明项",
    "An unknown number and a digest of none of the record's files get the same 404; ten wrong digests a record and day.\n\n"
    "编号不存在与摘要不符，应答相同；每份存证每天最多十次错误摘要。",
    tag="verification", parameters=[CONTENT_DIGEST], request={JSON: ref(payloads.DisclosureRequest)},
    success=found(answers.Disclosure, "Claim, salt, statement and proof. 声明项、盐值、声明与证明。"),
    refusals=(
        *PROOF_ERRORS, *JSON_ERRORS, errors.DisclosureLimited, errors.VerificationsLimited, errors.ClaimsErased, errors.TrailBusy,
        KeyUnavailable),
    public=True)

VERIFY = endpoint(
    "verify", "Verify a package, a file or a digest · 核验证据包、文件或摘要",
    "JSON: a digest with a record number. Multipart: the one part `package`, or `record` and then `file`. Nothing uploaded is kept. "
    "This endpoint is a convenience that asks to be trusted; the offline verifier does not.\n\n"
    "可核验证据包、文件或摘要，上传内容不保存。离线核验程序给出同样的结论，且无需信任本服务。",
    tag="verification", parameters=[CONTENT_DIGEST], public=True,
    request={
        JSON: ref(payloads.DigestToVerify),
        "multipart/form-data": OpenApiRequest(
            {"oneOf": [
                {"type": "object", "required": ["package"], "additionalProperties": False, "properties": {"package": BYTES}},
                {"type": "object", "required": ["record", "file"], "additionalProperties": False,
                 "properties": {"record": {"type": "string", "maxLength": 64}, "file": BYTES}},
            ]},
            encoding={name: {"contentType": "application/octet-stream"} for name in ("package", "file")}),
    },
    success=found(answers.Report, "Named checks and the verdict; a failed check is an answer, not an error. 各项核验结论。"),
    refusals=(
        *RECORD_ERRORS, *JSON_ERRORS, errors.FileTooLarge, errors.DisclosureLimited, errors.VerificationsLimited, errors.ClaimsErased,
        errors.VerificationBusy, errors.TrailBusy, KeyUnavailable, AuthoritiesMisconfigured,
    ))

SCHEMA = endpoint(
    "getSchema", "This document · 本接口文档", "OpenAPI 3.1.\n\nOpenAPI 3.1 接口文档。", tag="contract", public=True, refusals=(),
    success={(200, "application/yaml"): OpenApiResponse({"type": "object"}, description="The document. 接口文档。")})

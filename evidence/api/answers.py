"""What the API answers, as msgspec types: the OpenAPI document is made from them, and the contract tests hold every answer against it.

The views write plain dicts; a member that is missing here, or too many there, fails `tests/api/test_contract.py`.
"""
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from common.bodies import Time
from evidence.api.payloads import Hex
from evidence.csv_exports import LISTED
from tlog.record_number import RECORD_NUMBER

RecordNumber = Annotated[str, Meta(pattern=rf"^{RECORD_NUMBER.pattern}$(?!\n)", examples=["CZ-20261123-4K7QM-X2R9D-0"])]
State = Annotated[
    Literal["RECEIVED", "COMMITTED", "WITNESSED", "TIMESTAMPED", "QUARANTINED"],
    Meta(description="RECEIVED: promised by the receipt. COMMITTED: in the log. WITNESSED: the first published checkpoint that covers it "
         "bears the quorum of the policy in force. TIMESTAMPED: a checkpoint that covers it bears a verified RFC 3161 token. "
         "QUARANTINED: an original changed or holds malware, and none is given out; the proofs are what they were. "
         "Later versions add CERTIFIED."),
]
Note = Annotated[str, Meta(description="a C2SP signed note: text, empty line, signature lines")]
Base64 = Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/]*={0,2}$(?!\n)", extra_json_schema={"contentEncoding": "base64"})]
Link = Annotated[str, Meta(extra_json_schema={"format": "uri"})]


class DepositedRecord(Struct, forbid_unknown_fields=True):
    record: RecordNumber
    state: State
    url: Link


class UnreadableRow(Struct, forbid_unknown_fields=True):
    """`row` as a spreadsheet counts, the heading being 1; 0 is the file as a whole. `detail` in the language that was asked for."""

    row: Annotated[int, Meta(ge=0)]
    detail: str


class UnreadableFile(Struct, forbid_unknown_fields=True):
    """An export of messages or repayments in which something cannot be read: the first of `total` faults. It was deposited as it is."""

    pointer: Annotated[str, Meta(pattern=r"^#/files/[0-9]+$(?!\n)", description="the file in the request")]
    total: Annotated[int, Meta(ge=1)]
    rows: Annotated[tuple[UnreadableRow, ...], Meta(min_length=1, max_length=LISTED)]


class Acknowledgement(Struct, forbid_unknown_fields=True):
    """What a deposit is answered with: the records in request order and one signed receipt for all of them.

    `unreadable`: only where an export among the files has faults. Nothing was refused or changed for them.
    """

    records: Annotated[tuple[DepositedRecord, ...], Meta(min_length=1)]
    receipt: Note
    unreadable: tuple[UnreadableFile, ...] | UnsetType = UNSET


class IntegrityFact(Struct, forbid_unknown_fields=True):
    """Nothing is called unchanged that was not compared just now: POST /api/v1/verify, or the offline verifier, compares.

    `quarantined`: an original was found changed, or malware in it, and none is given out until a person has looked into it.
    """

    state: Literal["not-checked", "quarantined"]


class LogFact(Struct, forbid_unknown_fields=True):
    """`include_by` while the record is queued: the receipt's promise. `index`: its place in the log. `published_at`: its checkpoint's.

    `witnessed`: that checkpoint bears the quorum of the policy in force; `cosigned_by` are its witnesses by name, of `witnesses` in
    the policy. `published` alone: the policy asks for no quorum.
    """

    state: Literal["queued", "committed", "published", "witnessed"]
    index: Annotated[int, Meta(ge=0)] | None
    include_by: Time | None
    published_at: Time | None
    cosigned_by: tuple[str, ...]
    witnesses: Annotated[int, Meta(ge=0)]


class AuthorityTime(Struct, forbid_unknown_fields=True):
    """What one authority's verified token over the record's checkpoint says."""

    authority: str
    at: Time


class TimeFact(Struct, forbid_unknown_fields=True):
    """`at`: the earliest verified time of the checkpoint's tokens; `times`: that of each of them; `missing`: who was asked in vain so far.

    `disputed`: the clocks of the authorities in `disagreeing` are more than `skew_s` seconds apart. One that is not among `times` gave a
    time so far from our clock that its token was refused.
    """

    state: Literal["waiting", "stamped", "disputed"]
    at: Time | None
    times: tuple[AuthorityTime, ...]
    missing: tuple[str, ...]
    disagreeing: tuple[str, ...]
    skew_s: Annotated[int, Meta(ge=1)]


class CertificateFact(Struct, forbid_unknown_fields=True):
    state: Literal["none"]


class RecordLinks(Struct, forbid_unknown_fields=True):
    statement: Link
    proof: Link
    timestamps: Link


class PublicRecord(Struct, forbid_unknown_fields=True):
    """The four facts of a record, which anyone with its number may know."""

    record: RecordNumber
    state: State
    received_at: Time
    integrity: IntegrityFact
    log: LogFact
    time: TimeFact
    certificate: CertificateFact
    links: RecordLinks


class CasePlace(Struct, forbid_unknown_fields=True):
    """`reference`: the client's own. `ref`: our opaque id. `sequence`: the record's place in the case's chain."""

    reference: str
    ref: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
    sequence: Annotated[int, Meta(ge=1)]


class OwnRecord(PublicRecord, forbid_unknown_fields=True):
    """The owner's view of a record."""

    kind: str
    case: CasePlace
    package: Link


class RecordPage(Struct, forbid_unknown_fields=True):
    """`next_cursor` is null on the last page."""

    records: tuple[OwnRecord, ...]
    next_cursor: str | None


class ClaimDigests(Struct, forbid_unknown_fields=True):
    """SHA-256 and SM3 of salt ‖ claim."""

    name: str
    sha256: Hex
    sm3: Hex


class Statement(Struct, forbid_unknown_fields=True):
    """The statement that the log entry commits to, in canonical JSON (RFC 8785), byte for byte; it holds nothing that can be guessed."""

    type: Literal["cunzheng/deposit/v1"]
    record: RecordNumber
    received_at: Time
    claims: tuple[ClaimDigests, ...]


class TimestampToken(Struct, forbid_unknown_fields=True):
    """`token`: the DER of an RFC 3161 TimeStampToken over SHA-256 of the checkpoint's text, or of the statement."""

    authority: str
    gen_time: Time
    token: Base64


class Timestamps(Struct, forbid_unknown_fields=True):
    """The checkpoint that the record's proof leads to, with its tokens; none yet is an empty list.

    `record_timestamps` are over SHA-256 of the record's statement; only where the deposit asked for one.
    """

    record: RecordNumber
    checkpoint: Note
    timestamps: tuple[TimestampToken, ...]
    record_timestamps: tuple[TimestampToken, ...]


class DisclosedClaim(Struct, forbid_unknown_fields=True):
    """`json`: the claim's canonical JSON. SHA-256(salt ‖ json) stands in the statement under `name`."""

    name: str
    json: Base64
    salt: Base64


class Disclosure(Struct, forbid_unknown_fields=True):
    """One file's claim with its salt, the statement, and the proof that leads to the log; nothing of any other claim."""

    record: RecordNumber
    statement: Base64
    claim: DisclosedClaim
    proof: Annotated[str, Meta(description="a C2SP tlog-proof")]


class Check(Struct, forbid_unknown_fields=True):
    name: str
    outcome: Literal["passed", "failed", "not checked"]
    reason: str
    required: bool


class Report(Struct, forbid_unknown_fields=True):
    """Named checks, the same as the offline verifier's. `incomplete`: a required check could not be made."""

    verdict: Literal["passed", "failed", "incomplete"]
    checks: tuple[Check, ...]

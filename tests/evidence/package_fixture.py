"""A small world that makes evidence packages without a service: its own log, witnesses, receipt key and test authorities.

Pure: keys come from fixed seeds, times are arguments, nothing touches a database, a file or the network. Tests change one
part of a package's contents with `dataclasses.replace`, or one member of the archive with `rewritten`.
"""
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from evidence.custody import Circumstances, CustodyAction, Happening, row_after
from evidence.packages.archive import stream_package
from evidence.packages.contents import LogFolder, Original, PackageContents, Reason, RecordContents, Scope, Stamp
from evidence.packages.lists import asic_manifest, sha256_sums
from sandbox.tsa import signing
from sandbox.tsa.authority import Authority, make_authority
from tlog.checkpoint import format_checkpoint
from tlog.claims import Claim, make_claim
from tlog.digests import sha256, sm3
from tlog.entry import format_entry
from tlog.merkle import leaf_hash, root_hash
from tlog.note import CosignatureSigner, Signer, format_note, sign_note
from tlog.proof import format_proof
from tlog.receipt import format_case_head
from tlog.record_number import number_from
from tlog.statement import format_statement
from tlog.times import date_in_china, format_time

ORIGIN = "log.example/cunzheng"
CASE_REF = "00112233445566778899aabbccddeeff"
START = datetime(2026, 3, 2, 8, 0, 0, 123_000, tzinfo=UTC)
NOW = START + timedelta(days=30)
FILES = {"通话录音 0755.wav": b"RIFF" + bytes(range(256)) * 20, "通话清单.json": '{"呼叫": 1}'.encode()}


@cache
def authority(name: str) -> Authority:
    """A test authority; making keys takes longer than everything else here."""
    return make_authority()


@dataclass(frozen=True, slots=True)
class Deposited:
    """A record as the service keeps it; `files` are the originals by claim name."""

    number: str
    statement: bytes
    entry: bytes
    claims: tuple[Claim, ...]
    files: Mapping[str, bytes]
    index: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Point:
    """A published checkpoint."""

    note: bytes
    text: str
    size: int


@dataclass(frozen=True, slots=True)
class Built:
    """A package with the trust files that its verifier has from elsewhere."""

    data: bytes
    trust: Mapping[str, bytes]

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write package and trust folder; returns both paths."""
        package, trust = folder / "package.asice", folder / "trusted"
        package.write_bytes(self.data)
        for name, data in self.trust.items():
            (trust / name).parent.mkdir(parents=True, exist_ok=True)
            (trust / name).write_bytes(data)
        return package, trust


class World:
    """A log with deposits of one case in it, between entries of others."""

    def __init__(self, *, witnesses: int = 0, threshold: int = 0, tsas: Sequence[str] = ("tsa-a",)) -> None:
        self.log = Signer.from_seed(ORIGIN, bytes([1]) * 32)
        self.receipt = Signer.from_seed(f"{ORIGIN}/receipt", bytes([2]) * 32)
        self.witnesses = [CosignatureSigner.from_seed(f"witness{n}.example", bytes([10 + n]) * 32) for n in range(witnesses)]
        self.threshold, self.tsas = threshold or witnesses, tsas
        self.leaves: list[bytes] = []
        self.deposits: list[Deposited] = []

    def fill(self, count: int) -> None:
        """Append entries of strangers to the log."""
        self.leaves += [leaf_hash(format_entry("deposit", b"stranger %d" % len(self.leaves))) for _ in range(count)]

    def deposit(
        self, files: Mapping[str, bytes], *, title: str = "催收通话录音", custody: str = "vault", with_sm3: bool = True,
        ref: str = CASE_REF, source_system: str | None = "crm",
    ) -> Deposited:
        """Deposit files as the next record of the case and append it to the log."""
        claims = deposit_claims(title, ref, len(self.deposits) + 1, self._last_statement_sha256(), source_system)
        for n, (name, data) in enumerate(files.items(), 1):
            claims[f"files/{n}"] = {
                "name": name, "media_type": "application/octet-stream", "size_bytes": len(data), "custody": custody,
                "sha256": sha256(data).hex(), "sm3": sm3(data).hex() if with_sm3 else None,
            }  # fmt: skip
        return self.log_statement("deposit", claims, {f"files/{n}": data for n, data in enumerate(files.values(), 1)})

    def log_statement(self, kind: str, values: Mapping[str, object], files: Mapping[str, bytes]) -> Deposited:
        """Append a record of any kind to the log; one second after the other, each has its number."""
        received_at = START + timedelta(seconds=len(self.deposits))
        number = _number(received_at, len(self.deposits) + 1)
        claims = tuple(make_claim(name, value, sha256(f"{number} {name}".encode()), kind=kind) for name, value in values.items())
        statement = format_statement(kind=kind, record=number, received_at=format_time(received_at), claims=claims)
        made = Deposited(number, statement, format_entry(kind, statement), claims, files, len(self.leaves), received_at)
        self.deposits.append(made)
        self.leaves.append(leaf_hash(made.entry))
        return made

    def publish(self, at: datetime = START + timedelta(seconds=60), *, cosigners: Iterable[int] | None = None) -> Point:
        """Sign the tree as it stands; all witnesses cosign unless told otherwise."""
        text = format_checkpoint(origin=ORIGIN, size=len(self.leaves), root=root_hash(self.leaves))
        chosen = range(len(self.witnesses)) if cosigners is None else cosigners
        lines = [self.log.sign(text), *(self.witnesses[n].sign(text, int(at.timestamp())) for n in chosen)]
        return Point(format_note(text, lines), text, len(self.leaves))

    def token(self, digest: bytes, at: datetime = START + timedelta(seconds=70), *, tsa: str = "tsa-a") -> bytes:
        """A timestamp token over a SHA-256 by a test authority."""
        identity = authority(tsa).tsa
        content = signing.tst_info(
            policy="1.3.6.1.4.1.0.3161.1", message_imprint=signing.imprint(digest), serial=7, gen_time=at, nonce=None,
            tsa=identity.certificate.subject,
        )  # fmt: skip
        return signing.sign_token(content, identity, with_certificates=True)

    def folder(self, point: Point, at: datetime = START + timedelta(seconds=70)) -> LogFolder:
        """The log folder of a checkpoint, stamped by every authority."""
        return LogFolder(point.note, {tsa: Stamp(self.token(sha256(point.text.encode()), at, tsa=tsa)) for tsa in self.tsas})

    def record(
        self, made: Deposited, point: Point, *, withheld: Mapping[str, Reason] | None = None, absent: Mapping[str, Reason] | None = None
    ) -> RecordContents:
        """A record's part of a package; `absent` gives the reasons of originals that are not in it, by claim name."""
        hidden, away = withheld or {}, absent or {}
        how = Circumstances("api_key", request_id="request-1")
        row = row_after(None, Happening(CustodyAction.INGESTED, "system", "org_1", how), at=made.received_at)
        return RecordContents(
            number=made.number,
            statement=made.statement,
            entry=made.entry,
            proof=format_proof(index=made.index, hashes=inclusion_proof(made.index, self.leaves[: point.size]), checkpoint=point.note),
            custody=[row, row_after(row, Happening(CustodyAction.VIEWED, "agent_7", "org_1", how, purpose="出示"), at=NOW)],
            claims=[claim for claim in made.claims if claim.name not in hidden],
            originals=[
                Original(name, None, reason=away[name]) if name in away else Original(name, blocks_of(data), pages=1)
                for name, data in made.files.items() if name not in hidden
            ],
            withheld=hidden,
            proves="债务人已收到催收通知",
        )  # fmt: skip

    def case_head(self, *, at: datetime = NOW) -> bytes:
        """The signed end of the case."""
        last = sha256(self.deposits[-1].statement)
        text = format_case_head(ref=CASE_REF, sequence=len(self.deposits), statement_sha256=last, time=int(at.timestamp()))
        return sign_note(text, [self.receipt])

    def policy(self) -> str:
        """The policy in force."""
        lines = [f"log {self.log.vkey}", *(f"witness w{n} {w.vkey}" for n, w in enumerate(self.witnesses))]
        group = [f"group all {self.threshold} {' '.join(f'w{n}' for n in range(len(self.witnesses)))}"] if self.witnesses else []
        return "\n".join([*lines, *group, f"quorum {'all' if group else 'none'}", ""])

    def trust(self) -> dict[str, bytes]:
        """The trust files."""
        roots = {f"tsa/{tsa}.pem": authority(tsa).root.certificate.public_bytes(Encoding.PEM) for tsa in self.tsas}
        return {"policy.txt": self.policy().encode(), "receipt.vkey": f"{self.receipt.vkey}\n".encode(), **roots}

    def contents(self, records: Sequence[RecordContents], logs: Sequence[LogFolder], *, scope: Scope = "case") -> PackageContents:
        """A package of these parts."""
        head = self.case_head() if scope == "case" else None
        return PackageContents(scope, records, logs, self.trust(), made_at=NOW, case_head=head)

    def stamp(self, digest: bytes) -> bytes:
        """What a package's writer calls when the manifest is known."""
        return self.token(digest, NOW)

    def pack(self, contents: PackageContents, stamp: Callable[[bytes], bytes | None] | None = None) -> Built:
        """The package itself."""
        return Built(b"".join(stream_package(contents, stamp=stamp or self.stamp)), self.trust())

    def _last_statement_sha256(self) -> str | None:
        return sha256(self.deposits[-1].statement).hex() if self.deposits else None


def deposit_claims(
    title: str, ref: str, sequence: int, previous: str | None, source_system: str | None = "crm"
) -> dict[str, object]:
    """The values of a deposit's claims but its files."""
    unknown = ("generation", "collector", "tool", "tool_version", "captured_from", "captured_until", "device")
    return {
        "depositor": {"organisation": "org_1", "organisation_name": "示例消费金融有限公司", "agent": None, "credential": "api_key:ab12"},
        "case": {"ref": ref, "sequence": sequence, "previous": previous},
        "subject": {"kind": "call_recording", "title": title, "metadata": {"duration_ms": 270_500}},
        "provenance": {
            **dict.fromkeys(unknown), "source_system": source_system, "clock_offset_ms": -42, "environment": {"os": "Debian 12"}},
    }


def small_case(*, witnesses: int = 0, threshold: int = 0, tsas: Sequence[str] = ("tsa-a",)) -> tuple[World, PackageContents]:
    """Two records of one case, in one checkpoint of a log of nine entries."""
    world = World(witnesses=witnesses, threshold=threshold, tsas=tsas)
    world.fill(3)
    first = world.deposit(FILES)
    world.fill(2)
    second = world.deposit({"催款函.pdf": b"%PDF-1.7 demand"}, title="催款函")
    world.fill(2)
    point = world.publish()
    return world, world.contents([world.record(first, point), world.record(second, point)], [world.folder(point)])


@cache
def small_package(*, witnesses: int = 0) -> Built:
    """The package of `small_case`, made once."""
    world, contents = small_case(witnesses=witnesses)
    return world.pack(contents)


def blocks_of(data: bytes, size: int = 1000) -> Callable[[], Iterable[bytes]]:
    """What opens an original: its bytes in blocks."""
    return lambda: (data[at : at + size] for at in range(0, len(data), size))


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return [*inclusion_proof(index, leaves[:k]), root_hash(leaves[k:])]
    return [*inclusion_proof(index - k, leaves[k:]), root_hash(leaves[:k])]


def members_of(data: bytes) -> dict[str, bytes]:
    """The members of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def zipped(members: Mapping[str, bytes]) -> bytes:
    """An archive of these members, in this order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 2, 8, 0, 0)), data)
    return buffer.getvalue()


def resealed(members: Mapping[str, bytes], *, stamp: Callable[[bytes], bytes | None] | None = None) -> bytes:
    """An archive of these members whose lists are right, with a fresh stamp if one is given, as its maker could do."""
    unlisted = ("mimetype", "SHA256SUMS", "META-INF/ASiCManifest.xml", "META-INF/timestamp.tst")
    digests = {name: sha256(data) for name, data in members.items() if name not in unlisted}
    made = {**members, "SHA256SUMS": sha256_sums(digests)}
    made["META-INF/ASiCManifest.xml"] = asic_manifest(digests | {"SHA256SUMS": sha256(made["SHA256SUMS"])})
    token = stamp(sha256(made["META-INF/ASiCManifest.xml"])) if stamp else None
    if token is not None:
        made["META-INF/timestamp.tst"] = token
    return zipped(made)


def _number(received_at: datetime, sequence: int) -> str:
    attempts = (number_from(date_in_china(received_at), hashlib.sha256(b"%d %d" % (sequence, n)).digest()[:10]) for n in range(99))
    return next(filter(None, attempts))


__all__ = [
    "CASE_REF", "FILES", "NOW", "ORIGIN", "START", "Built", "Deposited", "Point", "World", "authority", "blocks_of", "inclusion_proof",
    "members_of", "resealed", "small_case", "small_package", "zipped",
]  # fmt: skip

"""The examination of an evidence package, from its bytes to a report; the order of the steps and nothing more.

What it is for: every part is judged by a module of its own; here they are called one after the other, each with what the
ones before it established. The examination goes on after a failure as long as the next step still means something.

What it does not do: open files, read a clock (both are `tlog.package`'s), judge a certificate (a later version does).

Memory: names and digests of all members, and the small members of one record or log folder at a time; originals pass by
in blocks.

Source: formats of this project, A5 and A6.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tlog import checks
from tlog.errors import VerificationError
from tlog.examination import container
from tlog.examination.archive import Archive, Source, open_archive
from tlog.examination.case import examine_case
from tlog.examination.catalogue import verify_catalogue
from tlog.examination.contents import Contents, digest_members
from tlog.examination.custody import tell_trail, verify_custody, verify_head
from tlog.examination.description import Description, parse_description, verify_records
from tlog.examination.exceptions import examine_absences, parse_exceptions, verify_exceptions
from tlog.examination.findings import Findings
from tlog.examination.logs import Folder, FolderIndex, examine_folder, verify_ascending
from tlog.examination.manifest import Digest, in_manifest, in_sums, parse_manifest, parse_sums, verify_listed
from tlog.examination.originals import Holdings, verify_none_foreign
from tlog.examination.records import RecordResult, examine_record
from tlog.examination.stamps import StampJudge, verify_not_before
from tlog.examination.trust import Trust, load_trust
from tlog.report import Report

_OUTSIDE = re.compile(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//|@import|url\(\s*["']?\s*https?:""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Results:
    """What the log folders and the records gave, by number and by record."""

    folders: Mapping[int, Folder]
    records: Mapping[str, RecordResult]


def examine(source: Source, *, trust: Mapping[str, bytes] | None, given: Mapping[str, Digest], now: datetime | None) -> Report:
    """Examine the package that `source` holds.

    `trust` are trust files by name, obtained elsewhere, None to use the package's own, which proves nothing; `given` are
    the digests of originals handed in separately; `now` (aware) is the examiner's clock, None leaves the report incomplete.
    """
    findings = Findings()
    try:
        _examine(findings, source, trust, given, now)
    except VerificationError as fault:
        # Whatever can be wrong with a package is noted where it is judged; this is a file that changes while it is read.
        findings.failed(checks.CONTAINER, "reading again", str(fault))
    return findings.report()


def _examine(
    findings: Findings, source: Source, trust_files: Mapping[str, bytes] | None, given: Mapping[str, Digest], now: datetime | None
) -> None:
    archive = _open(findings, source)
    if archive is None:
        return
    digests = findings.attempt(checks.CONTAINER, "contents", lambda: digest_members(archive), lambda made: f"{len(made)} members read")
    if digests is None:
        return
    description = findings.attempt(
        checks.DESCRIPTION, "", lambda: parse_description(_read(archive, "package.json")), lambda made: f"scope {made.scope}"
    )
    rows = findings.attempt(checks.EXCEPTIONS, "table", lambda: parse_exceptions(_read(archive, "exceptions.csv")))
    if description is None or rows is None:
        return
    contents = Contents(archive, container.arrange(archive.members), digests, rows)
    _examine_members(findings, contents, description)
    trust = _load_trust(findings, contents, trust_files)
    stamps = StampJudge(findings, trust, now, description.made_at)
    if now is None:
        findings.skipped(checks.TIMESTAMPS, "clock", "no clock was given, so a time in the future would not be noticed")
    holdings = Holdings(contents.originals(), given)
    results = _examine_evidence(findings, contents, stamps, holdings)
    _examine_whole(findings, contents, description, results, holdings)
    _examine_stamp(findings, contents, stamps, results)
    _examine_papers(findings, contents)
    links = {record: result.link for record, result in results.records.items() if result.link is not None}
    examine_case(
        findings,
        whole=description.scope == "case",
        links=links,
        statements={record: result.statement_sha256 for record, result in results.records.items() if result.kind == "deposit"},
        head=contents.read(container.CASE_HEAD) if container.CASE_HEAD in contents.layout.names else None,
        verifiers=trust.receipt_verifiers,
    )


def _read(archive: Archive, name: str) -> bytes:
    limit = container.size_limit(name)
    assert limit is not None
    return archive.read(name, limit)


def _open(findings: Findings, source: Source) -> Archive | None:
    """Return the archive if its shape is sound and nothing is missing without which nothing can be said."""
    archive = findings.attempt(checks.CONTAINER, "zip structure", lambda: open_archive(source))
    if archive is None:
        return None
    names = findings.attempt(checks.CONTAINER, "ASiC-E", lambda: container.verify_container(archive), lambda count: f"{count} safe names")
    if missing := [name for name in container.ESSENTIAL if name not in archive.members]:
        findings.failed(checks.MEMBERS, "", f"without {missing[0]} nothing can be said about a package")
    sizes = findings.attempt(checks.CONTAINER, "sizes", lambda: container.verify_sizes(archive), lambda size: f"{size} bytes")
    return archive if names is not None and sizes is not None and not missing else None


def _examine_members(findings: Findings, contents: Contents, description: Description) -> None:
    """Judge which members are here, and both lists of digests."""
    layout, of_a_case = contents.layout, description.scope == "case"
    unexpected = [*layout.unexpected, *([container.CASE_HEAD] if container.CASE_HEAD in layout.names and not of_a_case else [])]
    if unexpected:
        findings.failed(checks.MEMBERS, "", f"a package has no member {', '.join(repr(name[:80]) for name in unexpected[:3])}")
    else:
        findings.passed(checks.MEMBERS, "", "no other than a package may have")
    examine_absences(findings, layout, contents.exemptions, of_a_case=of_a_case)
    findings.attempt(
        checks.MANIFEST, "",
        lambda: verify_listed(parse_manifest(contents.archive.chunks(container.MANIFEST)), contents.digests, in_manifest),
        lambda count: f"{count} members listed",
    )  # fmt: skip
    findings.attempt(
        checks.FILE_DIGESTS, "", lambda: verify_listed(parse_sums(contents.read("SHA256SUMS")), contents.digests, in_sums),
        lambda count: f"{count} files, as listed",
    )  # fmt: skip


def _load_trust(findings: Findings, contents: Contents, files: Mapping[str, bytes] | None) -> Trust:
    if files is None:
        # SPEC: without --trust the examination is incomplete: whoever made the package chose the keys in it.
        findings.skipped(checks.TRUST, "", "no --trust: the package's own keys prove nothing until compared with published ones")
        files = {name.removeprefix("trust/"): contents.read(name) for name in contents.layout.names if name.startswith("trust/")}
    given = files
    return findings.attempt(checks.TRUST, "files", lambda: load_trust(given), _tell_trust) or Trust()


def _tell_trust(trust: Trust) -> str:
    policies = len(trust.earlier) + (trust.policy is not None)
    return f"{policies} policies, {len(trust.receipt_verifiers)} receipt keys, {len(trust.roots)} roots"


def _examine_evidence(findings: Findings, contents: Contents, stamps: StampJudge, holdings: Holdings) -> _Results:
    """Judge the log folders, then the records."""
    folders: dict[int, Folder] = {}
    excused = contents.exemptions.unstamped_folders()
    for number, names in contents.layout.logs.items():
        if names >= set(container.LOG_FILES):
            folders[number] = examine_folder(findings, contents.folder(number), stamps, excused=number in excused)
    index = FolderIndex(list(folders.values()))
    records: dict[str, RecordResult] = {}
    for record in contents.layout.records:
        if result := examine_record(findings, contents, record, index, stamps, holdings):
            records[record] = result
    _examine_custody(findings, contents, records)
    return _Results(folders, records)


def _examine_custody(findings: Findings, contents: Contents, results: Mapping[str, RecordResult]) -> None:
    """Judge the trails, and how far the log has them."""
    trails: dict[str, tuple[str, ...]] = {}
    for record, files in contents.layout.records.items():
        if "custody.json" in files:
            try:
                trails[record] = verify_custody(contents.read(f"records/{record}/custody.json"))
            except VerificationError as fault:
                findings.failed(checks.CUSTODY_CHAIN, record, str(fault))
    logged: dict[str, tuple[int, str]] = {}
    for statement, result in results.items():
        for name, claim in result.heads.items():
            try:
                record, until = verify_head(claim, trails)
            except VerificationError as fault:
                findings.failed(checks.CUSTODY_CHAIN, f"{statement}: {name}", str(fault))
                continue
            # A statement that does not hold itself proves nothing of a trail; its own failure is noted where it is judged.
            if result.logged and logged.get(record, (0, ""))[0] < until:
                logged[record] = until, statement
    for record, digests in trails.items():
        # SPEC: the service's own account until the chain's head is an entry of the log.
        findings.passed(checks.CUSTODY_CHAIN, record, tell_trail(len(digests), logged.get(record)))


def _examine_whole(findings: Findings, contents: Contents, description: Description, results: _Results, holdings: Holdings) -> None:
    """Judge what can only be said when all parts are known."""
    findings.attempt(
        checks.LOG_FOLDERS, "", lambda: verify_ascending(list(contents.layout.logs), list(results.folders.values())),
        lambda count: f"1 to {count}",
    )  # fmt: skip
    carried = {result.folder for result in results.records.values()}
    for number in results.folders.keys() - carried:
        findings.failed(checks.LOG_FOLDERS, f"log/{number}", "no proof in this package carries its checkpoint")
    if all(record in results.records and results.records[record].claims_hold for record in contents.layout.records):
        findings.attempt(checks.ORIGINALS, "", lambda: verify_none_foreign(holdings), lambda count: f"{count} files, each of a statement")
    else:
        findings.skipped(checks.ORIGINALS, "", "not all claims hold, so it is not known which files belong here")
    claims = {record: result.claims for record, result in results.records.items()}
    findings.attempt(
        checks.EXCEPTIONS, "", lambda: verify_exceptions(contents.exemptions, contents.layout, claims), lambda count: f"{count} rows"
    )
    links = {record: result.link for record, result in results.records.items() if result.link is not None}
    findings.attempt(
        checks.DESCRIPTION, "records", lambda: verify_records(description, sorted(contents.layout.records), links),
        lambda listed: f"{len(listed)}, as listed",
    )  # fmt: skip


def _examine_stamp(findings: Findings, contents: Contents, stamps: StampJudge, results: _Results) -> None:
    """Judge the token over the manifest, which fixes the package as a whole."""
    if container.STAMP not in contents.layout.names:
        return
    digest = contents.digests[container.MANIFEST].sha256
    stamp = stamps.examine_lone(checks.TIMESTAMPS, container.STAMP, contents.read(container.STAMP), digest)
    if stamp is not None:
        when = (stamp.at,)
        latest = max((folder.cosigned_s for folder in results.folders.values() if folder.cosigned_s is not None), default=None)
        findings.attempt(checks.TIMESTAMPS, f"{container.STAMP}: not before the checkpoints", lambda: verify_not_before(when, latest))


def _examine_papers(findings: Findings, contents: Contents) -> None:
    """Judge the members that are made for people."""
    names = contents.layout.names
    if "certificate.pdf" in names:
        findings.skipped(checks.CERTIFICATE_BINDING, "certificate.pdf", "this version of the verifier does not judge certificates")
    if "catalogue.csv" in names:
        findings.attempt(
            checks.CATALOGUE, "", lambda: verify_catalogue(contents.read("catalogue.csv"), contents.layout.records, contents.digests),
            lambda count: f"{count} rows",
        )  # fmt: skip
    if "verify.html" in names:
        findings.attempt(checks.OFFLINE_PAGE, "", lambda: _verify_offline(contents.read("verify.html")))


def _verify_offline(page: bytes) -> bytes:
    """Check that a page loads nothing: what is shown to a judge must not change with someone's server."""
    if match := _OUTSIDE.search(page.decode("utf-8", "replace")):
        raise VerificationError(f"it refers to something outside: {match[0]!r}")
    return page

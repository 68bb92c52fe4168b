"""What is wrong with a package is found by the check whose name says so, and by no other one.

Each damage is done by someone who can repair both lists of digests and get the manifest stamped anew: the maker of the
package himself. What an outsider can do is in `test_mutants.py`.
"""
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.evidence.package_fixture import CASE_REF, NOW, START, members_of, resealed, small_case, small_package, zipped
from tests.tlog.examination.in_memory import failures, report_on
from tlog import checks
from tlog.canonical import canonical_json
from tlog.digests import sha256
from tlog.entry import format_entry
from tlog.note import Signer, sign_note
from tlog.receipt import format_case_head

Members = dict[str, bytes]

PACKAGE = small_package(witnesses=2)
WORLD = small_case(witnesses=2)[0]
FIRST, SECOND = (made.number for made in WORLD.deposits)
DEMAND_SHA256 = sha256(b"%PDF-1.7 demand").hex()
STRANGE = "CZ-20261123-4K7QM-X2R9D-0"
ONE, TWO, LOG = f"records/{FIRST}/", f"records/{SECOND}/", "log/1/"
STATEMENT, PROOF, NOTE = ONE + "statement.json", ONE + "proof.tlog-proof", LOG + "checkpoint"


def changed(name: str, change: Callable[[bytes], bytes]) -> Callable[[Members], None]:
    """A damage: the member `name` is rewritten."""

    def damage(members: Members) -> None:
        before = members[name]
        members[name] = change(before)
        assert members[name] != before, f"{name} did not change"

    return damage


def without(*names: str) -> Callable[[Members], None]:
    """A damage: members are gone."""

    def damage(members: Members) -> None:
        for name in names:
            del members[name]

    return damage


def replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(old.encode(), new.encode(), 1)


def excused(record: str, item: str, reason: str) -> Callable[[Members], None]:
    """A damage: a row more in exceptions.csv."""
    return changed("exceptions.csv", lambda data: data + f"{record},{item},{reason}\r\n".encode())


def both(*damages: Callable[[Members], None]) -> Callable[[Members], None]:
    def damage(members: Members) -> None:
        for one in damages:
            one(members)

    return damage


def rewritten_custody(change: Callable[[list[dict[str, object]]], object]) -> Callable[[Members], None]:
    def rewrite(data: bytes) -> bytes:
        rows = json.loads(data)
        change(rows)
        return canonical_json(rows)

    return changed(ONE + "custody.json", rewrite)


def another_head(**fields: object) -> Callable[[Members], None]:
    last = sha256(WORLD.deposits[-1].statement)
    right: dict[str, Any] = {"ref": CASE_REF, "sequence": 2, "statement_sha256": last, "time": 1_775_000_000}
    text = format_case_head(**{**right, **fields})
    return changed("case-head.note", lambda _: sign_note(text, [WORLD.receipt]))


def signed_by_a_stranger(note: bytes) -> bytes:
    return sign_note(note.decode().rpartition("\n\n")[0] + "\n", [Signer.from_seed("x/receipt", bytes(32))])


def last_signature_forged(data: bytes) -> bytes:
    return data[:-9] + b"AAAAAAA=\n"


def last_signature_dropped(data: bytes) -> bytes:
    return data[: data.rindex("—".encode())]


def folder_2(*, moved: bool) -> Callable[[Members], None]:
    """A damage: log/1 stands as log/2, instead or as well."""

    def damage(members: Members) -> None:
        for name in [name for name in members if name.startswith(LOG)]:
            members[name.replace(LOG, "log/2/")] = members.pop(name) if moved else members[name]

    return damage


def stamped(*, at: datetime = NOW, tsa: str = "tsa-a") -> Callable[[Members], None]:
    """A damage: the checkpoint's token is another one, over the right bytes."""
    return changed(LOG + "tsa-a.tst", lambda _: WORLD.token(sha256(PACKAGE_MEMBERS[LOG + "checkpoint.txt"]), at, tsa=tsa))


def record_stamped(file: str, at: datetime = NOW) -> Callable[[Members], None]:
    """A damage: the first record has a token of its own, over one of the package's files."""
    return put({ONE + "tsa-a.tst": WORLD.token(sha256(PACKAGE_MEMBERS[file]), at)})


def swapped(file: str) -> Callable[[Members], None]:
    """A damage: the first record has the second one's file."""
    return changed(ONE + file, lambda _: PACKAGE_MEMBERS[TWO + file])


def put(members: Members) -> Callable[[Members], None]:
    """A damage: members are put in."""
    return lambda before: before.update(members)


PACKAGE_MEMBERS = members_of(PACKAGE.data)

# (what is wrong, the damage, the checks that fail)
DAMAGES: list[tuple[str, Callable[[Members], None], set[str]]] = [
    # members
    ("a member that no package has", put({"extra.txt": b"x"}), {checks.MEMBERS}),
    ("a file beside the log folders", put({"log/checkpoint": b"x"}), {checks.MEMBERS}),
    ("a token of an authority with a reserved name", put({"log/1/renewal-x.tst": b"x"}), {checks.MEMBERS}),
    ("a trust file of another kind", put({"trust/more.txt": b"x"}), {checks.MEMBERS}),
    ("no instructions", without("VERIFY.txt"), {checks.MEMBERS}),
    ("no root certificate in trust/", without("trust/tsa/tsa-a.pem"), {checks.TRUST}),
    ("no policy in trust/", without("trust/policy.txt"), {checks.TRUST}),
    ("no receipt key in trust/", without("trust/receipt.vkey"), {checks.TRUST}),
    # package.json
    ("not canonical JSON", changed("package.json", lambda data: data + b"\n"), {checks.DESCRIPTION}),
    ("another type", changed("package.json", replaced("package/v1", "package/v2")), {checks.DESCRIPTION}),
    ("an unknown scope", changed("package.json", replaced('"case"', '"cases"')), {checks.DESCRIPTION}),
    ("a time that does not exist", changed("package.json", replaced("2026-04-01", "2026-04-31")), {checks.DESCRIPTION}),
    ("a record that is not here", changed("package.json", replaced(f'"{FIRST}"', f'"{STRANGE}","{FIRST}"')), {checks.DESCRIPTION}),
    ("no records", changed("package.json", replaced(f'"{FIRST}","{SECOND}"', "")), {checks.DESCRIPTION}),
    ("a record twice", changed("package.json", replaced(f'"{SECOND}"', f'"{FIRST}"')), {checks.DESCRIPTION}),
    ("records that are no texts", changed("package.json", replaced(f'"{SECOND}"', "2")), {checks.DESCRIPTION}),
    ("scope record with two records", changed("package.json", replaced('"case"', '"record"')), {checks.DESCRIPTION}),
    ("records in no order", changed("package.json", replaced(f'"{FIRST}","{SECOND}"', f'"{SECOND}","{FIRST}"')), {checks.DESCRIPTION}),
    # exceptions.csv
    ("an unknown reason", excused("", "log/1/tsa-b.tst", "lost"), {checks.EXCEPTIONS}),
    ("other columns", changed("exceptions.csv", replaced("record,item", "record,name")), {checks.EXCEPTIONS}),
    ("a row of another length", changed("exceptions.csv", lambda data: data + b"a,b\r\n"), {checks.EXCEPTIONS}),
    ("an unfinished quotation", changed("exceptions.csv", lambda data: data + b'"a'), {checks.EXCEPTIONS}),
    ("bytes that are not UTF-8", changed("exceptions.csv", lambda data: data + b"\xff"), {checks.EXCEPTIONS}),
    ("an empty table", changed("exceptions.csv", lambda _: b""), {checks.EXCEPTIONS}),
    ("an item twice", excused("", "certificate.pdf", "not-yet"), {checks.EXCEPTIONS}),
    ("an empty item", excused("", "", "not-yet"), {checks.EXCEPTIONS}),
    ("a record number that is none", excused("CZ-1", "case", "withheld"), {checks.EXCEPTIONS}),
    ("a row for a claim that is here", excused(FIRST, "case", "withheld"), {checks.EXCEPTIONS}),
    ("a row for a claim that the statement has not", excused(FIRST, "files/9", "withheld"), {checks.EXCEPTIONS}),
    ("a row for a claim of no record", excused("", "case", "withheld"), {checks.EXCEPTIONS}),
    ("a row for a token that is here", excused("", "log/1/tsa-a.tst", "tsa-unavailable"), {checks.EXCEPTIONS}),
    ("a row for a member that nothing excuses", excused("", "package.json", "not-yet"), {checks.EXCEPTIONS}),
    ("a row for a member that no package has", excused("", "extra.txt", "not-yet"), {checks.EXCEPTIONS}),
    ("a row under another record", excused(FIRST, f"{TWO}tsa-b.tst", "tsa-unavailable"), {checks.EXCEPTIONS}),
    ("a row for an original that is here", excused(FIRST, "evidence/2/催款函.pdf", "withheld"), {checks.EXCEPTIONS, checks.ORIGINALS}),
    ("a row for an original of no record", excused("", "evidence/9/x", "withheld"), {checks.EXCEPTIONS}),
    ("a row for an original that is not missing", excused(FIRST, "evidence/9/x", "withheld"), {checks.ORIGINALS}),
    # originals
    ("an original changed", changed("evidence/2/催款函.pdf", lambda data: data + b"x"), {checks.ORIGINALS, checks.CATALOGUE}),
    ("an original missing", without("evidence/2/催款函.pdf"), {checks.ORIGINALS}),
    ("an original too many", put({"evidence/3/more.txt": b"x"}), {checks.ORIGINALS}),
    # claims
    ("a claim changed", changed(ONE + "claims/subject.json", replaced("催收", "还款")), {checks.CLAIMS}),
    ("a salt changed", changed(ONE + "claims/subject.salt", lambda data: data[::-1]), {checks.CLAIMS}),
    ("bytes moved from the salt to the claim", both(
        changed(ONE + "claims/subject.salt", lambda data: data[:-1]),
        changed(ONE + "claims/subject.json", lambda data: PACKAGE_MEMBERS[ONE + "claims/subject.salt"][-1:] + data),
    ), {checks.CLAIMS}),
    ("a claim missing", without(ONE + "claims/case.json", ONE + "claims/case.salt"), {checks.CLAIMS}),
    ("a claim missing but for its salt", without(ONE + "claims/case.json"), {checks.CLAIMS}),
    ("a salt missing", without(ONE + "claims/case.salt"), {checks.CLAIMS}),
    ("a claim that the statement does not list", put({f"{ONE}claims/more.json": b"{}"}), {checks.CLAIMS}),
    # statement, entry, leaf
    ("a statement of another record", swapped("statement.json"), {checks.STATEMENT, checks.CASE_COMPLETE}),
    ("a statement that is no JSON", changed(STATEMENT, lambda data: data[:-1]), {checks.STATEMENT, checks.CASE_COMPLETE}),
    ("another time of receipt", changed(STATEMENT, replaced("08:00:00.123Z", "07:00:00.123Z")), {checks.ENTRY, checks.CASE_CHAIN}),
    ("a statement missing", without(STATEMENT), {checks.STATEMENT, checks.CASE_COMPLETE}),
    ("an entry of another kind", changed(ONE + "entry.txt", replaced("deposit", "erasure")), {checks.ENTRY}),
    ("an entry with another SM3", changed(ONE + "entry.txt", lambda _: format_entry("deposit", b"other")), {checks.ENTRY}),
    ("an entry that is none", changed(ONE + "entry.txt", lambda data: data + b"\n"), {checks.ENTRY}),
    ("an entry missing", without(ONE + "entry.txt"), {checks.ENTRY}),
    # proof
    ("a proof of another record", swapped("proof.tlog-proof"), {checks.INCLUSION}),
    ("a proof that is none", changed(PROOF, replaced("@v1", "@v2")), {checks.INCLUSION}),
    ("another index", changed(PROOF, replaced("index 3", "index 2")), {checks.INCLUSION}),
    ("a proof missing", without(PROOF), {checks.INCLUSION}),
    ("a proof whose checkpoint has no folder", changed(PROOF, replaced("\n\nlog.example", "\n\nlag.example")), {checks.INCLUSION}),
    ("a proof with a forged cosignature", changed(PROOF, last_signature_forged), {checks.CHECKPOINT_SIGNATURE}),
    ("a proof with too few cosignatures", changed(PROOF, last_signature_dropped), {checks.WITNESS_QUORUM}),
    # checkpoint
    ("a forged cosignature", changed(NOTE, last_signature_forged), {checks.CHECKPOINT_SIGNATURE}),
    ("too few cosignatures", changed(NOTE, last_signature_dropped), {checks.WITNESS_QUORUM}),
    ("a checkpoint missing", without(NOTE), {checks.CHECKPOINT_SIGNATURE, checks.INCLUSION}),
    ("another text", changed(LOG + "checkpoint.txt", lambda data: data + b"x\n"),
     {checks.CHECKPOINT_SIGNATURE, checks.TIMESTAMPS, checks.INCLUSION, checks.LOG_FOLDERS}),
    ("no signature of the log", changed(NOTE, replaced("— log.example/cunzheng ", "— log.example/x ")), {checks.CHECKPOINT_SIGNATURE}),
    ("folders that begin at 2", folder_2(moved=True), {checks.LOG_FOLDERS}),
    ("a checkpoint that no proof carries", folder_2(moved=False), {checks.LOG_FOLDERS}),
    # timestamps
    ("a token over something else", changed(LOG + "tsa-a.tst", lambda _: WORLD.token(bytes(32))), {checks.TIMESTAMPS}),
    ("a token that is none", changed(LOG + "tsa-a.tst", lambda _: b"none"), {checks.TIMESTAMPS}),
    ("a token of an unknown authority", stamped(tsa="strange"), {checks.TIMESTAMPS}),
    ("a token from before the cosignatures", stamped(at=START.replace(hour=7)), {checks.TIMESTAMPS, checks.RECEIVED_AT}),
    ("a token from the future", stamped(at=NOW.replace(year=2027)), {checks.TIMESTAMPS}),
    ("no token", without(LOG + "tsa-a.tst"), {checks.TIMESTAMPS}),
    ("a revocation list without a token", put({LOG + "tsa-b.crl": b"x"}), {checks.TIMESTAMPS}),
    ("a revocation list that is none", put({LOG + "tsa-a.crl": b"x"}), {checks.TIMESTAMPS}),
    ("a record's token over a file", record_stamped("evidence/1/通话清单.json"), {checks.TIMESTAMPS}),
    ("a record's token from before its receipt", record_stamped(STATEMENT, START.replace(hour=7)), {checks.RECEIVED_AT}),
    # custody
    ("no row", rewritten_custody(lambda rows: rows.clear()), {checks.CUSTODY_CHAIN}),
    ("the first row gone", rewritten_custody(lambda rows: rows.pop(0)), {checks.CUSTODY_CHAIN}),
    ("rows exchanged", rewritten_custody(lambda rows: rows.reverse()), {checks.CUSTODY_CHAIN}),
    ("another purpose", rewritten_custody(lambda rows: rows[1].update(purpose="内部使用")), {checks.CUSTODY_CHAIN}),
    ("a field more", rewritten_custody(lambda rows: rows[0].update(note="x")), {checks.CUSTODY_CHAIN}),
    ("custody missing", without(ONE + "custody.json"), {checks.CUSTODY_CHAIN}),
    # case
    ("a head that ends later", another_head(sequence=3), {checks.CASE_COMPLETE}),
    ("a head that ends earlier", another_head(sequence=1, statement_sha256=sha256(WORLD.deposits[0].statement)), {checks.CASE_COMPLETE}),
    ("a head of another case", another_head(ref="ff" * 16), {checks.CASE_COMPLETE}),
    ("a head with another end", another_head(statement_sha256=sha256(WORLD.deposits[0].statement)), {checks.CASE_COMPLETE}),
    ("a head whose end is not here", another_head(statement_sha256=bytes(32)), {checks.CASE_COMPLETE}),
    ("a head by another key", changed("case-head.note", signed_by_a_stranger), {checks.CASE_COMPLETE}),
    ("a head missing", without("case-head.note"), {checks.CASE_COMPLETE}),
    ("a head in a selection", changed("package.json", replaced('"case"', '"selection"')), {checks.MEMBERS}),
    # papers
    ("a catalogue with another digest", changed("catalogue.csv", replaced(DEMAND_SHA256, "00" * 32)), {checks.CATALOGUE}),
    ("a catalogue with another record", changed("catalogue.csv", replaced(FIRST, STRANGE)), {checks.CATALOGUE}),
    ("a catalogue with other columns", changed("catalogue.csv", replaced("proves", "proofs")), {checks.CATALOGUE}),
    ("a catalogue missing", without("catalogue.csv"), {checks.CATALOGUE}),
    ("a page that loads a script", both(
        put({"verify.html": b'<script src="https://example.com/x.js"></script>'}),
        changed("exceptions.csv", replaced(",verify.html,not-yet\r\n", "")),
    ), {checks.OFFLINE_PAGE}),
]  # fmt: skip


def test_package_as_it_was_made_passes() -> None:
    members = dict(PACKAGE_MEMBERS)
    assert report_on(resealed(members, stamp=WORLD.stamp), PACKAGE.trust).exit_code == 0


@pytest.mark.parametrize(("damage", "failing"), [row[1:] for row in DAMAGES], ids=[row[0] for row in DAMAGES])
def test_damage_is_found_by_the_check_of_its_name(damage: Callable[[Members], None], failing: set[str]) -> None:
    members = dict(PACKAGE_MEMBERS)
    damage(members)
    report = report_on(resealed(members, stamp=WORLD.stamp), PACKAGE.trust)
    assert failures(report) == failing
    assert report.exit_code == 2


def test_every_check_that_can_fail_is_shown_to_fail() -> None:
    shown = set[str]().union(*(row[2] for row in DAMAGES))
    elsewhere = {checks.CONTAINER, checks.MANIFEST, checks.FILE_DIGESTS, checks.RENEWALS}
    never = {checks.LEAF, checks.POLICY, checks.CERTIFICATE_BINDING}
    assert shown | elsewhere | never == set(checks.NAMES)
    assert not shown & never


@pytest.mark.parametrize("name", [name for name, data in PACKAGE_MEMBERS.items() if name not in ("mimetype",) and data])
def test_changed_member_is_found_by_the_lists_and_after_their_repair_by_the_stamp(name: str) -> None:
    members = {**PACKAGE_MEMBERS, name: PACKAGE_MEMBERS[name][:-1] + bytes([PACKAGE_MEMBERS[name][-1] ^ 1])}
    untouched = report_on(zipped(members), PACKAGE.trust)
    assert untouched.exit_code == 2
    if name not in ("META-INF/ASiCManifest.xml", "META-INF/timestamp.tst", "SHA256SUMS", "exceptions.csv", "package.json"):
        assert {checks.MANIFEST, checks.FILE_DIGESTS} <= failures(untouched)
        assert checks.TIMESTAMPS in failures(report_on(resealed(members), PACKAGE.trust))

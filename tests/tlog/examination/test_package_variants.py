"""Honest packages of every sort: what passes, what stays open (exit 3), and why."""
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from evidence.packages.contents import LogFolder, PackageContents, Reason, Scope
from tests.evidence.package_fixture import (
    CASE_REF,
    FILES,
    START,
    Point,
    World,
    authority,
    deposit_claims,
    members_of,
    resealed,
    small_case,
    small_package,
)  # fmt: skip
from tests.tlog.examination.in_memory import failures, left_open, report_on
from tlog import checks
from tlog.digests import sha256, sm3
from tlog.examination.contents import digest_of
from tlog.examination.manifest import Digest
from tlog.note import Signer
from tlog.report import Report

WORLD, CONTENTS = small_case()


def reasons(report: Report, name: str) -> str:
    return "\n".join(check.reason for check in report.checks if check.name == name)


def examined(contents: PackageContents, *, given: Mapping[str, Digest] | None = None, trust: Mapping[str, bytes] | None = None) -> Report:
    return report_on(WORLD.pack(contents).data, WORLD.trust() if trust is None else trust, given=given)


def with_own_stamp(token: bytes) -> PackageContents:
    first, second = CONTENTS.records
    return replace(CONTENTS, records=[replace(first, stamps={"tsa-a": token}), second])


def first_record(*, withheld: Mapping[str, Reason] | None = None, absent: Mapping[str, Reason] | None = None) -> PackageContents:
    point = WORLD.publish()
    return replace(CONTENTS, records=[WORLD.record(WORLD.deposits[0], point, withheld=withheld, absent=absent), CONTENTS.records[1]])


def test_complete_case_passes() -> None:
    report = examined(CONTENTS)
    assert report.exit_code == 0
    assert [check.name for check in report.checks] == sorted((check.name for check in report.checks), key=checks.NAMES.index)


def test_quorum_of_witnesses_passes_and_quorum_none_is_not_checked_and_not_required() -> None:
    package = small_package(witnesses=3)
    assert "cosigned by w0, w1, w2" in reasons(report_on(package.data, package.trust), checks.WITNESS_QUORUM)
    report = examined(CONTENTS)
    assert "quorum none" in reasons(report, checks.WITNESS_QUORUM)
    assert report.exit_code == 0


def test_two_of_three_witnesses_are_enough_when_the_policy_says_so() -> None:
    world = World(witnesses=3, threshold=2)
    made = world.deposit(FILES)
    two, one = world.publish(cosigners=[0, 2]), world.publish(cosigners=[1])
    good = world.pack(world.contents([world.record(made, two)], [world.folder(two)], scope="record"))
    assert report_on(good.data, good.trust).exit_code == 0
    bad = world.pack(world.contents([world.record(made, one)], [world.folder(one)], scope="record"))
    assert failures(report_on(bad.data, bad.trust)) == {checks.WITNESS_QUORUM}


def test_proof_and_folder_may_carry_other_cosignatures_of_one_checkpoint() -> None:
    world = World(witnesses=3, threshold=2)
    made = world.deposit(FILES)
    package = world.pack(world.contents(
        [world.record(made, world.publish(cosigners=[0, 1]))], [world.folder(world.publish(cosigners=[1, 2]))], scope="record",
    ))  # fmt: skip
    assert report_on(package.data, package.trust).exit_code == 0


def test_without_trust_folder_the_package_vouches_for_itself_and_the_report_is_incomplete() -> None:
    report = report_on(WORLD.pack(CONTENTS).data, None)
    assert (report.exit_code, left_open(report)) == (3, {checks.TRUST})


def test_without_clock_the_report_is_incomplete() -> None:
    report = report_on(WORLD.pack(CONTENTS).data, WORLD.trust(), now=None)
    assert (report.exit_code, left_open(report)) == (3, {checks.TIMESTAMPS})


@pytest.mark.parametrize("scope", ["selection", "record"])
def test_chain_of_a_part_of_the_case_is_not_required(scope: Scope) -> None:
    records = CONTENTS.records[:1] if scope == "record" else CONTENTS.records
    report = examined(replace(CONTENTS, scope=scope, records=records, case_head=None))
    assert report.exit_code == 0
    assert "part of the case" in reasons(report, checks.CASE_COMPLETE)


def test_record_of_another_kind_passes_beside_deposits() -> None:
    world = World()
    note = world.log_statement("custody", {"note": {"text": "移交"}}, {})
    made = world.deposit(FILES)
    point = world.publish()
    package = world.pack(world.contents([world.record(note, point), world.record(made, point)], [world.folder(point)], scope="selection"))
    assert report_on(package.data, package.trust).exit_code == 0


# claims and originals


@pytest.mark.parametrize("reason", ["withheld", "erased"])
def test_withheld_claims_and_their_originals_leave_a_package_that_passes(reason: Reason) -> None:
    report = examined(first_record(withheld={"subject": reason, "files/2": reason, "provenance": reason}))
    assert report.exit_code == 0
    assert "3 disclosed, 3 withheld" in reasons(report, checks.CLAIMS)


def test_erased_record_keeps_its_statement_and_its_proof() -> None:
    names = [claim.name for claim in WORLD.deposits[0].claims]
    contents = first_record(withheld=dict.fromkeys(names, "erased"))
    report = examined(replace(contents, scope="selection", case_head=None))
    assert report.exit_code == 0


def test_withheld_case_claim_leaves_the_case_open() -> None:
    report = examined(first_record(withheld={"case": "withheld"}))
    assert (report.exit_code, left_open(report)) == (3, {checks.CASE_COMPLETE})


def test_all_case_claims_withheld_leave_only_the_count_and_the_end_to_compare() -> None:
    point = WORLD.publish()
    hidden: dict[str, Reason] = {"case": "withheld"}
    contents = replace(CONTENTS, records=[WORLD.record(made, point, withheld=hidden) for made in WORLD.deposits])
    report = examined(contents)
    assert (report.exit_code, left_open(report)) == (3, {checks.CASE_COMPLETE})


@pytest.mark.parametrize(("reason", "code"), [("withheld", 0), ("erased", 0), ("depositor-keeps", 3), ("quarantined", 3)])
def test_absent_original_is_open_unless_withheld_or_erased(reason: Reason, code: int) -> None:
    report = examined(first_record(absent={"files/1": reason}))
    assert report.exit_code == code
    assert left_open(report) == ({checks.ORIGINALS} if code else set())


def test_absent_original_that_is_given_closes_the_question() -> None:
    contents = first_record(absent={"files/1": "depositor-keeps"})
    recording = FILES["通话录音 0755.wav"]
    given = {"--file call.wav": digest_of([recording], with_sm3=True)}
    assert examined(contents, given=given).exit_code == 0
    report = examined(contents, given={**given, "--file other": digest_of([b"other"], with_sm3=True)})
    assert failures(report) == {checks.ORIGINALS}
    damaged = {"--file call.wav": replace(given["--file call.wav"], sm3=sm3(b"other"))}
    assert failures(examined(contents, given=damaged)) == {checks.ORIGINALS}


def test_absent_original_without_its_row_fails_even_when_it_is_given() -> None:
    members = members_of(WORLD.pack(CONTENTS).data)
    del members["evidence/1/通话录音 0755.wav"]
    given = {"--file call.wav": digest_of([FILES["通话录音 0755.wav"]], with_sm3=True)}
    report = report_on(resealed(members, stamp=WORLD.stamp), WORLD.trust(), given=given)
    assert failures(report) == {checks.ORIGINALS}


def test_depositor_may_state_no_sm3() -> None:
    world = World()
    made = world.deposit({"a.pdf": b"a"}, custody="depositor", with_sm3=False)
    point = world.publish()
    record = world.record(made, point, absent={"files/1": "depositor-keeps"})
    package = world.pack(world.contents([record], [world.folder(point)], scope="record"))
    given = {"--file a.pdf": digest_of([b"a"], with_sm3=True)}
    assert report_on(package.data, package.trust, given=given).exit_code == 0


def test_rows_for_originals_of_withheld_claims_are_no_more_than_the_claims() -> None:
    contents = first_record(withheld={"files/2": "withheld"})
    members = members_of(WORLD.pack(contents).data)
    number = WORLD.deposits[0].number
    for rows, code in ((1, 0), (2, 2)):
        table = members["exceptions.csv"] + b"".join(f"{number},evidence/1/{n},withheld\r\n".encode() for n in range(rows))
        report = report_on(resealed({**members, "exceptions.csv": table}, stamp=WORLD.stamp), WORLD.trust())
        assert report.exit_code == code


def test_bytes_that_two_claims_describe_need_be_here_once() -> None:
    world = World()
    made = world.deposit({"a.pdf": b"same", "b.pdf": b"same"})
    point = world.publish()
    package = world.pack(world.contents([world.record(made, point)], [world.folder(point)], scope="record"))
    members = members_of(package.data)
    del members["evidence/1/b.pdf"]
    assert report_on(resealed(members, stamp=world.stamp), package.trust).exit_code == 0


# stamps


def test_unstamped_checkpoint_leaves_the_report_incomplete() -> None:
    report = examined(replace(CONTENTS, logs=[replace(CONTENTS.logs[0], stamps={}, unavailable=["tsa-a"])]))
    assert (report.exit_code, left_open(report)) == (3, {checks.TIMESTAMPS})
    assert "no verified token" in reasons(report, checks.RECEIVED_AT)


def test_stamp_of_one_authority_is_enough_when_another_was_unavailable() -> None:
    assert examined(replace(CONTENTS, logs=[replace(CONTENTS.logs[0], unavailable=["tsa-b"])])).exit_code == 0


def test_unstamped_manifest_leaves_the_report_incomplete() -> None:
    built = WORLD.pack(CONTENTS, stamp=lambda _: None)
    report = report_on(built.data, built.trust)
    assert (report.exit_code, left_open(report)) == (3, {checks.TIMESTAMPS})


def test_token_of_the_record_itself_counts_as_its_time() -> None:
    token = WORLD.token(sha256(WORLD.deposits[0].statement), START + timedelta(seconds=1))
    assert examined(with_own_stamp(token)).exit_code == 0


def test_received_after_its_stamp_fails_beyond_the_skew_only() -> None:
    for seconds, failing in ((-290, set()), (-310, {checks.RECEIVED_AT})):
        token = WORLD.token(sha256(WORLD.deposits[0].statement), START + timedelta(seconds=seconds))
        assert failures(examined(with_own_stamp(token))) == failing


def test_proof_has_to_be_against_the_first_stamped_checkpoint_that_covers_the_record() -> None:
    world = World()
    first = world.deposit(FILES)
    early = world.publish()
    second = world.deposit({"b.pdf": b"b"})
    late = world.publish()

    def examined_with(first_point: Point, early_folder: LogFolder) -> Report:
        records = [world.record(first, first_point), world.record(second, late)]
        package = world.pack(world.contents(records, [world.folder(late), early_folder]))
        return report_on(package.data, package.trust)

    unstamped = LogFolder(early.note, {}, unavailable=["tsa-a"])
    assert examined_with(early, world.folder(early)).exit_code == 0
    assert failures(examined_with(late, world.folder(early))) == {checks.INCLUSION, checks.LOG_FOLDERS}
    assert failures(examined_with(late, unstamped)) == {checks.LOG_FOLDERS}


# trust


@pytest.mark.parametrize(
    ("name", "open_checks"),
    [
        ("policy.txt", {checks.POLICY, checks.INCLUSION}),
        ("receipt.vkey", {checks.CASE_COMPLETE}),
        ("tsa/tsa-a.pem", {checks.TIMESTAMPS}),
    ],
)
def test_trust_file_that_the_verifier_does_not_have_leaves_checks_open(name: str, open_checks: set[str]) -> None:
    report = examined(CONTENTS, trust={file: data for file, data in WORLD.trust().items() if file != name})
    assert (report.exit_code, left_open(report)) == (3, open_checks)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("policy.txt", b"log x\nquorum none\n"),
        ("policies/tomorrow.txt", b""),
        ("policies/20261399T000000Z.txt", WORLD.policy().encode()),
        ("receipt.vkey", WORLD.log.vkey.encode()),
        ("tsa/empty.pem", b""),
        ("tsa/broken.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ],
)
def test_malformed_trust_file_fails(name: str, data: bytes) -> None:
    report = examined(CONTENTS, trust={**WORLD.trust(), name: data})
    assert checks.TRUST in failures(report)
    assert report.exit_code == 2


def test_files_that_are_no_trust_files_are_ignored() -> None:
    assert examined(CONTENTS, trust={**WORLD.trust(), "README": b"\xff", "tsa/readme.txt": b""}).exit_code == 0


def test_intermediate_certificate_is_never_a_trust_anchor() -> None:
    intermediate = authority("tsa-a").intermediate.certificate.public_bytes(Encoding.PEM)
    report = examined(CONTENTS, trust={**WORLD.trust(), "tsa/tsa-a.pem": intermediate})
    assert (report.exit_code, left_open(report)) == (3, {checks.TIMESTAMPS})


def test_checkpoint_is_judged_by_the_policy_in_force_at_its_earliest_verified_time() -> None:
    old = WORLD.policy().encode()
    new = old.replace(WORLD.log.vkey.encode(), Signer.from_seed("log.example/new", bytes([7]) * 32).vkey.encode())
    replaced_after = {**WORLD.trust(), "policy.txt": new, "policies/20260301T000000Z.txt": new, "policies/20260401T000000Z.txt": old}
    assert examined(CONTENTS, trust=replaced_after).exit_code == 0
    replaced_before = {**WORLD.trust(), "policy.txt": new, "policies/20260301T000000Z.txt": old}
    assert failures(examined(CONTENTS, trust=replaced_before)) == {checks.CHECKPOINT_SIGNATURE}
    # SPEC: an end is exclusive: the first moment of the next policy.
    stamped_at = START + timedelta(seconds=70)
    at_the_end = {**WORLD.trust(), "policy.txt": new, f"policies/{stamped_at:%Y%m%dT%H%M%SZ}.txt": old}
    assert failures(examined(CONTENTS, trust=at_the_end)) == {checks.CHECKPOINT_SIGNATURE}


def test_without_verified_token_only_the_present_policy_counts() -> None:
    old = WORLD.policy().encode()
    new = old.replace(WORLD.log.vkey.encode(), Signer.from_seed("log.example/new", bytes([7]) * 32).vkey.encode())
    trust = {"policy.txt": new, "policies/20260401T000000Z.txt": old, "receipt.vkey": WORLD.trust()["receipt.vkey"]}
    assert failures(examined(CONTENTS, trust=trust)) == {checks.CHECKPOINT_SIGNATURE}


# excused members


@pytest.mark.parametrize(
    "name",
    ["VERIFY.txt", "catalogue.csv", "trust/policy.txt", "trust/tsa/tsa-a.pem", "case-head.note", "META-INF/timestamp.tst",
     *(f"records/{WORLD.deposits[0].number}/{file}" for file in ("custody.json", "proof.tlog-proof", "entry.txt"))],
)  # fmt: skip
@pytest.mark.parametrize("reason", ["withheld", "not-yet"])
def test_excused_member_is_not_checked_and_leaves_the_report_incomplete(name: str, reason: str) -> None:
    members = members_of(WORLD.pack(CONTENTS).data)
    del members[name]
    record = WORLD.deposits[0].number if name.startswith("records/") else ""
    members["exceptions.csv"] += f"{record},{name},{reason}\r\n".encode()
    report = report_on(resealed(members, stamp=None if name == "META-INF/timestamp.tst" else WORLD.stamp), WORLD.trust())
    # A root certificate that is not in the package is not missed by whoever has it from elsewhere.
    assert report.exit_code == (0 if name == "trust/tsa/tsa-a.pem" else 3)


@pytest.mark.parametrize(("name", "code"), [("certificate.pdf", 3), ("verify.html", 0), ("catalogue.pdf", 0)])
def test_members_that_later_versions_make_are_accepted_as_far_as_they_can_be_judged(name: str, code: int) -> None:
    members = members_of(WORLD.pack(CONTENTS).data)
    members[name] = b"<!doctype html><p>offline</p>"
    members["exceptions.csv"] = members["exceptions.csv"].replace(f",{name},not-yet\r\n".encode(), b"")
    assert report_on(resealed(members, stamp=WORLD.stamp), WORLD.trust()).exit_code == code


# cases


def test_selection_may_hold_several_cases() -> None:
    world = World()
    one = world.deposit({"a.pdf": b"a"})
    two = world.deposit({"b.pdf": b"b"}, ref="ff" * 16)
    point = world.publish()
    package = world.pack(world.contents([world.record(two, point), world.record(one, point)], [world.folder(point)], scope="selection"))
    report = report_on(package.data, package.trust)
    assert report.exit_code == 0
    assert "links followed: 0" in reasons(report, checks.CASE_CHAIN)


def test_links_are_not_followed_over_a_gap() -> None:
    world = World()
    one, _, three = (world.deposit({f"{n}.pdf": b"%d" % n}) for n in range(3))
    point = world.publish()
    package = world.pack(world.contents([world.record(one, point), world.record(three, point)], [world.folder(point)], scope="selection"))
    assert "links followed: 0" in reasons(report_on(package.data, package.trust), checks.CASE_CHAIN)
    whole = world.pack(world.contents([world.record(one, point), world.record(three, point)], [world.folder(point)], scope="case"))
    assert failures(report_on(whole.data, whole.trust)) == {checks.CASE_COMPLETE}


def chained(*places: tuple[int, str | None], scope: Scope = "selection") -> Report:
    """A package of deposits with these sequences and previous statements in their case claims."""
    world = World()
    for n, (sequence, previous) in enumerate(places):
        file = {"name": "a", "media_type": "text/plain", "size_bytes": 1, "sha256": sha256(b"a").hex(), "sm3": None, "custody": "depositor"}
        world.log_statement("deposit", {**deposit_claims(f"{n}", CASE_REF, sequence, previous), "files/1": file}, {"files/1": b"a"})
    point = world.publish()
    records = [world.record(made, point, absent={"files/1": "withheld"}) for made in world.deposits]
    package = world.pack(world.contents(records, [world.folder(point)], scope=scope))
    return report_on(package.data, package.trust)


def test_two_records_in_one_place_of_the_case_fail() -> None:
    assert chained((1, None)).exit_code == 0
    assert failures(chained((1, None), (1, None))) == {checks.CASE_CHAIN}


def test_link_to_another_statement_fails() -> None:
    assert failures(chained((1, None), (2, "00" * 32))) == {checks.CASE_CHAIN}
    assert chained((1, None), (3, "00" * 32)).exit_code == 0


def test_gap_in_the_case_fails_even_when_number_and_end_are_right() -> None:
    assert failures(chained((5, "00" * 32), (2, "00" * 32), scope="case")) == {checks.CASE_COMPLETE}

"""Renewals of old checkpoints, and what archived revocation data does to a token."""
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from evidence.packages.contents import LogFolder, Renewal, Stamp
from sandbox.tsa import revocation as sandbox_lists
from sandbox.tsa import signing
from sandbox.tsa.authority import make_authority
from tests.evidence.package_fixture import NOW, START, authority, inclusion_proof, members_of, resealed, small_case
from tests.tlog.examination.in_memory import failures, left_open, report_on
from tlog import checks
from tlog.canonical import canonical_json
from tlog.digests import sha256
from tlog.merkle import leaf_hash, root_hash
from tlog.note import split_note
from tlog.report import Report
from tlog.timestamp.list_file import format_lists

WORLD, CONTENTS = small_case()
FOLDER = CONTENTS.logs[0]
YEAR = timedelta(days=8)  # the small world's years are short
Members = dict[str, bytes]


def renewed(folder: LogFolder, at: datetime, *, strangers: int = 4) -> LogFolder:
    """The folder with one renewal more, in a tree between the lists of other checkpoints."""
    files = {"checkpoint": folder.note, **{f"{tsa}.tst": stamp.token for tsa, stamp in folder.stamps.items()}}
    for k, renewal in enumerate(folder.renewals, 1):
        files |= {f"renewal-{k}.txt": renewal.listing, f"renewal-{k}.json": renewal.path, f"renewal-{k}.tst": renewal.token}
    listing = "".join(f"{sha256(data).hex()}  {name}\n" for name, data in files.items()).encode()
    leaves = [leaf_hash(listing if n == strangers // 2 else b"stranger %d" % n) for n in range(strangers + 1)]
    path = {"index": strangers // 2, "size": len(leaves), "hashes": [step.hex() for step in inclusion_proof(strangers // 2, leaves)]}
    token = WORLD.token(sha256(root_hash(leaves)), at)
    return replace(folder, renewals=[*folder.renewals, Renewal(listing, canonical_json(path), token)])


ONCE = renewed(FOLDER, START + YEAR)
TWICE = renewed(ONCE, START + 2 * YEAR, strangers=0)


def examined(folder: LogFolder) -> Report:
    return report_on(WORLD.pack(replace(CONTENTS, logs=[folder])).data, WORLD.trust())


@pytest.mark.parametrize(("folder", "count"), [(ONCE, 1), (TWICE, 2)])
def test_renewals_pass(folder: LogFolder, count: int) -> None:
    report = examined(folder)
    assert report.exit_code == 0
    assert sum("token" in check.reason for check in report.checks if check.name == checks.RENEWALS) == count


@pytest.mark.parametrize("at", [START, START + timedelta(seconds=69)])
def test_renewal_older_than_what_it_renews_fails(at: datetime) -> None:
    assert failures(examined(renewed(FOLDER, at))) == {checks.RENEWALS}
    assert failures(examined(renewed(ONCE, at))) == {checks.RENEWALS}


def test_renewal_without_trusted_roots_is_left_open() -> None:
    trust = {name: data for name, data in WORLD.trust().items() if not name.endswith(".pem")}
    report = report_on(WORLD.pack(replace(CONTENTS, logs=[ONCE])).data, trust)
    assert (report.exit_code, left_open(report)) == (3, {checks.TIMESTAMPS, checks.RENEWALS})


def path_with(**fields: object) -> Callable[[bytes], bytes]:
    return lambda data: canonical_json({**json.loads(data), **fields})


def extended(data: bytes) -> bytes:
    return data + b"00" * 32 + b"  other.tst\n"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("renewal-1.txt", lambda data: data.partition(b"\n")[2]),
        ("renewal-1.txt", lambda data: b"00" + data[2:]),
        ("renewal-1.txt", extended),
        ("renewal-1.txt", lambda data: data + data),
        ("renewal-1.txt", lambda _: b""),
        ("renewal-1.txt", lambda _: b"\xff"),
        ("renewal-1.json", path_with(index=3)),
        ("renewal-1.json", path_with(size=4)),
        ("renewal-1.json", path_with(size=0)),
        ("renewal-1.json", path_with(index="2")),
        ("renewal-1.json", path_with(index=True)),
        ("renewal-1.json", path_with(hashes=None)),
        ("renewal-1.json", path_with(hashes=["AB" * 32])),
        ("renewal-1.json", path_with(hashes=[1])),
        ("renewal-1.json", path_with(hashes=[])),
        ("renewal-1.json", path_with(more=1)),
        ("renewal-1.json", lambda data: data + b" "),
        ("renewal-1.tst", lambda data: data[:-1]),
        ("renewal-1.tst", lambda _: WORLD.token(bytes(32), START + YEAR)),
        ("renewal-1.tst", None),
        ("renewal-1.json", None),
        ("renewal-1.txt", None),
    ],
)  # fmt: skip
def test_damaged_renewal_fails(name: str, change: Callable[[bytes], bytes] | None) -> None:
    members = members_of(WORLD.pack(replace(CONTENTS, logs=[ONCE])).data)
    before = members.pop(f"log/1/{name}")
    if change is not None:
        members[f"log/1/{name}"] = change(before)
    assert failures(report_on(resealed(members, stamp=WORLD.stamp), WORLD.trust())) == {checks.RENEWALS}


@pytest.mark.parametrize("number", [2, 999_999_999])
def test_renewal_without_the_ones_before_it_fails(number: int) -> None:
    members = members_of(WORLD.pack(replace(CONTENTS, logs=[ONCE])).data)
    renumbered = {name.replace("renewal-1.", f"renewal-{number}."): data for name, data in members.items()}
    assert failures(report_on(resealed(renumbered, stamp=WORLD.stamp), WORLD.trust())) == {checks.RENEWALS}


# revocation data beside a token


def revocation_list(*, since: datetime | None = None, reason: x509.ReasonFlags = x509.ReasonFlags.superseded, pem: bool = False) -> bytes:
    hierarchy = authority("tsa-a")
    builder = x509.CertificateRevocationListBuilder().issuer_name(hierarchy.intermediate.certificate.subject)
    builder = builder.last_update(START).next_update(NOW)
    if since is not None:
        entry = x509.RevokedCertificateBuilder().serial_number(hierarchy.tsa.certificate.serial_number).revocation_date(since)
        builder = builder.add_revoked_certificate(entry.add_extension(x509.CRLReason(reason), critical=False).build())
    return builder.sign(hierarchy.intermediate.key, hashes.SHA256()).public_bytes(Encoding.PEM if pem else Encoding.DER)


def with_revocation(*, crl: bytes | None = None, answer: bytes | None = None) -> Report:
    stamp = FOLDER.stamps["tsa-a"]
    return examined(replace(FOLDER, stamps={"tsa-a": Stamp(stamp.token, crl=crl, ocsp=answer)}))


@pytest.mark.parametrize("pem", [False, True])
def test_archived_revocation_list_that_names_nobody_passes(pem: bool) -> None:
    assert with_revocation(crl=revocation_list(pem=pem)).exit_code == 0


@pytest.mark.parametrize("crl", [b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", b"-----", b"", b"x"])
def test_revocation_list_that_cannot_be_read_fails(crl: bytes) -> None:
    assert failures(with_revocation(crl=crl)) == {checks.TIMESTAMPS}


def test_revocation_before_the_stamp_fails_and_after_it_does_not() -> None:
    assert failures(with_revocation(crl=revocation_list(since=START))) == {checks.TIMESTAMPS}
    assert with_revocation(crl=revocation_list(since=START + YEAR)).exit_code == 0
    compromised = revocation_list(since=START + YEAR, reason=x509.ReasonFlags.key_compromise)
    assert failures(with_revocation(crl=compromised)) == {checks.TIMESTAMPS}


def ocsp_answer(
    *, since: datetime | None = None, reason: x509.ReasonFlags | None = None, status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.REVOKED
) -> bytes:
    hierarchy = authority("tsa-a")
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=hierarchy.tsa.certificate, issuer=hierarchy.intermediate.certificate, algorithm=hashes.SHA256(), cert_status=status,
        this_update=START, next_update=NOW, revocation_time=since, revocation_reason=reason,
    ).responder_id(ocsp.OCSPResponderEncoding.NAME, hierarchy.intermediate.certificate)  # fmt: skip
    return builder.sign(hierarchy.intermediate.key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_ocsp_answer_can_only_make_things_worse() -> None:
    assert with_revocation(answer=ocsp_answer(status=ocsp.OCSPCertStatus.GOOD)).exit_code == 0
    assert with_revocation(answer=ocsp_answer(since=START + YEAR)).exit_code == 0
    assert failures(with_revocation(answer=ocsp_answer(since=START))) == {checks.TIMESTAMPS}
    compromised = ocsp_answer(since=START + YEAR, reason=x509.ReasonFlags.key_compromise)
    assert failures(with_revocation(answer=compromised)) == {checks.TIMESTAMPS}


TRY_LATER = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)


@pytest.mark.parametrize("answer", [b"", b"x", TRY_LATER])
def test_ocsp_answer_that_says_nothing_fails(answer: bytes) -> None:
    assert failures(with_revocation(answer=answer)) == {checks.TIMESTAMPS}


# signatures whose certificates have ended

ENDED = (START + 2 * YEAR).replace(microsecond=0)
SHORT = make_authority(valid_from=START - YEAR, valid_until=ENDED)


def short_token(digest: bytes, at: datetime) -> bytes:
    """A token by an authority whose certificates end after two of the small world's years."""
    content = signing.tst_info(
        policy="1.3.6.1.4.1.0.3161.1", message_imprint=signing.imprint(digest), serial=8, gen_time=at, nonce=None,
        tsa=SHORT.tsa.certificate.subject,
    )  # fmt: skip
    return signing.sign_token(content, SHORT.tsa, with_certificates=True)


TEXT_SHA256 = sha256(split_note(FOLDER.note)[0].encode())
SHORT_FOLDER = LogFolder(FOLDER.note, {"short": Stamp(short_token(TEXT_SHA256, START + timedelta(seconds=70)))})


def examined_short(folder: LogFolder, *, made_at: datetime = NOW, now: datetime | None = NOW) -> Report:
    trust = {**WORLD.trust(), "tsa/short.pem": SHORT.root.certificate.public_bytes(Encoding.PEM)}
    return report_on(WORLD.pack(replace(CONTENTS, logs=[folder], made_at=made_at)).data, trust, now=now)


def notes(report: Report) -> list[tuple[str, bool]]:
    """What is said of renewals besides what passed: outcome, and whether it is required."""
    return [(check.outcome, check.required) for check in report.checks if check.name == checks.RENEWALS and check.outcome != "passed"]


def test_package_made_after_the_certificates_ended_needs_the_renewal() -> None:
    without = examined_short(SHORT_FOLDER)
    assert (without.exit_code, left_open(without)) == (3, {checks.RENEWALS})
    in_time = examined_short(renewed(SHORT_FOLDER, ENDED - timedelta(hours=1)))
    assert (in_time.exit_code, notes(in_time)) == (0, [])


def test_package_made_before_the_certificates_ended_verifies_for_ever_and_says_so() -> None:
    report = examined_short(SHORT_FOLDER, made_at=ENDED)
    assert (report.exit_code, notes(report)) == (0, [("not checked", False)])
    assert notes(examined_short(SHORT_FOLDER, made_at=ENDED, now=ENDED)) == []
    assert notes(examined_short(SHORT_FOLDER, made_at=ENDED, now=None)) == []


def test_renewal_that_came_too_late_is_no_renewal() -> None:
    late = examined_short(renewed(SHORT_FOLDER, ENDED + timedelta(seconds=1)))
    assert (late.exit_code, notes(late)) == (3, [("not checked", True)])


def test_one_token_that_lasts_protects_the_others() -> None:
    both = replace(SHORT_FOLDER, stamps={**FOLDER.stamps, **SHORT_FOLDER.stamps})
    report = examined_short(both)
    assert (report.exit_code, notes(report)) == (0, [])


def test_archived_file_may_hold_the_lists_of_several_issuers() -> None:
    hierarchy = authority("tsa-a")
    root_list = sandbox_lists.revocation_list(hierarchy.root, START)
    revoked = {hierarchy.intermediate.certificate.serial_number: (START, x509.ReasonFlags.superseded)}
    assert with_revocation(crl=format_lists([revocation_list(), root_list])).exit_code == 0
    second = sandbox_lists.revocation_list(hierarchy.root, START, revoked)
    assert failures(with_revocation(crl=format_lists([revocation_list(), second]))) == {checks.TIMESTAMPS}


# tokens that no renewal covers: a record's own, and the package's

OWN_AT = START + timedelta(seconds=30)
LATER = ENDED + timedelta(hours=1)


def lone(report: Report, member: str) -> list[tuple[str, bool, bool]]:
    """What is said of a token: outcome, whether it is required, whether the end of its certificates is named."""
    ended = f"ended on {ENDED:%Y-%m-%d}"
    found = [check for check in report.checks if check.name == checks.TIMESTAMPS and check.reason.startswith(f"{member}: ")]
    return [(check.outcome, check.required, ended in check.reason) for check in found if "not before" not in check.reason]


def with_own_token(*, at: datetime = OWN_AT, made_at: datetime = NOW, now: datetime | None = NOW, unstamped: bool = False) -> Report:
    first, second = CONTENTS.records
    token = short_token(sha256(first.statement), at)
    logs = [replace(FOLDER, stamps={}, unavailable=["tsa-a"])] if unstamped else [FOLDER]
    contents = replace(CONTENTS, records=[replace(first, stamps={"short": token}), second], logs=logs, made_at=made_at)
    trust = {**WORLD.trust(), "tsa/short.pem": SHORT.root.certificate.public_bytes(Encoding.PEM)}
    return report_on(WORLD.pack(contents, stamp=lambda digest: WORLD.token(digest, made_at)).data, trust, now=now)


def own(report: Report) -> list[tuple[str, bool, bool]]:
    return lone(report, f"records/{CONTENTS.records[0].number}/short.tst")


def received(report: Report) -> str:
    return next(check.reason for check in report.checks if check.name == checks.RECEIVED_AT and CONTENTS.records[0].number in check.reason)


def test_a_record_s_own_token_gives_it_its_time_while_its_certificates_last() -> None:
    report = with_own_token(made_at=ENDED, now=ENDED)
    assert (report.exit_code, own(report)) == (0, [("passed", True, False)])
    assert f"stamped at {OWN_AT:%Y-%m-%d %H:%M:%S}" in received(report)
    assert own(with_own_token(made_at=ENDED, now=None)) == [("passed", True, False)]


@pytest.mark.parametrize("made_at", [ENDED, LATER], ids=["ended since", "ended before the package was made"])
def test_a_record_s_own_token_that_has_lapsed_is_said_and_its_time_comes_from_its_checkpoint(made_at: datetime) -> None:
    report = with_own_token(made_at=made_at, now=LATER)
    assert (report.exit_code, own(report)) == (0, [("not checked", False, True)])
    assert f"stamped at {START + timedelta(seconds=70):%Y-%m-%d %H:%M:%S}" in received(report)
    unstamped = with_own_token(made_at=made_at, now=LATER, unstamped=True)
    assert unstamped.exit_code == 3
    assert "lapsed" in received(unstamped)


def test_a_lapsed_token_that_contradicts_the_receipt_still_fails() -> None:
    report = with_own_token(at=START - timedelta(hours=2), now=LATER, made_at=LATER)
    assert failures(report) == {checks.RECEIVED_AT}


def test_a_package_s_own_token_that_has_lapsed_is_said() -> None:
    def stamp(digest: bytes) -> bytes:
        return short_token(digest, START + timedelta(seconds=90))

    trust = {**WORLD.trust(), "tsa/short.pem": SHORT.root.certificate.public_bytes(Encoding.PEM)}
    data = WORLD.pack(replace(CONTENTS, made_at=START + timedelta(seconds=90)), stamp=stamp).data
    for now, said in ((ENDED, ("passed", True, False)), (LATER, ("not checked", False, True))):
        report = report_on(data, trust, now=now)
        assert (report.exit_code, lone(report, "META-INF/timestamp.tst")) == (0, [said])


def test_the_acceptance_of_a_lone_token_without_roots_is_left_open() -> None:
    trust = {name: data for name, data in WORLD.trust().items() if not name.endswith(".pem")}
    report = report_on(WORLD.pack(CONTENTS).data, trust)
    assert ("not checked", True, False) in lone(report, "META-INF/timestamp.tst")

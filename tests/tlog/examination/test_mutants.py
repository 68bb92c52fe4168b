"""What an outsider can do to a finished package is always noticed.

An outsider can change any byte and repair both lists of digests, but has neither the keys of the log, the witnesses and the
authorities nor a way to get the manifest stamped as it was. At most he can drop the stamp and excuse its absence: then what
he changed is refused, or the report stays incomplete. Nothing that he does may pass.
"""
import io
import random
import warnings
import zipfile
from collections.abc import Callable, Iterator

import pytest

from tests.evidence.package_fixture import NOW, members_of, resealed, small_package, zipped
from tests.tlog.examination.in_memory import Memory, report_on
from tlog.examination.archive import open_archive
from tlog.examination.container import MANIFEST, STAMP

PACKAGE = small_package(witnesses=2)
MEMBERS = members_of(PACKAGE.data)
LISTS = ("mimetype", "SHA256SUMS", MANIFEST, STAMP)
PER_KIND, SEEDS = 12, 3
Members = dict[str, bytes]
Dice = random.Random


def any_member(dice: Dice, *, but: tuple[str, ...] = ("mimetype", STAMP)) -> str:
    return dice.choice([name for name, data in MEMBERS.items() if data and name not in but])


def flipped(data: bytes, dice: Dice) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]


def packed(dice: Dice, members: Members) -> bytes:
    """The members packed again, with the lists repaired or not."""
    return resealed(members) if dice.random() < 0.5 else zipped(members)


def flip(dice: Dice) -> bytes:
    name = any_member(dice, but=(STAMP,))
    return zipped({**MEMBERS, name: flipped(MEMBERS[name], dice)})


def flip_and_repair(dice: Dice) -> bytes:
    name = any_member(dice, but=LISTS)
    return resealed({**MEMBERS, name: flipped(MEMBERS[name], dice)})


def flip_and_drop_the_stamp(dice: Dice) -> bytes:
    name = any_member(dice, but=(*LISTS, "exceptions.csv"))
    members = {**MEMBERS, name: flipped(MEMBERS[name], dice)}
    members["exceptions.csv"] += b",META-INF/timestamp.tst,tsa-unavailable\r\n"
    del members[STAMP]
    return resealed(members)


def drop_the_stamp_for_good(dice: Dice) -> bytes:
    """The rows pretend that no version of the service makes such a stamp, or a member that is dropped with it."""
    name = any_member(dice, but=(*LISTS, "exceptions.csv", "package.json"))
    members = {key: data for key, data in MEMBERS.items() if key not in (STAMP, name)}
    record = name.split("/")[1] if name.startswith("records/") else ""
    members["exceptions.csv"] += f",{STAMP},not-yet\r\n{record},{name},not-yet\r\n".encode()
    return resealed(members)


def insert_or_delete(dice: Dice) -> bytes:
    name = any_member(dice, but=(STAMP,))
    data = MEMBERS[name]
    at = dice.randrange(len(data))
    changes = [data[:at] + data[at + 1 :], data[:at] + dice.randbytes(1) + data[at:], data[:at], data + b"\n", b""]
    return zipped({**MEMBERS, name: dice.choice(changes)})


def swap(dice: Dice) -> bytes:
    one, other = any_member(dice), any_member(dice)
    while MEMBERS[one] == MEMBERS[other]:
        other = any_member(dice)
    return packed(dice, {**MEMBERS, one: MEMBERS[other], other: MEMBERS[one]})


def remove(dice: Dice) -> bytes:
    name = any_member(dice, but=())
    members = {key: data for key, data in MEMBERS.items() if key != name}
    return zipped(members) if name in LISTS else packed(dice, members)


def remove_folder(dice: Dice) -> bytes:
    folder = "/".join(dice.choice([name for name in MEMBERS if name.startswith(("records/", "log/", "evidence/"))]).split("/")[:2]) + "/"
    return resealed({name: data for name, data in MEMBERS.items() if not name.startswith(folder)})


def add(dice: Dice) -> bytes:
    name = dice.choice([
        "extra.txt", "evidence/9/x", "META-INF/extra.xml", "META-INF/signatures.p7s", "log/1/tsa-b.tst", "log/2/checkpoint",
        "log/checkpoint", "log/1/renewal-1.txt", "trust/policies/20300101T000000Z.txt", "trust/tsa/more.pem",
        "records/CZ-20261123-4K7QM-X2R9D-0/entry.txt",
        "../x", "/x", "a/../b", "evidence/1/..", "evidence//x", "c:x", "a\\b", "certificate.pdf", "catalogue.pdf", "verify.html",
    ])  # fmt: skip
    return packed(dice, {**MEMBERS, name: dice.choice([b"", b"added", MEMBERS["package.json"]])})


def rename(dice: Dice) -> bytes:
    name = any_member(dice, but=())
    other = dice.choice([name + "x", name.swapcase(), "x/" + name, name.replace("/", "_") + "_", name + "/", "./" + name])
    return packed(dice, {(other if key == name else key): data for key, data in MEMBERS.items()})


def reorder(dice: Dice) -> bytes:
    names = list(MEMBERS)
    names.remove("mimetype")
    names.insert(dice.randrange(1, len(names)), "mimetype")
    return zipped({name: MEMBERS[name] for name in names})


def twice(dice: Dice) -> bytes:
    """A member occurs twice: under its name or one that differs in case, before or after it, with equal or other contents."""
    name = any_member(dice)
    copy = (dice.choice([name, name.swapcase()]), dice.choice([MEMBERS[name], b"", b"other"]))
    rows = list(MEMBERS.items())
    rows.insert(dice.choice([1, len(rows)]), copy)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings(action="ignore"):
        for row in rows:
            archive.writestr(zipfile.ZipInfo(row[0]), row[1])
    return buffer.getvalue()


def excuse(dice: Dice) -> bytes:
    name = any_member(dice)
    record = name.split("/")[1] if name.startswith("records/") else ""
    row = f"{record},{name},{dice.choice(['not-yet', 'withheld', 'erased', 'lost'])}\r\n".encode()
    return resealed({**MEMBERS, "exceptions.csv": MEMBERS["exceptions.csv"] + row})


def truncate(dice: Dice) -> bytes:
    return PACKAGE.data[: dice.randrange(len(PACKAGE.data))]


def surround(dice: Dice) -> bytes:
    return dice.choice([PACKAGE.data + b"\n", b"MZ" + PACKAGE.data, PACKAGE.data + PACKAGE.data, PACKAGE.data[:-1] + b"\1x"])


KINDS: tuple[Callable[[Dice], bytes], ...] = (
    flip, flip_and_repair, flip_and_drop_the_stamp, drop_the_stamp_for_good, insert_or_delete, swap, remove, remove_folder, add, rename,
    reorder, twice, excuse, truncate, surround,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_mutant_passes(kind: Callable[[Dice], bytes], seed: int) -> None:
    dice = Dice(f"{kind.__name__} {seed}")
    may_be_incomplete = kind in (flip_and_drop_the_stamp, drop_the_stamp_for_good)
    for _ in range(PER_KIND):
        report = report_on(kind(dice), PACKAGE.trust)
        assert report.exit_code == 2 or (may_be_incomplete and report.exit_code == 3)


def test_there_are_hundreds_of_mutants() -> None:
    assert len(KINDS) * SEEDS * PER_KIND >= 500


def test_package_that_was_only_packed_anew_passes() -> None:
    assert report_on(zipped(MEMBERS), PACKAGE.trust).exit_code == 0


def contents(data: bytes) -> dict[str, bytes]:
    archive = open_archive(Memory(data))
    return {name: b"".join(archive.chunks(name)) for name in archive.members}


def raw_flips(count: int) -> Iterator[bytes]:
    dice = Dice("raw")
    for _ in range(count):
        yield flipped(PACKAGE.data, dice)


def test_flipped_bit_of_the_archive_is_refused_or_changes_nothing_but_times() -> None:
    """A zip file has bytes without meaning for its members, such as their modification times."""
    refused = 0
    for mutant in raw_flips(300):
        report = report_on(mutant, PACKAGE.trust)
        if report.exit_code == 0:
            assert contents(mutant) == MEMBERS
        else:
            assert report.exit_code == 2
            refused += 1
    assert refused > 250


def test_flipped_bit_of_the_stamp_is_refused_or_leaves_its_time_as_it_was() -> None:
    """In a token's bag may lie bytes that nothing protects; they cannot move its time or what it is about."""
    dice, refused = Dice("stamp"), 0
    for _ in range(300):
        report = report_on(zipped({**MEMBERS, STAMP: flipped(MEMBERS[STAMP], dice)}), PACKAGE.trust)
        stamped = [check.reason for check in report.checks if check.reason.startswith(f"{STAMP}: stamped")]
        refused += report.exit_code == 2
        assert report.exit_code == 2 or stamped == [f"{STAMP}: stamped at {NOW:%Y-%m-%d %H:%M:%S} UTC"]
    assert refused > 250

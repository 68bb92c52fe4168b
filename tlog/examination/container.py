"""The members of a package: which there may be, which there must be, and names that are safe to unpack.

What it is for: ASiC-E in our profile (formats A5). A name that no member can have is refused, whatever the manifest says;
a member that has to be there and is not needs its row in exceptions.csv (`exceptions`).

What it does not do: read the zip structure (`archive`) or contents.

Source: ETSI EN 319 162-1 (ASiC-E, mimetype first and stored); formats of this project, A5 and A6.

>>> layout = arrange(["mimetype", "records/CZ-20261123-4K7QM-X2R9D-0/entry.txt", "log/1/checkpoint", "../escape"])
>>> layout.unexpected
('../escape',)
>>> sorted(layout.records), sorted(layout.logs[1])
(['CZ-20261123-4K7QM-X2R9D-0'], ['checkpoint'])
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tlog.errors import VerificationError
from tlog.examination.archive import Archive

MIMETYPE = b"application/vnd.etsi.asic-e+zip"
MANIFEST = "META-INF/ASiCManifest.xml"
STAMP = "META-INF/timestamp.tst"

ESSENTIAL = ("mimetype", "package.json", "exceptions.csv", "SHA256SUMS", MANIFEST)
"""Without these nothing can be said about a package; no row excuses them."""
ONCE = (STAMP, "certificate.pdf", "catalogue.csv", "catalogue.pdf", "verify.html", "VERIFY.txt", "trust/policy.txt", "trust/receipt.vkey")
CASE_HEAD = "case-head.note"
RECORD_FILES = ("statement.json", "entry.txt", "proof.tlog-proof", "custody.json")
LOG_FILES = ("checkpoint.txt", "checkpoint")

NUMBER = r"CZ-[0-9]{8}-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]"
TSA = r"(?!renewal-)[a-z0-9-]+"
_ORDINAL = r"[1-9][0-9]{0,8}"
_TRUST = re.compile(r"trust/(?:policies/[0-9]{8}T[0-9]{6}Z\.txt|tsa/[^/]+\.pem)")
_RECORD = re.compile(rf"records/({NUMBER})/(statement\.json|entry\.txt|proof\.tlog-proof|custody\.json|{TSA}\.tst)")
_CLAIM = re.compile(rf"records/({NUMBER})/(claims/[a-z0-9_-]+\.(?:json|salt))")
_LOG = re.compile(rf"log/({_ORDINAL})/(checkpoint|checkpoint\.txt|{TSA}\.(?:tst|crl|ocsp)|renewal-{_ORDINAL}\.(?:txt|tst|json))")
_EXHIBIT = re.compile(rf"evidence/{_ORDINAL}/[^/]+")

_KIB, _MIB = 1024, 1024 * 1024
_LIMITS: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"META-INF/ASiCManifest\.xml|certificate\.pdf"), 64 * _MIB),
    (re.compile(r"SHA256SUMS|catalogue\.csv"), 24 * _MIB),
    (re.compile(r"exceptions\.csv|verify\.html|log/[^/]+/[^/]+\.crl"), 16 * _MIB),
    (re.compile(r"package\.json|.*/custody\.json"), 8 * _MIB),
    (re.compile(r"trust/.*"), 4 * _MIB),
    (re.compile(r".*/statement\.json|.*/proof\.tlog-proof|.*\.tst|log/.*|VERIFY\.txt|case-head\.note"), _MIB),
    (re.compile(r"mimetype|.*/entry\.txt|.*/claims/.*"), 128 * _KIB),
)

_UNSAFE = re.compile(r"[\\:]|^/|//|/$|(?:^|/)\.\.?(?:/|$)")
# What turns the order of characters round on a screen: "gpj.exe" shown as "exe.jpg".
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Layout:
    """All names of a package, and by record, log folder and exhibit; in `records` and `logs` without their folder."""

    names: frozenset[str]
    records: Mapping[str, frozenset[str]]
    logs: Mapping[int, frozenset[str]]
    exhibits: tuple[str, ...]
    unexpected: tuple[str, ...]


def verify_container(archive: Archive) -> int:
    """Check the first member and every name of an archive; returns how many members it has.

    Raises:
        VerificationError: not ASiC-E, an unsafe name, or two names that some file system takes for one.
    """
    first = next(iter(archive.members.values()), None)
    # SPEC: ASiC: "mimetype" is the first member, stored, without an extra field, so that the type stands at byte 38.
    if first is None or first.name != "mimetype" or first.deflated or first.extra:
        raise VerificationError("the first member is not a stored mimetype")
    if archive.read("mimetype", 1024) != MIMETYPE:
        raise VerificationError("the mimetype is not that of ASiC-E")
    folded: set[str] = set()
    for name in archive.members:
        if not is_safe(name):
            raise VerificationError(f"unsafe name {name[:80]!r}")
        # SPEC: a duplicate is refused; Windows and macOS see one file in two names that differ in case or normalisation.
        folded.add(unicodedata.normalize("NFC", name.casefold()))
    if len(folded) != len(archive.members):
        raise VerificationError("two names differ in upper and lower case only")
    return len(archive.members)


def is_safe(name: str) -> bool:
    """Tell whether a name stays inside the folder it is unpacked to, on every system, and reads as it is."""
    if not name or _UNSAFE.search(name) or not unicodedata.is_normalized("NFC", name):
        return False
    return not any(character in _BIDI or unicodedata.category(character) in _INVISIBLE for character in name)


def arrange(names: Iterable[str]) -> Layout:
    """Sort names into what A5 knows; the others are `unexpected`."""
    records: dict[str, set[str]] = {}
    logs: dict[int, set[str]] = {}
    exhibits, unexpected, everything = [], [], frozenset(names)
    for name in sorted(everything):
        if match := _RECORD.fullmatch(name) or _CLAIM.fullmatch(name):
            records.setdefault(match[1], set()).add(match[2])
        elif match := _LOG.fullmatch(name):
            logs.setdefault(int(match[1]), set()).add(match[2])
        elif _EXHIBIT.fullmatch(name):
            exhibits.append(name)
        elif not is_package_member(name):
            unexpected.append(name)
    return Layout(
        everything,
        {record: frozenset(files) for record, files in records.items()},
        {number: frozenset(logs[number]) for number in sorted(logs)},
        tuple(exhibits),
        tuple(unexpected),
    )


def size_limit(name: str) -> int | None:
    """Return how many bytes a member may have; None for originals and `catalogue.pdf`, which are only read in passing."""
    if is_exhibit(name):
        return None
    return next((limit for pattern, limit in _LIMITS if pattern.fullmatch(name)), None)


def verify_sizes(archive: Archive) -> int:
    """Check that each member that is held in memory is small enough for that; returns the bytes of all members.

    Raises:
        VerificationError: a member beyond the largest size that an honest one could have.
    """
    for name, member in archive.members.items():
        limit = size_limit(name)
        if limit is not None and member.size > limit:
            raise VerificationError(f"{name!r} has {member.size} bytes where {limit} are allowed")
    return sum(member.size for member in archive.members.values())


def is_package_member(name: str) -> bool:
    """Tell whether a name is that of a member which belongs to the package as a whole."""
    return name in ESSENTIAL or name in ONCE or name == CASE_HEAD or _TRUST.fullmatch(name) is not None


def is_exhibit(name: str) -> bool:
    """Tell whether a name is that of an original, `evidence/<exhibit>/<name>`."""
    return _EXHIBIT.fullmatch(name) is not None


def owner(name: str) -> str | None:
    """Return the record that a member other than an original and a claim belongs to, "" for none; None when A5 has no such member."""
    if match := _RECORD.fullmatch(name):
        return match[1]
    return "" if is_package_member(name) or _LOG.fullmatch(name) else None


def expected(layout: Layout, *, of_a_case: bool) -> Iterator[tuple[str, str]]:
    """Yield the record ("" for none) and name of every member that may only be missing with a row of exceptions.csv."""
    for name in (*ONCE, *((CASE_HEAD,) if of_a_case else ())):
        yield "", name
    for record in layout.records:
        for file in RECORD_FILES:
            yield record, f"records/{record}/{file}"
    for number in layout.logs:
        for file in LOG_FILES:
            yield "", f"log/{number}/{file}"

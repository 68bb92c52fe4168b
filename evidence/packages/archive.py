"""Write an evidence package: an ASiC-E archive that streams.

    mimetype · package.json · records/ · log/ · case-head.note · trust/ · evidence/ · catalogue.csv · VERIFY.txt
    · exceptions.csv · SHA256SUMS · META-INF/ASiCManifest.xml · META-INF/timestamp.tst

What it is for: digests are noted as the bytes pass, and everything that depends on them comes last, so that a package of
many GiB needs no second pass and no temporary file. The manifest is stamped when all digests are known; if no authority
answers, a row of exceptions.csv says so, and since that table is in the manifest, both are made once more.

What it does not do: gather the parts (the service does), talk to an authority (`stamp` is the caller's), verify.

Source: ETSI EN 319 162-1 (ASiC-E); formats of this project, A5.
"""

from collections.abc import Callable, Iterator

from evidence.packages.contents import PackageContents
from evidence.packages.lists import MANIFEST, STAMP, asic_manifest, sha256_sums
from evidence.packages.plan import VERIFY_TXT, Exhibit, Plan, plan_package
from evidence.packages.tables import ExceptionRow, catalogue_csv, exceptions_csv
from evidence.packages.zip_stream import ZipStream
from tlog.digests import new_sha256, new_sm3, sha256

MIMETYPE = b"application/vnd.etsi.asic-e+zip"
MEDIA_TYPE = MIMETYPE.decode()


class OriginalDiffers(Exception):
    """An original's bytes are not those that were deposited: the vault's copy is damaged, and no package is made of it."""


def stream_package(contents: PackageContents, *, stamp: Callable[[bytes], bytes | None]) -> Iterator[bytes]:
    """Return the bytes of a package, piece by piece; pieces are as large as the blocks of the originals.

    `stamp` is called once, near the end, with the SHA-256 (32 bytes) of the manifest, and returns the DER TimeStampToken,
    or None when no authority answers. Nothing is sent before the parts are found to make a package.

    Raises:
        ValueError: the parts do not make a package (see `plan_package`); at once, not while streaming.
        OriginalDiffers: while streaming. What was sent is then no archive, and must not be passed on as one.
    """
    return _stream(plan_package(contents), stamp)


def _stream(plan: Plan, stamp: Callable[[bytes], bytes | None]) -> Iterator[bytes]:
    archive, digests = ZipStream(plan.made_at), dict[str, bytes]()
    # SPEC: ASiC: mimetype first, stored, without an extra field.
    yield from archive.add("mimetype", MIMETYPE, deflate=False)
    for name, data in plan.documents:
        digests[name] = sha256(data)
        yield from archive.add(name, data)
    for exhibit in plan.exhibits:
        yield from archive.add_stream(exhibit.path, _checked(exhibit), exhibit.size_bytes)
        digests[exhibit.path] = bytes.fromhex(exhibit.sha256)
    for name, data in _endings(plan, digests, stamp):
        yield from archive.add(name, data)
    yield from archive.finish()


def _checked(exhibit: Exhibit) -> Iterator[bytes]:
    """Pass an original's blocks on, and refuse to end well unless they are what was deposited."""
    sha256_, sm3, size = new_sha256(), new_sm3(), 0
    for block in exhibit.open():
        sha256_.update(block)
        sm3.update(block)
        size += len(block)
        yield block
    if size != exhibit.size_bytes or sha256_.digest().hex() != exhibit.sha256 or exhibit.sm3 not in (None, sm3.digest().hex()):
        raise OriginalDiffers(f"{exhibit.path} is not as it was deposited")


def _endings(plan: Plan, digests: dict[str, bytes], stamp: Callable[[bytes], bytes | None]) -> Iterator[tuple[str, bytes]]:
    """Yield what can only be written when every original has passed: tables, instructions, lists, and the stamp."""
    first = {"catalogue.csv": catalogue_csv(plan.catalogue), "VERIFY.txt": VERIFY_TXT}
    known = digests | {name: sha256(data) for name, data in first.items()}
    lists = _lists(plan.exceptions, known)
    token = stamp(sha256(lists[MANIFEST]))
    if token is None:
        # SPEC: nothing is ever missing without its row.
        lists = _lists((*plan.exceptions, ExceptionRow("", STAMP, "tsa-unavailable")), known)
    yield from first.items()
    yield from lists.items()
    if token is not None:
        yield STAMP, token


def _lists(exceptions: tuple[ExceptionRow, ...], digests: dict[str, bytes]) -> dict[str, bytes]:
    """Return the table of exceptions and both lists of digests, in the order in which each covers the one before."""
    table = exceptions_csv(exceptions)
    listed = digests | {"exceptions.csv": sha256(table)}
    sums = sha256_sums(listed)
    return {"exceptions.csv": table, "SHA256SUMS": sums, MANIFEST: asic_manifest(listed | {"SHA256SUMS": sha256(sums)})}

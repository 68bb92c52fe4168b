"""Names of members: what is safe to unpack, and what belongs in a package."""
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evidence.package_fixture import members_of, small_package, zipped
from tests.tlog.examination.in_memory import failures, report_on
from tlog import checks
from tlog.examination import container
from tlog.examination.container import arrange, is_safe

PACKAGE = small_package()
NUMBER = "CZ-20261123-4K7QM-X2R9D-0"

UNSAFE = [
    "", "/etc/passwd", "//host/share", "..", ".", "../x", "a/../../x", "a/..", "./x", "a/./b", "a//b", "a/", "evidence/",
    "C:x", "C:\\x", "a\\b", "..\\x", "a\0b", "a\nb", "a\rb", "a\tb", "a\x7fb", "a\x85b", "a\x1b[2Jb", "a\u202egpj.exe", "a\u2066b",
    "\u200fa", "a\u2028b", "a\u2029b", "e\u0301", "\u212b", "a\ud800b",
]  # fmt: skip
SAFE = ["mimetype", "evidence/1/合同 (2).pdf", "evidence/1/...", "evidence/1/a..b", "evidence/1/é", ".hidden", "evidence/1/😀.png", "-rf"]


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_name_is_refused(name: str) -> None:
    assert not is_safe(name)


@pytest.mark.parametrize("name", SAFE)
def test_safe_name_is_accepted(name: str) -> None:
    assert is_safe(name)


@given(st.text())
def test_safe_name_never_leaves_its_folder(name: str) -> None:
    if is_safe(name):
        parts = name.split("/")
        assert not {"", ".", ".."} & set(parts)
        assert not set(name) & {"\\", ":", "\0"}
        assert unicodedata.normalize("NFC", name) == name


@pytest.mark.parametrize("name", [name for name in UNSAFE if name not in ("", "a\0b", "a\ud800b")])
def test_package_with_an_unsafe_name_is_refused_as_a_container(name: str) -> None:
    report = report_on(zipped({**members_of(PACKAGE.data), name: b"x"}), PACKAGE.trust)
    assert failures(report) == {checks.CONTAINER}


@pytest.mark.parametrize(("one", "other"), [("a", "A"), ("straße", "STRASSE"), ("\u01c4", "\u01c6")])
def test_names_that_some_file_system_takes_for_one_are_refused(one: str, other: str) -> None:
    report = report_on(zipped({**members_of(PACKAGE.data), f"evidence/9/{one}": b"x", f"evidence/9/{other}": b"x"}), PACKAGE.trust)
    assert failures(report) == {checks.CONTAINER}


MEMBERS = [
    *container.ESSENTIAL, *container.ONCE, container.CASE_HEAD, "trust/policies/20261123T080000Z.txt", "trust/tsa/根.pem",
    f"records/{NUMBER}/statement.json", f"records/{NUMBER}/tsa-1.tst", f"records/{NUMBER}/claims/files-10.salt",
    "log/1/checkpoint", "log/12/checkpoint.txt", "log/1/tsa-1.crl", "log/1/tsa-1.ocsp", "log/1/renewal-12.json", "evidence/1/x",
]  # fmt: skip
STRANGERS = [
    "extra.txt", "META-INF/extra.xml", "META-INF/signatures.p7s", "META-INF/ASiCManifest2.xml", "Mimetype", "trust/more.txt",
    "trust/policies/x.txt", "trust/tsa/a/b.pem", "trust/tsa/x.der", f"records/{NUMBER}", f"records/{NUMBER}/x.txt", "records/x/entry.txt",
    f"records/{NUMBER}/claims/Case.json", f"records/{NUMBER}/claims/case.txt", f"records/{NUMBER}/renewal-1.tst", "log/0/checkpoint",
    "log/01/checkpoint", "log/1/x", "log/1/TSA.tst", "log/1/renewal-0.txt", "log/1/renewal-1.txt.bak", "log/1/renewal-1.crl",
    "log/x/checkpoint", "log/1234567890/checkpoint", "evidence/0/x", "evidence/1/a/b", "evidence/x", "records/ＣＺ/entry.txt",
]  # fmt: skip


@pytest.mark.parametrize("name", MEMBERS)
def test_member_of_a_package_is_known(name: str) -> None:
    layout = arrange([name])
    assert not layout.unexpected
    assert layout.names == {name}


@pytest.mark.parametrize("name", STRANGERS)
def test_other_member_is_unexpected(name: str) -> None:
    assert arrange([name]).unexpected == (name,)


def test_every_member_that_is_held_in_memory_has_a_size_limit() -> None:
    without = {name for name in MEMBERS if container.size_limit(name) is None}
    assert without == {"catalogue.pdf", "evidence/1/x"}

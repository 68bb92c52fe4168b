"""What a browser adds to the pages: language, large text, the digest of a chosen file, and a keyboard instead of a mouse."""
import hashlib
import io
import struct
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.permissions import Kind, Role
from cases.models import Case
from evidence.packages.lists import sha256_sums
from tests.accounts.people import make_organisation
from tests.browser.accessibility import walk_by_tab
from tests.browser.cast import session_of
from tests.browser.conftest import Live, Visit
from tests.evidence.desk import Desk
from tests.evidence.package_fixture import members_of, small_package, zipped

CONTRACT = Path(__file__).resolve().parent.parent.parent / "samples" / "case" / "loan-contract.pdf"


def test_language_is_switched_in_place_and_stays(live: Live, visit: Visit) -> None:
    page = visit("/records?number=")
    before = page.url
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url == before
    page.goto("/sign-in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")


def test_large_text_makes_everything_larger_and_goes_back(live: Live, visit: Visit) -> None:
    page = visit("/sign-in")
    size = "parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)"
    plain = page.evaluate(size)
    page.get_by_role("button", name="大字高对比").click()
    expect(page.locator("html")).to_have_attribute("data-display", "large")
    page.wait_for_load_state()  # the attribute is there before the style sheets are
    assert page.evaluate(size) >= 1.2 * plain
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-display", "large")
    page.get_by_role("button", name="标准显示").click()
    page.goto("/sign-in")
    assert page.evaluate(size) == plain


def test_a_chosen_file_is_digested_here_and_never_sent(live: Live, visit: Visit, tmp_path: Path) -> None:
    original = CONTRACT
    digest = hashlib.sha256(original.read_bytes()).hexdigest()
    page = visit(f"/records/{live.records[0]}")
    sent: list[bytes] = []
    page.on("request", lambda request: sent.append(request.post_data_buffer or b"") if request.method == "POST" else None)
    page.locator("#file").set_input_files(original)
    expect(page.locator("#sha256")).to_have_value(digest)
    assert sent == [], "choosing sends nothing"
    page.keyboard.press("Enter")
    expect(page.locator("#check ~ .result.good")).to_contain_text("与存证时一致")
    assert len(sent) == 1
    assert digest.encode() in sent[0]
    assert len(sent[0]) < 200
    changed = tmp_path / original.name
    changed.write_bytes(original.read_bytes() + b" ")
    page.locator("#file").set_input_files(changed)
    expect(page.locator("#sha256")).to_have_value(hashlib.sha256(changed.read_bytes()).hexdigest())
    page.keyboard.press("Enter")
    expect(page.locator("#check ~ .result.bad")).to_contain_text("不一致")


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("name", ["sign-in", "record", "home"])
def test_tab_reaches_everything_and_shows_where_it_is(name: str, large: bool, live: Live, visit: Visit) -> None:
    path = {"sign-in": "/sign-in", "record": f"/records/{live.records[0]}", "home": "/"}[name]
    assert walk_by_tab(visit(path, large=large)) == ([], [])


def test_the_first_tab_leads_past_the_head_of_the_page(live: Live, visit: Visit) -> None:
    page = visit("/sign-in")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_list_of_cases_fits_a_screen_of_1280_pixels(language: str, live: Live, visit: Visit) -> None:
    """Also with a long name, a long reference and the longest stage."""
    lender = make_organisation(Kind.LENDER, "示例贷后管理股份有限公司" * 3)
    desk = Desk(Role.CASE_OFFICER, lender, f"wide-{language}")
    case = desk.case("LN-2026-" + "0123456789" * 8)
    desk.send(case, ("通话录音.wav", b"RIFF....", "audio/wav"), json=True)
    Case.objects.filter(pk=case.pk).update(stage=Case.Stage.ENTRUSTED)
    page = visit("/", language=language)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.context.add_cookies([{"name": name, "value": value, "url": live.url} for name, value in session_of(desk.person).items()])
    page.goto("/cases")
    expect(page.locator("main .scroll")).to_have_count(1)
    assert page.evaluate("(e => e.scrollWidth - e.clientWidth)(document.querySelector('main .scroll'))") == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_package_is_compared_here_never_sent_and_never_called_verified(live: Live, visit: Visit, tmp_path: Path) -> None:
    members = members_of(small_package().data)
    original = next(name for name in members if name.startswith("evidence/"))
    claim = next(name for name in members if name.endswith("claims/subject.json"))
    first, second = (name for name in members if name.endswith("proof.tlog-proof"))
    mended = {name: data for name, data in members.items() if name not in ("mimetype", "SHA256SUMS") and not name.startswith("META-INF/")}

    def relisted(changed: dict[str, bytes]) -> bytes:
        """With a list of digests that is right again, as whoever tampers would write it."""
        return zipped({**members, **changed, "SHA256SUMS": sha256_sums({
            name: hashlib.sha256(data).digest() for name, data in {**mended, **changed}.items()})})

    packages = {
        "deflated": (small_package().data, ["相符"] * 5), "stored": (zipped(members), ["相符"] * 5),
        "a byte more": (zipped({**members, original: members[original] + b"x"}), ["不符", "不符", "相符", "相符", "相符"]),
        "a member more": (zipped({**members, "more.txt": b""}), ["不符", "相符", "相符", "相符", "相符"]),
        "a member less": (zipped({name: data for name, data in members.items() if name != "VERIFY.txt"}), ["不符", *["相符"] * 4]),
        "another original": (relisted({original: b"other"}), ["相符", "不符", "相符", "相符", "相符"]),
        "another claim": (relisted({claim: members[claim].replace(b"call", b"cell")}), ["相符", "相符", "不符", "相符", "相符"]),
        "another statement": (
            relisted({claim.replace("claims/subject", "statement"): members[claim.replace("claims/subject", "statement")] + b" "}),
            ["相符", "相符", "相符", "不符", "相符"]),
        "another's proof": (relisted({first: members[second]}), ["相符", "相符", "相符", "相符", "不符"]),
    }
    page = visit("/records")
    sent: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(f"{live.url}/static/") else sent.append(request.url))
    result, rows = page.locator("[data-result]"), page.locator("[data-check] [data-outcome]")
    for name, (data, outcomes) in packages.items():
        file = tmp_path / f"{name}.asice"
        file.write_bytes(data)
        page.locator("#package").set_input_files(file)
        expect(rows, name).to_have_text(outcomes)
        expect(page.locator("[data-verdict]"), name).to_contain_text("请勿采信" if "不符" in outcomes else "这不是核验通过")
        expect(result.get_by_text("未核对", exact=True), name).to_have_count(6)
    for name, data in {"half": small_package().data[:-700], "no zip": b"PK", "a bomb": inflating_beyond_its_size(members)}.items():
        file = tmp_path / f"{name}.asice"
        file.write_bytes(data)
        page.locator("#package").set_input_files(file)
        expect(page.get_by_text("没有核对任何内容"), name).to_be_visible()
        expect(result, name).to_be_hidden()
    assert sent == [], "the package is read here, and nothing of it is asked for or sent"


def inflating_beyond_its_size(members: dict[str, bytes]) -> bytes:
    """A package of which a member holds a megabyte and declares ten bytes, in its own header and in the directory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**members, "bomb.bin": bytes(1024**2 + 7)}.items():
            archive.writestr(name, data)
    return buffer.getvalue().replace(struct.pack("<I", 1024**2 + 7), struct.pack("<I", 10))

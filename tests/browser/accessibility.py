"""axe on a page as it stands, and what a reader of the keyboard sees.

axe-core's own script (Deque, MPL-2.0) from the package axe-playwright-python. It is evaluated in the page by the debugger and not loaded
by it, so the strict policy of the page stays in force.
"""
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

SCRIPT = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
# SPEC: WCAG 2.2 level AA is what we promise; axe's best practices are held too.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
OF_STYLE = {"runOnly": ["color-contrast", "target-size", "link-in-text-block", "scrollable-region-focusable"]}


def violations(page: Page) -> list[str]:
    """One line for each element that breaks a rule: rule, element, what axe says of it."""
    page.evaluate(SCRIPT)
    return _lines(page, RULES)


def violations_in_large_display(page: Page) -> list[str]:
    """The same for a page that `violations` has judged, as it looks with the switch for large text: only rules that look at style."""
    page.evaluate("document.documentElement.dataset.display = 'large'")
    return _lines(page, OF_STYLE)


def _lines(page: Page, rules: dict[str, list[str]]) -> list[str]:
    found: dict[str, Any] = page.evaluate("options => axe.run(document, {...options, resultTypes: ['violations']})", rules)
    return [f"{rule['id']}: {node['html'][:120]} — {' '.join(node['failureSummary'].split())}"
            for rule in found["violations"] for node in rule["nodes"]]


FOCUSED = """() => {
  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
  const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== "none";
  const place = at === document.body ? null : [...document.querySelectorAll("*")].indexOf(at);
  return [place, shown && box.width > 0, at.outerHTML.slice(0, 120)];
}"""
REACHABLE = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter(each => !each.disabled && each.type !== "hidden" && each.checkVisibility({visibilityProperty: true}))
  .map(each => [[...document.querySelectorAll("*")].indexOf(each), each.outerHTML.slice(0, 120)])"""


def walk_by_tab(page: Page) -> tuple[list[str], list[str]]:
    """Press Tab through the whole page: (what Tab never reached, what had the focus and did not show it)."""
    wanted: dict[int, str] = dict(page.evaluate(REACHABLE))
    reached, unseen = set(), []
    for _ in range(len(wanted) + 1):
        page.keyboard.press("Tab")
        place, shown, text = page.evaluate(FOCUSED)
        if place is None:
            break
        reached.add(place)
        if not shown:
            unseen.append(text)
    return [text for place, text in wanted.items() if place not in reached], unseen

"""Opens files in a real browser in the ways in which a page or a reader could, and tells which scripts ran. The browser is the caller's."""
from collections.abc import Callable, Sequence
from typing import Any

from tests.faults.sizes import sized

SETTLE_MS = 150
DOWNLOAD_WITHIN_MS = 30_000
# As a page of an attacker would take the file in: each of these would run a script that an ordinary answer holds.
TAKEN_IN = (
    '<iframe src="{}"></iframe>', '<object data="{}"></object>', '<embed src="{}">', '<img src="{}">', '<script src="{}"></script>',
    '<link rel="stylesheet" href="{}">',
)


def scripts_run(page: Any, count: int, address_of: Callable[[int], str], beacon: str) -> list[str]:
    """The requests for `beacon` that opening `count` files caused, each file by its address and taken in by another page.

    Each is taken in by one of the ways, in turn; in `make faults` by every one of them.
    `page` is Playwright's; `address_of` gives a fresh address of the n-th file, for an address works once.
    """
    ran: list[str] = []
    # All requests of the context: those of workers and of windows that a script opened, too.
    page.context.on("request", lambda request: ran.append(request.url) if request.url.startswith(beacon) else None)
    page.context.route(f"{beacon}**", lambda route: route.fulfill(status=204))
    for number in range(count):
        _open(page, address_of(number))
        for how in sized([TAKEN_IN[number % len(TAKEN_IN)]], list(TAKEN_IN)):
            _take_in(page, address_of(number), how)
    return ran


def shown_as_pages(page: Any, texts: Sequence[bytes], beacon: str) -> int:
    """The control: how many of these documents run their script when a browser is given them as HTML. 0 would mean that nothing counts."""
    ran: list[str] = []
    page.context.on("request", lambda request: ran.append(request.url) if request.url.startswith(beacon) else None)
    page.context.route(f"{beacon}**", lambda route: route.fulfill(status=204))
    for text in texts:
        page.goto("about:blank")
        page.set_content(text.decode("utf-8", "replace"), wait_until="commit")
        page.wait_for_timeout(SETTLE_MS)
    return len(set(ran))


def _open(page: Any, address: str) -> None:
    page.goto("about:blank")
    # An attachment begins a download, and the page stays where it was; where none begins, the browser showed the file, and this raises.
    with page.expect_download(timeout=DOWNLOAD_WITHIN_MS) as begun:
        page.evaluate("address => { location.href = address }", address)
    begun.value.cancel()


def _take_in(page: Any, address: str, how: str) -> None:
    page.goto("about:blank")
    page.set_content(how.format(address), wait_until="commit")
    page.wait_for_timeout(SETTLE_MS)

"""What every answer tells the browser, whoever asks for which page: no sniffing, no frames, no referrer, no camera, no other window."""
import pytest
from django.test import Client

from accounts.permissions import Role
from tests.api.test_routes import OPEN
from tests.evidence.desk import Desk
from tests.portal.pages import POLICY

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def addresses() -> list[str]:
    """One of each page and of each address beside them."""
    paths = [path for path in sorted(OPEN) if path != "/sign-out"]
    return [path.replace("{number}", "CZ-20261123-01234-56789-W").replace("{", "").replace("}", "") for path in paths]


@pytest.mark.parametrize("visitor", ["stranger", "officer"])
def test_every_answer_has_every_header(visitor: str, service: str) -> None:
    client = Desk(Role.CASE_OFFICER).client if visitor == "officer" else Client(raise_request_exception=False)
    for path in [*addresses(), "/nowhere", "/api/v1/evidence"]:
        answer = client.get(path)
        answer.close()
        assert answer.status_code < 500, path
        assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE, path
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        # The one exception: the form of one's own record leads to the origin of originals.
        assert policy == POLICY or (visitor == "officer" and path.startswith("/records/")), path
        permissions = answer.headers["Permissions-Policy"]
        assert "camera=()" in permissions
        assert ("geolocation=(self)" if path == "/visit" else "geolocation=()") in permissions, path
        assert answer.headers.get("Access-Control-Allow-Origin") is None or path.startswith("/log/"), path


def test_cookies_are_for_this_site_and_no_script(service: str) -> None:
    client = Desk().client
    client.get("/work")
    client.post("/preferences", {"display": "large"})
    told = client.get("/work").cookies | client.cookies
    assert {"sessionid", "csrftoken"} <= told.keys()
    for name in ("csrftoken", "cunzheng_display"):
        assert told[name]["samesite"] == "Lax", name
        assert told[name]["httponly"], name
        assert not told[name]["domain"], name

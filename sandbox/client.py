"""The few calls of the public API that `make run` makes after the deposit, as any client would make them.

It knows nothing that an outsider with an API key does not know.
"""
import http.client
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 60.0
# The service is on this machine: a proxy of the environment would only be in the way.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Client:
    """`url` is the service's base, without a slash at the end; `key` an API key."""

    url: str
    key: str

    def ready(self) -> bool:
        """Whether `/readyz` answers 200."""
        try:
            with DIRECT.open(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, http.client.HTTPException):
            return False

    def record(self, number: str) -> dict[str, Any]:
        """The record's state and facts. Raises: OSError (HTTPError included)."""
        with self._open(f"/api/v1/evidence/{number}") as answer:
            value = json.load(answer)
        assert isinstance(value, dict)
        return value

    def download_case_package(self, number: str, target: Path) -> None:
        """Write the package of the case that the record belongs to; `target` appears whole or not at all. Raises: OSError."""
        partial = target.with_suffix(".partial")
        with self._open(f"/api/v1/evidence/{number}/package?scope=case") as answer, partial.open("wb") as output:
            shutil.copyfileobj(answer, output, 1024 * 1024)
            # http.client takes a body that ends early for a whole one when it is read in pieces.
            promised = answer.headers["Content-Length"]
            if promised is not None and output.tell() != int(promised):
                raise OSError(f"the package broke off after {output.tell()} of {promised} bytes")
        partial.replace(target)

    def post(self, path: str, value: object, **headers: str) -> dict[str, Any]:
        """POST a JSON value; `headers` have underscores for hyphens. Raises: OSError (HTTPError included)."""
        body = json.dumps(value, ensure_ascii=False).encode()
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        with self._open(path, body, {"Content-Type": "application/json", **named}) as answer:
            result = json.load(answer)
        assert isinstance(result, dict)
        return result

    @contextmanager
    def _open(self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Iterator[Any]:
        """The answer, open. Raises: OSError, also for what breaks off while it is read."""
        headers = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        request = urllib.request.Request(self.url + path, data=body, headers=headers)  # noqa: S310 - the URL is ours, http on loopback
        try:
            with DIRECT.open(request, timeout=TIMEOUT_S) as answer:
                yield answer
        except http.client.HTTPException as broken:
            raise OSError(f"the answer broke off ({type(broken).__name__})") from broken


def explain(error: OSError) -> str:
    """One line for a failed call: the problem's code and title where the service sent one."""
    if isinstance(error, urllib.error.HTTPError):
        text = error.read(4096).decode("utf-8", "replace")
        return f"{error.code} {error.reason}: {' '.join(text.split())}"
    return str(error)

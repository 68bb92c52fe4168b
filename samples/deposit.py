"""Deposit the sample case through the public API, as any client would: `python -m samples.deposit --url URL --key KEY`.

What it is for: an example client of the standard library alone, and the program that `make run` calls. One manifest entry becomes
one `POST /api/v1/evidence`: a multipart body (RFC 7578) whose first part is the JSON `deposit`, followed by a part `file` for each
file, in order.

What it does not do: verify receipts or wait for the log; `python -m tlog verify` judges the package later. It does not retry
a broken connection by itself: the Idempotency-Key comes from the manifest, so running it again deposits nothing twice.
"""

import argparse
import http.client
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

CASE = Path(__file__).parent / "case"
ENDPOINT = "/api/v1/evidence"
ATTEMPTS = 5
LONGEST_WAIT_S = 30
TIMEOUT_S = 60

Entry = Mapping[str, Any]


class DepositFailed(Exception):
    """The service did not take a deposit; `str(error)` is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Deposited:
    """One record as the service acknowledged it; `receipt` is the text of a signed note, `title` our own."""

    record: str
    state: str
    url: str
    receipt: str
    title: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    status: int
    retry_after: str
    body: bytes


def read_manifest(case_dir: Path) -> list[Entry]:
    """Return the deposits of `case_dir/manifest.json`, in order."""
    entries: list[Entry] = json.loads((case_dir / "manifest.json").read_text(encoding="utf-8"))
    return entries


def deposit_part(entry: Entry, case_reference: str | None = None) -> bytes:
    """Return the JSON part: the manifest entry without the `path` of its files; `case_reference` replaces its own."""
    files = [{key: value for key, value in file.items() if key != "path"} for file in entry["files"]]
    part = {**entry, "files": files} | ({} if case_reference is None else {"case": case_reference})
    return json.dumps(part, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def idempotency_key(part: bytes) -> str:
    """Return the key of a deposit: its JSON part names every file by digest, so equal keys mean equal deposits."""
    return f"sample-{sha256(part).hexdigest()}"


def part_of(name: str, filename: str | None, media_type: str, data: bytes) -> bytes:
    """Return one part of a multipart body, without its boundary."""
    # SPEC: RFC 7578 4.2, UTF-8 in the file name; what would end the quoted string or the line is percent-encoded, as browsers do.
    named = "" if filename is None else '; filename="' + filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A") + '"'
    head = f'Content-Disposition: form-data; name="{name}"{named}\r\nContent-Type: {media_type}\r\n\r\n'
    return head.encode() + data


def multipart(parts: Sequence[bytes]) -> tuple[str, bytes]:
    """Return the Content-Type and the body of a multipart request; the boundary occurs in none of the parts."""
    boundary = "cunzheng-" + sha256(b"".join(parts)).hexdigest()[:32]
    assert not any(boundary.encode() in part for part in parts), "a file cannot hold a hash of itself"
    mark = f"--{boundary}".encode()
    body = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"
    return f"multipart/form-data; boundary={boundary}", body


def post(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Send one POST to the service at `url` (scheme, host, port and perhaps a path prefix).

    Raises: DepositFailed when the service cannot be reached.
    """
    place = urlsplit(url)
    if place.scheme not in ("http", "https") or place.hostname is None:
        raise DepositFailed(f"{url} is not the address of a service: write it like http://127.0.0.1:8000.")
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.hostname, place.port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", quote(place.path.rstrip("/"), safe="/%") + ENDPOINT, body, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers.get("Retry-After", ""), answer.read())
    except (OSError, http.client.HTTPException) as problem:
        raise DepositFailed(f"No answer from {url}: {problem}. Running this again is safe.") from problem
    finally:
        connection.close()


def wait_s(retry_after: str) -> int:
    """Return how long to wait after a 503: what the service asked for in seconds, at most 30; 1 when it did not say."""
    return min(int(retry_after), LONGEST_WAIT_S) if retry_after.isdecimal() else 1


def explain(answer: Answer) -> str:
    """Return one sentence about an answer that is no acknowledgement (RFC 9457 problem or anything else)."""
    try:
        problem = json.loads(answer.body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "code" not in problem:
        return f"The service answered {answer.status} and gave no reason."
    told = [str(problem[name]).rstrip(".。") for name in ("title", "detail") if problem.get(name)]
    return f"The service refused the deposit ({answer.status} {problem['code']}): {': '.join(told) or 'no details'}."


def read_acknowledgement(answer: Answer, title: str) -> Deposited:
    """Return the acknowledged record.

    Raises: DepositFailed when the answer is not an acknowledgement of one record with a receipt.
    """
    if answer.status not in (200, 201):
        raise DepositFailed(f"{title}: {explain(answer)}")
    try:
        told = json.loads(answer.body)
        (row,) = told["records"]
        return Deposited(str(row["record"]), str(row["state"]), str(row["url"]), str(told["receipt"]), title)
    except (ValueError, KeyError, TypeError) as problem:
        raise DepositFailed(f"{title}: the service acknowledged the deposit in a form that this program does not know.") from problem


def deposit_entry(url: str, key: str, case_dir: Path, entry: Entry, *, case_reference: str | None = None,
                  sleep: Callable[[float], None] = time.sleep) -> Deposited:
    """Deposit one manifest entry, waiting out at most four answers of 503.

    Raises: DepositFailed with one sentence; OSError when a file of the manifest cannot be read.
    """
    part = deposit_part(entry, case_reference)
    parts = [part_of("deposit", None, "application/json", part)]
    parts += [part_of("file", file["name"], file["media_type"], (case_dir / file["path"]).read_bytes()) for file in entry["files"]]
    content_type, body = multipart(parts)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": content_type, "Idempotency-Key": idempotency_key(part),
               "Accept": "application/json, application/problem+json"}
    answer = post(url, headers, body)
    for _ in range(ATTEMPTS - 1):
        if answer.status != http.client.SERVICE_UNAVAILABLE:
            break
        sleep(wait_s(answer.retry_after))
        answer = post(url, headers, body)
    return read_acknowledgement(answer, str(entry["subject"]["title"]))


def deposit_case(url: str, key: str, case_dir: Path = CASE, *, case_reference: str | None = None,
                 done: Callable[[Deposited], None] = lambda _: None) -> list[Deposited]:
    """Deposit every entry of the manifest in order, one request each, and return the records; `done` hears of each at once.

    `case_reference` replaces that of the manifest.
    Raises: DepositFailed; what was deposited before stays deposited.
    """
    records = []
    for entry in read_manifest(case_dir):
        records.append(deposit_entry(url, key, case_dir, entry, case_reference=case_reference))
        done(records[-1])
    return records


def save_receipt(folder: Path, deposited: Deposited) -> Path:
    """Write the receipt to `folder/<record>.receipt` and return that path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{deposited.record}.receipt"
    path.write_bytes(deposited.receipt.encode())
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code: 0 all deposited, 1 not."""
    parser = argparse.ArgumentParser(prog="python -m samples.deposit", description="Deposit the sample case through the public API.")
    parser.add_argument("--url", required=True, help="the service, for example http://127.0.0.1:8000")
    parser.add_argument("--key", required=True, help="an API key of the depositing organisation")
    parser.add_argument("--case", type=Path, default=CASE, help="the folder with manifest.json (default: samples/case)")
    parser.add_argument("--receipts", type=Path, help="save each signed receipt in this folder")
    options = parser.parse_args(arguments)

    def report(deposited: Deposited) -> None:
        if options.receipts is not None:
            save_receipt(options.receipts, deposited)
        print(f"{deposited.record}  {deposited.state}  {deposited.title}")

    try:
        deposit_case(options.url, options.key, options.case, done=report)
    except (DepositFailed, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Deposit a batch of made-up records by digest into a running service, for the CI run: `python -m tests.repository.more_deposits --help`.

The receipts are written to a folder, one file for each batch, for a checker to hold the log to.
"""
import argparse
import hashlib
import json
import sys
from pathlib import Path

from sandbox.client import Client, explain

BATCH = 1000


def records(run: str, count: int) -> list[dict[str, object]]:
    """`count` records of a case of its own; digests of made-up bytes."""
    return [{
        "case": f"more-{run}",
        "subject": {"kind": "sms", "title": f"made-up message {number}"},
        "files": [{"name": f"message-{number}.txt", "media_type": "text/plain", "size_bytes": 20,
                   "sha256": hashlib.sha256(f"{run} {number}".encode()).hexdigest()}],
    } for number in range(count)]


def deposit(client: Client, run: str, count: int, receipts: Path) -> None:
    """Send the records in batches of at most 1,000. Raises: OSError (HTTPError included)."""
    receipts.mkdir(parents=True, exist_ok=True)
    made = records(run, count)
    for start in range(0, count, BATCH):
        # `wait` asks for the answer once the records are in a published checkpoint, so that a checker finds them there.
        answer = client.post("/api/v1/evidence/batch", {"records": made[start:start + BATCH]},
                             Idempotency_Key=f"more-{run}-{start}", Prefer="wait=10")
        (receipts / f"{run}-{start}.receipt").write_text(answer["receipt"], encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.repository.more_deposits", description="Deposit made-up records by digest.")
    parser.add_argument("--ready-file", type=Path, required=True, help="what `make run ARGS='--ready-file FILE'` wrote")
    parser.add_argument("--var", type=Path, required=True, help="the service's folder; the sample's API key is read there")
    parser.add_argument("--run", default="1", help="a name that makes these records different from an earlier call's")
    parser.add_argument("--records", type=int, default=300)
    parser.add_argument("--receipts", type=Path, required=True)
    options = parser.parse_args()
    url = json.loads(options.ready_file.read_text())["url"]
    client = Client(url, (options.var / "sample" / "api.key").read_text().strip())
    try:
        deposit(client, options.run, options.records, options.receipts)
    except OSError as error:
        print(f"The records could not be deposited: {explain(error)}", file=sys.stderr)
        return 1
    print(f"{options.records} more records deposited")
    return 0


if __name__ == "__main__":
    sys.exit(main())

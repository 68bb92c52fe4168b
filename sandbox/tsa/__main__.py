"""Runs the sandbox timestamping authority: `python -m sandbox.tsa --port 8001 --dir var/sandbox-tsa`.

Ends with code 0 on Ctrl-C or SIGTERM, and with one sentence and code 1 when the port is taken or the folder is unusable.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.serving import stop_at_signals
from sandbox.tsa.answering import POLICY, Responder
from sandbox.tsa.authority import BrokenAuthorityError, ensure_authority
from sandbox.tsa.server import BEHAVIOURS, TimestampServer


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.tsa", description="A TEST timestamping authority on loopback (RFC 3161).")
    parser.add_argument("--port", type=int, default=8001, help="port on 127.0.0.1 (default 8001)")
    parser.add_argument("--dir", type=Path, default=Path("var/sandbox-tsa"), help="folder of its certificates and keys, made when missing")
    parser.add_argument("--behaviour", choices=sorted(BEHAVIOURS), default="well", help="misbehave from the start (for tests)")
    parser.add_argument("--policy", action="append", metavar="OID", help="policy that it serves, the first by default; may be repeated")
    options = parser.parse_args(arguments)
    try:
        hierarchy = ensure_authority(options.dir, f"http://127.0.0.1:{options.port}/")
        server = TimestampServer(("127.0.0.1", options.port), Responder(hierarchy, policies=options.policy or [POLICY]))
    except BrokenAuthorityError as error:
        return _fail(str(error))
    except (OSError, OverflowError) as error:
        return _fail(f"The sandbox TSA cannot start on port {options.port} with the folder {options.dir}: {error}.")
    server.behaviour = BEHAVIOURS[options.behaviour]
    stop_at_signals(server.stop)
    print(f"TEST timestamping authority on {server.url} with the root {options.dir / 'root.pem'}", flush=True)
    server.serve_forever(poll_interval=0.2)
    return 0


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""Runs the sandbox identity provider: `python -m sandbox.idp --port 8005`. Its keys are made anew at each start.

Ends with code 0 on Ctrl-C or SIGTERM, and with one sentence and code 1 when the port is taken.
"""
from __future__ import annotations

import argparse
import sys

from sandbox.idp.server import CLIENT_ID, CLIENT_SECRET, FAULTS, IdentityServer
from sandbox.serving import stop_at_signals


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.idp", description="A TEST identity provider on loopback (OpenID Connect).")
    parser.add_argument("--port", type=int, default=8005, help="port on 127.0.0.1 (default 8005)")
    parser.add_argument("--fault", choices=sorted(FAULTS), default="well", help="be wrong from the start (for tests)")
    options = parser.parse_args(arguments)
    try:
        server = IdentityServer(("127.0.0.1", options.port))
    except (OSError, OverflowError) as error:
        print(f"The sandbox identity provider cannot start on port {options.port}: {error}.", file=sys.stderr)
        return 1
    server.fault = FAULTS[options.fault]
    stop_at_signals(server.stop)
    print(f"TEST identity provider {server.issuer}, client {CLIENT_ID}, secret {CLIENT_SECRET}", flush=True)
    server.serve_forever(poll_interval=0.2)
    return 0


if __name__ == "__main__":
    sys.exit(main())

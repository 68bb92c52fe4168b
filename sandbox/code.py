"""`python -m sandbox.code`: the six digits of now for the fictitious people of `make run`, who all share one authenticator secret.

A code works once for each of them and changes every half minute. Nobody else's code can be had here.
"""
import os
import sys
import time
from pathlib import Path

from sandbox.sample import ROOT
from sandbox.seeds.keyring import read_keyring
from sandbox.totp import STEP_S, code_now


def main() -> int:
    var = Path(os.environ.get("CUNZHENG_VAR", "").strip() or ROOT / "var")
    keyring = read_keyring(var)
    if keyring is None:
        print(f"{var} holds no fictitious people: make run makes them.", file=sys.stderr)
        return 1
    print(f"{code_now(keyring.secret)}   (for another {STEP_S - int(time.time()) % STEP_S} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

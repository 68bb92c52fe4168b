"""A fresh web process whose very first requests arrive together decodes them all.

msgspec learns a type when it is first used, and two threads that make it learn the same one at once end the process with a
segmentation fault. Each child below is such a fresh process.
"""
import json
import os
import subprocess
import sys

from tests.databases import ROOT
from tests.depositing import batch

CHILDREN = 30
PROGRAM = """
import os, sys, threading
import django
django.setup()
from evidence.api import payloads
body, children = sys.stdin.buffer.read(), int(sys.argv[1])
sys.setswitchinterval(1e-6)
for _ in range(children):
    child = os.fork()
    if child == 0:
        together = threading.Barrier(8)
        def request():
            together.wait()
            for _ in range(10):
                payloads.decode(body, payloads.Batch)
        threads = [threading.Thread(target=request) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_first_requests_that_arrive_together_are_all_decoded() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(CHILDREN)], input=json.dumps(batch(50)).encode(), cwd=ROOT, env=environment,
                          capture_output=True, check=True)
    assert done.stdout.split() == [b"0"] * CHILDREN, done.stderr.decode()

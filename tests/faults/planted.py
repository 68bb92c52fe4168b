"""Services with a planted fault, as WSGI applications: what the judge must catch before its silence means anything."""
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction

from config.wsgi import application

OPEN_S, LATE_S = 0.02, 0.05
# SQLite has one writer at a time, and who waits for it looks only now and then: without a rest in between some depositors starve.
REST_S = 3 * OPEN_S
# Django closes connections at both ends of a request; a transaction around the whole request would lose its own.
for signal in (request_started, request_finished):
    signal.disconnect(close_old_connections)
Environ = dict[str, Any]
Respond = Callable[..., Any]


def hasty(environ: Environ, start_response: Respond) -> Iterable[bytes]:
    """Acknowledges before it commits: the depositor holds a signed receipt while the transaction is still open."""
    if environ["REQUEST_METHOD"] == "POST":
        return answer_first(environ, start_response)
    answer: Iterable[bytes] = application(environ, start_response)
    return answer


def answer_first(environ: Environ, start_response: Respond) -> Iterator[bytes]:
    with transaction.atomic():
        answer = application(environ, start_response)
        yield b"".join(answer)
        time.sleep(OPEN_S)
    time.sleep(REST_S)


def forgetful(environ: Environ, start_response: Respond) -> Iterable[bytes]:
    """Takes no notice of Idempotency-Key: a retry makes new records. It answers late, so that many have to retry."""
    environ.pop("HTTP_IDEMPOTENCY_KEY", None)
    answer: Iterable[bytes] = application(environ, start_response)
    time.sleep(LATE_S)
    return answer

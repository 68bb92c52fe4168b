"""gunicorn's hooks (`--config python:config.gunicorn`): a client that falls silent gives its thread back; start-up's objects stay.

A thread reads a request with blocking calls and gunicorn sets no limit to them, so a handful of clients that stop in the
middle of a head or of an upload would hold all threads for ever. What this does not do: hinder one that drips a byte now
and then. Heads the proxy in front takes whole before it passes them on, and a body is read only of who has a key.
"""
import gc
import socket
import struct
from typing import Protocol

from django.urls import get_resolver

SILENCE_S = 20


class Listener(Protocol):
    sock: socket.socket


class Arbiter(Protocol):
    LISTENERS: list[Listener]


def when_ready(server: Arbiter) -> None:
    for listener in server.LISTENERS:
        limit_silence(listener.sock, SILENCE_S)


def limit_silence(listening: socket.socket, limit_s: int) -> None:
    """Accepted connections inherit the limit; a read that meets it fails, and the request with it."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", limit_s, 0))


def post_worker_init(_worker: object) -> None:
    """Load what the first request would, and take it all out of the garbage collector's rounds.

    It lives as long as the process; looking through it again and again cost a tenth of a batch's time (measured).
    """
    get_resolver().url_patterns  # noqa: B018 - the import of every view
    gc.collect()
    gc.freeze()

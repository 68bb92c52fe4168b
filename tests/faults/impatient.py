"""gunicorn's hooks with the service's own limit to silence, made so short that a test can wait for it several times."""
from config.gunicorn import Arbiter, limit_silence

SILENCE_S = 5


def when_ready(server: Arbiter) -> None:
    for listener in server.LISTENERS:
        limit_silence(listener.sock, SILENCE_S)

"""The service on sessions that answer COMMIT before it is durable, which its own settings rule out: a loss that the judge must see."""
from typing import Any

from django.db.backends.signals import connection_created

from config.wsgi import application

__all__ = ["application"]


def answer_early(connection: Any, **_: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")


connection_created.connect(answer_early)

"""What the CI script asks of a PostgreSQL server and of a Redis: `python -m tests.repository.ci_database COMMAND URL [NAME]`.

`probe URL` prints the URL of a server that is PostgreSQL 15 or newer and lets us make databases and roles; `create URL NAME` and
`drop URL NAME` make and remove one database, `drop` also what test runs that were killed left on the server; `ping URL` asks a Redis
whether it is there. Exit 1 with one line when it is not so.
"""
import sys
from urllib.parse import urlsplit

import psycopg2
import redis
from psycopg2 import sql

from tests.databases import drop_left_behind

OLDEST_POSTGRES = 150_000


def connect(server: str) -> "psycopg2.extensions.connection":
    connection = psycopg2.connect(server + "/postgres", connect_timeout=5)
    connection.autocommit = True  # CREATE DATABASE refuses to run in a transaction
    return connection


def probe(url: str) -> str:
    """The URL of the server, without a database name. Raises: OSError or psycopg2.Error when it does not serve."""
    parts = urlsplit(url)
    server = f"postgresql://{parts.netloc}"
    connection = connect(server)
    try:
        if connection.server_version < OLDEST_POSTGRES:
            raise OSError(f"PostgreSQL {connection.server_version // 10_000} is older than 15")
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            if cursor.fetchone() != (True,):
                raise OSError("this role may not make databases and roles of every kind: it is no superuser")
    finally:
        connection.close()
    return server


def create(server: str, name: str) -> None:
    execute(server, sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name)))


def drop(server: str, name: str) -> None:
    for each in (name, f"test_{name}"):
        execute(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(each)))
    drop_left_behind(f"{server}/postgres")


def execute(server: str, statement: sql.Composable) -> None:
    connection = connect(server)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def ping(url: str) -> None:
    with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
        client.ping()


def main(command: str, url: str, *rest: str) -> int:
    try:
        if command == "probe":
            print(probe(url))
        elif command == "create":
            create(url, *rest)
        elif command == "drop":
            drop(url, *rest)
        else:
            ping(url)
    except (OSError, psycopg2.Error, redis.RedisError) as error:
        host = urlsplit(url).netloc.rpartition("@")[2]
        print(f"{host}: {str(error).strip().splitlines()[0]}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

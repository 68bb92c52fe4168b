"""Typed readers of environment variables, for `settings.py` only.

A malformed value stops the process with one sentence that names the variable: a service that guesses its own
configuration would run in a way that nobody chose.
"""
import base64
import ipaddress
import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# How long a statement waits for a lock of another transaction before it fails.
LOCK_WAIT_S = 30
# How long a counter may take to answer. Without it nobody signs in, and deposits are not counted.
REDIS_WAIT_S = 1.0


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def number(name: str, default: int, *, at_least: int = 0, at_most: int | None = None) -> int:
    raw = text(name, str(default))
    if not re.fullmatch(r"\d{1,12}", raw, re.ASCII) or int(raw) < at_least or (at_most is not None and int(raw) > at_most):
        bound = f"at least {at_least}" if at_most is None else f"{at_least} to {at_most}"
        raise ImproperlyConfigured(f"{name}={raw!r} is not a whole number of {bound}.")
    return int(raw)


def seconds(name: str, default: float) -> float:
    raw = text(name, str(default))
    if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", raw, re.ASCII):
        raise ImproperlyConfigured(f"{name}={raw!r} is not a number of seconds.")
    return float(raw)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    raw = text(name, default)
    if raw not in allowed:
        raise ImproperlyConfigured(f"{name}={raw!r} is none of {', '.join(allowed)}.")
    return raw


def words(name: str, default: str = "") -> list[str]:
    return text(name, default).split()


def networks(name: str, default: str = "") -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Networks such as `10.1.0.0/16 fd00:1::/64`, separated by spaces."""
    try:
        return tuple(map(ipaddress.ip_network, words(name, default)))
    except ValueError as wrong:
        raise ImproperlyConfigured(f"{name}: {wrong}.") from wrong


def originals_here(url: str) -> str:
    """An origin of this machine for originals, beside a service at `url`.

    `localhost` and 127.0.0.1 are both names of the service. Names below `localhost` lead to the machine itself (RFC 6761), and to a browser
    each is a host with cookies of its own.
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://originals.localhost{f':{parts.port}' if parts.port else ''}"


def folder(name: str, default: Path) -> Path:
    return Path(text(name) or default).absolute()


def existing_folder(name: str) -> Path | None:
    """A folder that is there; "" is None."""
    raw = text(name)
    if raw and not Path(raw).is_dir():
        raise ImproperlyConfigured(f"{name}={raw!r} is not a folder.")
    return Path(raw).absolute() if raw else None


def database(url: str, var: Path) -> dict[str, object]:
    """Django's DATABASES entry for a URL: `sqlite:///path` or `postgresql://user:password@host:port/name`; "" is `var/db.sqlite3`."""
    parts = urlsplit(url or f"sqlite:///{var / 'db.sqlite3'}")
    if parts.scheme == "sqlite":
        return _sqlite(Path(unquote(parts.path[1:] if parts.path.startswith("//") else parts.path)).absolute())
    if parts.scheme not in ("postgresql", "postgres"):
        raise ImproperlyConfigured("DATABASE_URL begins with neither sqlite:/// nor postgresql://.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # lock_timeout: without it a session that forgets to commit would hold every thread of the web in time.
        # synchronous_commit: a receipt is given for this session's COMMIT; the default of a role or a database must not weaken it.
        "OPTIONS": {"options": f"-c lock_timeout={LOCK_WAIT_S}s -c synchronous_commit=on"},
    }


class MailServer(NamedTuple):
    """Django's EMAIL_HOST, _PORT, _HOST_USER, _HOST_PASSWORD, _USE_SSL and _USE_TLS."""

    host: str
    port: int
    user: str
    password: str
    use_ssl: bool
    use_tls: bool


def mail_server(url: str) -> MailServer:
    """`smtp://host:25` in clear, `smtp+tls://user:password@host:587` with STARTTLS, `smtps://…:465` with TLS from the first byte."""
    parts = urlsplit(url)
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    if parts.scheme not in ports or not parts.hostname:
        raise ImproperlyConfigured("CUNZHENG_SMTP is not like smtp+tls://user:password@mail.example.org:587.")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(
        parts.hostname, parts.port or ports[parts.scheme], user, password, parts.scheme == "smtps", parts.scheme == "smtp+tls")


class ObjectPlace(NamedTuple):
    """A bucket for objects; `prefix` "" or ending in "/", `endpoint` "" for Amazon's own, `lock_days` 0 leaves retention to the bucket."""

    bucket: str
    prefix: str
    endpoint: str
    region: str
    lock_days: int
    lock_mode: str


def object_place(name: str) -> ObjectPlace | None:
    """`s3://bucket/prefix?endpoint=https://s3.example.org&region=cn-1&lock_days=3650&lock_mode=COMPLIANCE`; "" is None: files."""
    raw = text(name)
    if not raw:
        return None
    parts = urlsplit(raw)
    try:
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)) if parts.query else {}
    except ValueError:
        options = {"": ""}
    prefix, days, mode = parts.path.strip("/"), options.pop("lock_days", "0"), options.pop("lock_mode", "COMPLIANCE")
    endpoint, region = options.pop("endpoint", ""), options.pop("region", "")
    sound = (
        parts.scheme == "s3" and re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", parts.netloc, re.ASCII)
        and re.fullmatch(r"[A-Za-z0-9/_.-]*", prefix, re.ASCII) and not options and re.fullmatch(r"\d{1,5}", days, re.ASCII)
        and mode in ("COMPLIANCE", "GOVERNANCE") and urlsplit(endpoint).scheme in ("", "http", "https"))
    if not sound:
        raise ImproperlyConfigured(f"{name} is not like s3://bucket/prefix?endpoint=https://s3.example.org&region=cn-1&lock_days=3650.")
    return ObjectPlace(parts.netloc, f"{prefix}/" if prefix else "", endpoint, region, int(days), mode)


def copy_place(name: str) -> ObjectPlace | Path | None:
    """A bucket as `object_place` reads it, or a folder of this machine, `/mnt/second/vault`; "" is None."""
    raw = text(name)
    if raw.startswith("/"):
        return Path(raw)
    if raw and not raw.startswith("s3://"):
        raise ImproperlyConfigured(f"{name} is neither the path of a folder nor like s3://bucket/prefix?endpoint=https://s3.example.org.")
    return object_place(name)


def scanner(name: str) -> tuple[str, int] | None:
    """`127.0.0.1:3310`, or the path of a socket of this machine, whose port is 0; "" is None."""
    raw = text(name)
    host, colon, port = raw.rpartition(":")
    if not raw or raw.startswith("/"):
        return (raw, 0) if raw else None
    if not colon or not host or not re.fullmatch(r"\d{1,5}", port, re.ASCII) or not 0 < int(port) < 65_536:
        raise ImproperlyConfigured(f"{name} is not like 127.0.0.1:3310 or /run/clamav/clamd.ctl.")
    return host, int(port)


def signing_secret(name: str) -> str:
    """`whsec_` and the base64 of 24 to 64 bytes, as webhooks are signed with; "" where there is none."""
    raw = text(name)
    try:
        fits = raw.startswith("whsec_") and 24 <= len(base64.b64decode(raw.removeprefix("whsec_"), validate=True)) <= 64
    except ValueError:
        fits = False
    if raw and not fits:
        # The value itself is a secret, and this sentence ends in a log.
        raise ImproperlyConfigured(f"{name} is not whsec_ and the base64 of 24 to 64 bytes.")
    return raw


REDIS = ("redis://", "rediss://")


def counters_url(name: str, broker_url: str) -> str:
    """The Redis that counts for all web processes: the one of this variable, else the broker where it is one; "" for none."""
    told = text(name)
    if told and not told.startswith(REDIS):
        raise ImproperlyConfigured(f"{name} is no redis:// or rediss:// address.")
    return told or (broker_url if broker_url.startswith(REDIS) else "")


def counters(url: str) -> dict[str, object]:
    """Django's CACHES entry of that Redis; without one each process counts for itself.

    A code of a second factor would then be good once in each, so production is refused without Redis (`checks`, E031).
    """
    if not url:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 100_000}}
    patience = {"socket_connect_timeout": REDIS_WAIT_S, "socket_timeout": REDIS_WAIT_S}
    return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url, "OPTIONS": patience}


def _sqlite(path: Path) -> dict[str, object]:
    """DATABASES entry of a SQLite file.

    Only a process that finds no file when it starts (`migrate`) may make one. A service whose file is away for a while, its
    disk not mounted for example, must not go on with an empty database, nor leave a WAL beside the one that comes back.
    """
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        # IMMEDIATE takes the write lock when the transaction begins, so that a reader never fails half-way while it upgrades.
        # recursive_triggers: without it INSERT OR REPLACE slips past the append-only DELETE triggers.
        "OPTIONS": {
            "database": f"{path.as_uri()}?mode={'rw' if path.exists() else 'rwc'}",
            "transaction_mode": "IMMEDIATE",
            "timeout": LOCK_WAIT_S,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON; PRAGMA foreign_keys=ON;",
        },
    }

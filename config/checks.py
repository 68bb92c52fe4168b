"""System checks that refuse an unsafe production configuration: `manage.py check --deploy --database default`, and every start.

Each has a stable id and one sentence that says what to change. In the embedded profile they are silent. Django runs them
before the commands of `manage.py`, `starting.py` before web and Celery workers.
"""
import ipaddress
import os
import re
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection

from accounts.fictitious import count_fictitious
from accounts.models import Person
from common.commands import PRODUCTION
from common.failures import DATABASE_FAILURES
from common.key_files import read_word
from common.web_role import missing_privileges, why_no_web_role, works_for_everybody
from ledger.authorities import listed_authorities, spelled_authorities
from ledger.stamping import pinned_authorities

WEB = "web"
DATABASE_AWAY = "cunzheng.E013"
INSIDE = tuple(map(ipaddress.ip_network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "::/127", "fe80::/10")))
MUST_BE_ON = ("synchronous_commit", "fsync", "full_page_writes")


def _error(number: int, sentence: str) -> Error:
    return Error(sentence, id=f"cunzheng.E{number:03}")


@register(PRODUCTION)
def production_is_safe(*_: Any, **__: Any) -> list[CheckMessage]:
    """All checks of the production profile that need no database."""
    if settings.EMBEDDED:
        return []
    problems = [
        (1, settings.DEBUG, "DEBUG is on. Production never shows tracebacks."),
        (2, len(settings.SECRET_KEY) < 50, "CUNZHENG_SECRET_KEY is missing or shorter than 50 characters."),
        (3, not settings.ALLOWED_HOSTS or any("*" in host or host.startswith(".") for host in settings.ALLOWED_HOSTS),
         "CUNZHENG_HOSTS must name the public host names, and no wildcard."),
        (4, connection.vendor != "postgresql", "DATABASE_URL must name a PostgreSQL database; SQLite is for one machine's trial."),
        (5, not settings.CELERY_BROKER_URL, "CELERY_BROKER_URL is missing; production jobs run in Celery workers."),
        (31, not settings.COUNTERS_URL,
         "CUNZHENG_COUNTERS_URL must name a Redis when CELERY_BROKER_URL names none: used codes and guesses are counted there."),
        (6, settings.ORIGIN.partition("/")[0] in ("", "localhost"), "CUNZHENG_ORIGIN must be a public name such as log.example.cn/2026."),
        (7, not settings.PUBLIC_URL.startswith("https://"), "CUNZHENG_URL must be an https:// address."),
        (8, len({authority.operator for authority in listed_authorities()}) < 2,
         "CUNZHENG_TSAS must list timestamp authorities of at least two operators: id=URL|operator|policy id2=URL2|operator2|policy2."),
        (9, re.search(r"sandbox|127\.0\.0\.1|localhost", settings.TSAS) is not None, "CUNZHENG_TSAS names a test authority."),
        (20, any(network.version == inside.version and network.overlaps(inside)
                 for network in settings.OUTGOING_NETWORKS for inside in INSIDE),
         "CUNZHENG_OUTGOING_NETWORKS lets webhooks reach this machine itself, or its cloud's metadata (loopback or link-local addresses)."),
        (21, not settings.EVIDENCE_ORIGIN.startswith("https://") or urlsplit(settings.EVIDENCE_ORIGIN).path != ""
         or _host(settings.EVIDENCE_ORIGIN) == _host(settings.PUBLIC_URL),
         "CUNZHENG_EVIDENCE_ORIGIN must be an https:// origin on another host than CUNZHENG_URL: cookies do not tell ports apart."),
        (22, _host(settings.EVIDENCE_ORIGIN) not in settings.ALLOWED_HOSTS,
         "CUNZHENG_HOSTS must name the host of CUNZHENG_EVIDENCE_ORIGIN too."),
        (10, bool(os.environ.get("CUNZHENG_FAILPOINTS")), "CUNZHENG_FAILPOINTS is set; failpoints are for tests."),
    ]
    found: list[CheckMessage] = [_error(number, sentence) for number, wrong, sentence in problems if wrong]
    found += [_error(11, f"The key file {path} can be read by others; chmod 600 it.") for path in _open_key_files()]
    return found + [_error(14, f"CUNZHENG_TSAS: {sentence}.") for sentence in _unpinned_authorities()]


@register(PRODUCTION)
def buckets_are_reached_safely(*_: Any, **__: Any) -> list[CheckMessage]:
    """Objects travel encrypted: an endpoint in clear would show credentials' signatures and every tile to whoever listens."""
    if settings.EMBEDDED:
        return []
    places = {"CUNZHENG_VAULT_STORE": settings.VAULT_STORE, "CUNZHENG_LOG_STORE": settings.LOG_STORE}
    if not isinstance(settings.VAULT_COPY, Path):
        places["CUNZHENG_VAULT_COPY"] = settings.VAULT_COPY
    return [_error(29, f"{name}: the endpoint must be an https:// address.")
            for name, place in places.items() if place is not None and place.endpoint.startswith("http:")]


@register(Tags.security)
def the_second_copy_lies_elsewhere(*_: Any, **__: Any) -> list[CheckMessage]:
    """A copy among the originals is none, and sweepers of two stores in one place would take each other's objects for orphans."""
    place, var = settings.VAULT_COPY, Path(settings.VAR_DIR).resolve()
    if isinstance(place, Path):
        wrong = place.resolve() == var or var in place.resolve().parents or place.resolve() in var.parents
    else:
        others = [each for each in (settings.VAULT_STORE, settings.LOG_STORE) if each is not None]
        wrong = place is not None and any(
            (each.bucket, each.endpoint) == (place.bucket, place.endpoint)
            and (each.prefix.startswith(place.prefix) or place.prefix.startswith(each.prefix)) for each in others)
    return [_error(30, (
        "CUNZHENG_VAULT_COPY must lie apart: neither below CUNZHENG_VAR nor around it, and not in or around the prefix of another store."
    ))] if wrong else []


@register(PRODUCTION)
def vault_keys_can_be_used(*_: Any, **__: Any) -> list[CheckMessage]:
    """Where the organisations' keys are in a token: its library is there, the token is named, its PIN is for the owner only."""
    if settings.EMBEDDED or settings.VAULT_KEYS != "pkcs11":
        return []
    found: list[CheckMessage] = []
    if not settings.PKCS11_TOKEN or not Path(settings.PKCS11_MODULE).is_file():
        found.append(_error(27, "CUNZHENG_PKCS11_MODULE must be the path of the token's library, and CUNZHENG_PKCS11_TOKEN its label."))
    try:
        read_word(Path(settings.PKCS11_PIN_FILE))
    except ImproperlyConfigured as wrong:
        found.append(_error(28, f"CUNZHENG_PKCS11_PIN_FILE: {wrong}"))
    return found


@register(Tags.security, deploy=True)
def authorities_are_described(*_: Any, **__: Any) -> list[CheckMessage]:
    """What a deployment should say of each authority and a start can do without: a host name is a guess at who runs it."""
    if settings.EMBEDDED:
        return []
    wanted = (
        (1, "operator", "who runs the timestamp authority {id}; until it does, {host} is taken for the operator"),
        (2, "policy", "the policy (a dotted object identifier) that tokens of the timestamp authority {id} must state; any is believed"),
    )
    return [
        Caution(f"CUNZHENG_TSAS does not say {sentence.format(id=listed.id, host=listed.host)}.", id=f"cunzheng.W{number:03}")
        for word, listed in zip(spelled_authorities(settings.TSAS), listed_authorities(), strict=True)
        for number, part, sentence in wanted if not getattr(word, part)
    ]


@register(PRODUCTION)
def database_keeps_what_it_acknowledges(*_: Any, databases: Any = None, **__: Any) -> list[CheckMessage]:
    """PostgreSQL must not acknowledge a commit before it is on disk; asked where databases are named (`check --database default`)."""
    if settings.EMBEDDED or connection.vendor != "postgresql" or not databases:
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = 'off'", [list(MUST_BE_ON)])
            off = [row[0] for row in cursor.fetchall()]
    except DATABASE_FAILURES as away:
        return [Error(f"The database does not say whether it keeps what it acknowledges ({type(away).__name__}).", id=DATABASE_AWAY)]
    return [_error(12, f"PostgreSQL runs with {name} = off: acknowledged deposits could be lost.") for name in off]


@register(PRODUCTION)
def nobody_is_fictitious(*_: Any, databases: Any = None, **__: Any) -> list[CheckMessage]:
    """The people of `make run` sign in by what a terminal showed; asked where databases are named, of a database that is migrated."""
    if settings.EMBEDDED or not databases:
        return []
    try:
        if Person._meta.db_table not in connection.introspection.table_names():
            return []
        organisations, people = count_fictitious()
    except ProgrammingError:
        return []  # `migrate` asks too, of a database whose columns it is about to make
    except DATABASE_FAILURES as away:
        return [Error(f"The database does not say whether it holds people of make run ({type(away).__name__}).", id=DATABASE_AWAY)]
    if not organisations and not people:
        return []
    return [_error(23, f"The database holds {organisations} organisations and {people} people that make run made up, whose passwords were "
                       "printed. Production needs a database of its own.")]


@register(WEB, deploy=True)
def web_is_bound_by_row_security(*_: Any, databases: Any = None, **__: Any) -> list[CheckMessage]:
    """Web processes, and the check before a deployment: whoever is connected must be bound by row-level security, and have its tables."""
    if settings.EMBEDDED or connection.vendor != "postgresql" or not databases:
        return []
    try:
        unbound, missing = why_no_web_role(), missing_privileges()
    except DATABASE_FAILURES as away:
        return [Error(f"The database does not say what the web's role may do ({type(away).__name__}).", id=DATABASE_AWAY)]
    found: list[CheckMessage] = [] if unbound is None else [_error(24, (
        f"The web must work as a role that row-level security binds, and {unbound}. "
        "Make one with manage.py web_role NAME and log in as it."))]
    return found + ([_error(25, (
        f"The web's role lacks privileges on {', '.join(missing[:3])}{' and others' if len(missing) > 3 else ''}: "
        "run manage.py web_role NAME again, as the owner of the tables."))] if missing else [])


def what_is_behind_the_web_sees_everything() -> list[CheckMessage]:
    """Celery workers and beat: they work for every organisation, and would find nothing to do as the web's role.

    No check of Django's, for `manage.py check` cannot know whether it is asked for the web or for these.
    """
    if settings.EMBEDDED or connection.vendor != "postgresql":
        return []
    try:
        sees_everything = works_for_everybody()
    except DATABASE_FAILURES as away:
        return [Error(f"The database does not say whose rows are seen ({type(away).__name__}).", id=DATABASE_AWAY)]
    return [] if sees_everything else [_error(26, (
        "Workers must work as the owner of the tables: to the web's role row-level security shows nothing of what they work for."))]


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _unpinned_authorities() -> list[str]:
    """Why the authorities' tokens could not be verified: one sentence, or none."""
    try:
        pinned_authorities()
    except ValueError as wrong:
        return [str(wrong)]
    return []


def _open_key_files() -> list[Path]:
    folder = Path(settings.VAR_DIR) / "keys"
    return [path for path in sorted(folder.rglob("*.key")) if stat.S_IMODE(path.stat().st_mode) & 0o077]

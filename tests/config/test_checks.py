"""Unsafe production settings are refused, each by its own id, and the embedded default is left in peace."""
import ipaddress
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django import Settings

from config import env
from config.checks import (
    authorities_are_described,
    buckets_are_reached_safely,
    database_keeps_what_it_acknowledges,
    production_is_safe,
    the_second_copy_lies_elsewhere,
    vault_keys_can_be_used,
)
from tests.repository.production_check import pin_roots


def networks(*words: str) -> tuple[Any, ...]:
    return tuple(map(ipaddress.ip_network, words))


SAFE = {
    "EMBEDDED": False, "DEBUG": False, "SECRET_KEY": "k" * 50, "ALLOWED_HOSTS": ["log.example.cn", "files.example.net"],
    "CELERY_BROKER_URL": "amqp://localhost", "COUNTERS_URL": "redis://localhost",
    "ORIGIN": "log.example.cn/2026", "PUBLIC_URL": "https://log.example.cn", "TSAS": "a=https://tsa.one.cn/|one|2.999.1 b=https://tsa.two.cn/|two|2.999.2",
    "OUTGOING_NETWORKS": networks("10.1.0.0/16"), "EVIDENCE_ORIGIN": "https://files.example.net",
}
UNSAFE = [
    ("E001", "DEBUG", True), ("E002", "SECRET_KEY", "short"), ("E003", "ALLOWED_HOSTS", []), ("E003", "ALLOWED_HOSTS", ["*"]),
    *(("E003", "ALLOWED_HOSTS", ["log.example.cn", "files.example.net", word]) for word in ("*", ".example.cn", "*.example.cn")),
    ("E031", "COUNTERS_URL", ""),
    ("E005", "CELERY_BROKER_URL", ""), ("E006", "ORIGIN", ""), ("E006", "ORIGIN", "localhost/cunzheng/00000000"),
    ("E007", "PUBLIC_URL", "http://log.example.cn"), ("E008", "TSAS", "a=https://tsa.one.cn/ b=https://tsa.one.cn/2"),
    ("E008", "TSAS", ""), ("E008", "TSAS", "a=https://tsa.one.cn/|one b=https://tsa.two.cn/|one"),
    ("E014", "TSAS", "a=https://tsa.one.cn/|one|any b=https://tsa.two.cn/|two"),
    *(("E020", "OUTGOING_NETWORKS", networks(word)) for word in ("127.0.0.1/32", "::1/128", "0.0.0.0/0", "169.254.169.254/32", "::/0")),
    ("E022", "ALLOWED_HOSTS", ["log.example.cn"]),
    *(("E021", "EVIDENCE_ORIGIN", origin) for origin in (
        "", "http://files.example.net", "https://log.example.cn", "https://log.example.cn:8443", "https://LOG.example.cn",
        "https://files.example.net/originals")),
    ("E009", "TSAS", "sandbox-tsa=http://127.0.0.1:8001/ b=https://tsa.two.cn/"),
]


def found(settings: Settings, **changes: Any) -> set[str]:
    pin_roots(Path(settings.VAR_DIR), "a", "b")
    for name, value in {**SAFE, **changes}.items():
        setattr(settings, name, value)
    return {str(message.id) for message in production_is_safe()} - ({"cunzheng.E004"} if connection.vendor == "sqlite" else set())


def test_a_safe_configuration_passes(settings: Settings, var_dir: Path) -> None:
    assert found(settings) == set()


@pytest.mark.parametrize(("number", "name", "value"), UNSAFE)
def test_each_unsafe_value_is_refused_by_its_id(number: str, name: str, value: Any, settings: Settings, var_dir: Path) -> None:
    assert f"cunzheng.{number}" in found(settings, **{name: value})


def test_a_token_that_cannot_be_used_is_refused(settings: Settings, var_dir: Path, tmp_path: Path) -> None:
    def ids() -> set[str]:
        return {str(message.id) for message in vault_keys_can_be_used()}

    found(settings)
    assert ids() == set(), "keys are in files"
    settings.VAULT_KEYS = "pkcs11"
    assert ids() == {"cunzheng.E027", "cunzheng.E028"}
    module, pin = tmp_path / "module.so", tmp_path / "pin"
    module.touch()
    pin.touch(mode=0o600)
    settings.PKCS11_MODULE, settings.PKCS11_TOKEN, settings.PKCS11_PIN_FILE = str(module), "vault", str(pin)
    assert ids() == {"cunzheng.E028"}, "an empty file has no PIN"
    pin.write_text("1234\n")
    assert ids() == set()
    pin.chmod(0o644)
    assert ids() == {"cunzheng.E028"}
    settings.EMBEDDED = True
    assert ids() == set()


def test_keys_below_a_folder_of_keys_are_for_the_owner_only_too(settings: Settings, var_dir: Path) -> None:
    path = var_dir / "keys" / "vault" / "organisation" / "0.key"
    path.parent.mkdir(parents=True)
    path.touch(mode=0o644)
    assert "cunzheng.E011" in found(settings)


def test_sqlite_is_refused_in_production(settings: Settings, var_dir: Path) -> None:
    found(settings)
    ids = {str(message.id) for message in production_is_safe()}
    assert ("cunzheng.E004" in ids) == (connection.vendor == "sqlite")


def test_a_key_file_that_others_can_read_is_refused(settings: Settings, var_dir: Path) -> None:
    path = var_dir / "keys" / "log.key"
    path.parent.mkdir()
    path.write_bytes(b"x" * 32)
    path.chmod(0o644)
    assert found(settings) == {"cunzheng.E011"}
    path.chmod(0o600)
    assert found(settings) == set()


def test_an_authority_whose_root_is_not_pinned_is_refused_by_its_name(settings: Settings, var_dir: Path) -> None:
    assert found(settings) == set()
    (var_dir / "trust" / "tsa" / "b.pem").unlink()
    [message] = [each for each in production_is_safe() if each.id == "cunzheng.E014"]
    assert "authority b" in message.msg


def test_a_setting_that_names_only_addresses_starts_and_is_told_what_it_leaves_open(settings: Settings, var_dir: Path) -> None:
    assert found(settings, TSAS="a=https://tsa.one.cn/ b=https://tsa.two.cn/||2.999.2") == set()
    warnings = authorities_are_described()
    assert [(each.id, each.is_serious()) for each in warnings] == [
        ("cunzheng.W001", False), ("cunzheng.W002", False), ("cunzheng.W001", False)]
    assert "authority a; until it does, tsa.one.cn is taken" in warnings[0].msg
    settings.TSAS = SAFE["TSAS"]
    assert authorities_are_described() == []
    settings.EMBEDDED, settings.TSAS = True, "a=http://127.0.0.1:1/"
    assert authorities_are_described() == []


def test_armed_failpoints_are_refused(settings: Settings, var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNZHENG_FAILPOINTS", "evidence.deposit-committed=kill")
    assert found(settings) == {"cunzheng.E010"}


def test_a_session_that_may_lose_commits_is_refused_where_the_database_is_asked(database: str, settings: Settings) -> None:
    found(settings)
    assert database_keeps_what_it_acknowledges(databases=["default"]) == []
    if connection.vendor == "sqlite":
        return  # refused by E004, and opened with synchronous=FULL by the settings
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    [message] = database_keeps_what_it_acknowledges(databases=["default"])
    assert (message.id, "synchronous_commit" in message.msg) == ("cunzheng.E012", True)
    assert database_keeps_what_it_acknowledges(databases=None) == []


def test_no_default_of_a_role_or_a_database_lets_a_receipt_be_given_for_a_commit_that_may_be_lost(database: str) -> None:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous")
            assert cursor.fetchone() == (2,)
        return
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('synchronous_commit'), current_setting('lock_timeout')")
        assert cursor.fetchone() == ("on", f"{env.LOCK_WAIT_S}s")


def test_the_embedded_default_is_left_in_peace(settings: Settings) -> None:
    settings.EMBEDDED = True
    assert production_is_safe() == []


@pytest.mark.parametrize(("read", "value"), [
    (lambda: env.number("CZ_TEST", 1), "x"), (lambda: env.number("CZ_TEST", 1, at_least=5), "4"), (lambda: env.seconds("CZ_TEST", 1), "-1"),
    (lambda: env.number("CZ_TEST", 1, at_most=300), "301"),
    (lambda: env.choice("CZ_TEST", "a", ("a", "b")), "c"), (lambda: env.database("mysql://x", Path("/")), "x"),
])
def test_a_malformed_variable_is_refused_in_one_sentence(read: Any, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CZ_TEST", value)
    with pytest.raises(ImproperlyConfigured):
        read()


def test_a_database_url_is_read_with_its_escapes() -> None:
    found = env.database("postgresql://us%40er:p%2Fw@db.example:6432/na%20me", Path("/v"))
    assert [found[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == ["us@er", "p/w", "db.example", "6432", "na me"]
    assert env.database("", Path("/v"))["NAME"] == "/v/db.sqlite3"
    assert env.database("sqlite:////abs/x.db", Path("/v"))["NAME"] == "/abs/x.db"


def test_networks_that_are_open_to_webhooks_are_read_or_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.networks("CUNZHENG_OUTGOING_NETWORKS", "10.1.0.0/16 fd00:1::/64") == networks("10.1.0.0/16", "fd00:1::/64")
    for wrong in ("10.1.0.1/16", "intranet", "10.1.0.0/33"):
        monkeypatch.setenv("CUNZHENG_OUTGOING_NETWORKS", wrong)
        with pytest.raises(ImproperlyConfigured, match="CUNZHENG_OUTGOING_NETWORKS"):
            env.networks("CUNZHENG_OUTGOING_NETWORKS")


def test_places_of_objects_are_read_and_malformed_ones_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.object_place("CUNZHENG_NO_STORE") is None
    for text, place in (
        ("s3://bucket", ("bucket", "", "", "", 0, "COMPLIANCE")),
        ("s3://bucket/a/b/?endpoint=https://s3.example.org&region=cn-1&lock_days=10&lock_mode=GOVERNANCE",
         ("bucket", "a/b/", "https://s3.example.org", "cn-1", 10, "GOVERNANCE")),
    ):
        monkeypatch.setenv("CUNZHENG_VAULT_STORE", text)
        assert env.object_place("CUNZHENG_VAULT_STORE") == place
    for text in ("bucket", "s3://", "s3://B!", "http://bucket", "s3://bucket?days=3", "s3://bucket?lock_days=x", "s3://bucket?lock_mode=NONE",
                 "s3://bucket?endpoint=ftp://x", "s3://bucket/a b", "s3://bucket?x"):
        monkeypatch.setenv("CUNZHENG_VAULT_STORE", text)
        with pytest.raises(ImproperlyConfigured, match="CUNZHENG_VAULT_STORE"):
            env.object_place("CUNZHENG_VAULT_STORE")


def test_the_place_of_second_copies_is_a_folder_or_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.copy_place("CUNZHENG_NO_COPY") is None
    for text, place in (("/mnt/second/vault", Path("/mnt/second/vault")), ("s3://second/a", ("second", "a/", "", "", 0, "COMPLIANCE"))):
        monkeypatch.setenv("CUNZHENG_VAULT_COPY", text)
        assert env.copy_place("CUNZHENG_VAULT_COPY") == place
    for text in ("second", "./second", "http://second", "s3://"):
        monkeypatch.setenv("CUNZHENG_VAULT_COPY", text)
        with pytest.raises(ImproperlyConfigured, match="CUNZHENG_VAULT_COPY"):
            env.copy_place("CUNZHENG_VAULT_COPY")


def test_second_copies_lie_apart_from_what_they_are_copies_of(settings: Settings, var_dir: Path, tmp_path: Path) -> None:
    assert the_second_copy_lies_elsewhere() == []
    for near in (var_dir, var_dir / "vault", var_dir.parent, var_dir / "vault" / ".." / "copy"):
        settings.VAULT_COPY = near
        assert [message.id for message in the_second_copy_lies_elsewhere()] == ["cunzheng.E030"]
    settings.VAULT_COPY = tmp_path / "second"
    assert the_second_copy_lies_elsewhere() == []
    settings.VAULT_STORE = env.ObjectPlace("b", "vault/", "", "", 0, "COMPLIANCE")
    for place, sound in (("vault/", False), ("", False), ("vault/copy/", False), ("second/", True)):
        settings.VAULT_COPY = env.ObjectPlace("b", place, "", "", 0, "COMPLIANCE")
        assert (the_second_copy_lies_elsewhere() == []) == sound
    settings.VAULT_COPY = env.ObjectPlace("another", "vault/", "http://10.0.0.1:9000", "", 0, "COMPLIANCE")
    assert the_second_copy_lies_elsewhere() == []
    settings.EMBEDDED = False
    assert ["CUNZHENG_VAULT_COPY" in message.msg for message in buckets_are_reached_safely()] == [True]


def test_a_bucket_is_reached_by_https_in_production(settings: Settings, var_dir: Path) -> None:
    found(settings)
    assert buckets_are_reached_safely() == []
    settings.LOG_STORE = env.ObjectPlace("log", "", "http://10.0.0.1:9000", "", 0, "COMPLIANCE")
    settings.VAULT_STORE = env.ObjectPlace("vault", "", "https://s3.example.org", "", 0, "COMPLIANCE")
    [message] = buckets_are_reached_safely()
    assert (message.id, "CUNZHENG_LOG_STORE" in message.msg) == ("cunzheng.E029", True)
    settings.EMBEDDED = True
    assert buckets_are_reached_safely() == []


@pytest.mark.parametrize(("broker", "told", "counted_in"), [
    ("", "", ""), ("amqp://mq", "", ""), ("redis://a", "", "redis://a"), ("amqp://mq", "rediss://b/2", "rediss://b/2"),
    ("redis://a", "redis://b", "redis://b")])
def test_guesses_are_counted_in_the_redis_that_is_named_or_is_the_broker(
    broker: str, told: str, counted_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUNZHENG_COUNTERS_URL", told)
    assert env.counters_url("CUNZHENG_COUNTERS_URL", broker) == counted_in
    monkeypatch.setenv("CUNZHENG_COUNTERS_URL", "memcached://c")
    with pytest.raises(ImproperlyConfigured, match="CUNZHENG_COUNTERS_URL"):
        env.counters_url("CUNZHENG_COUNTERS_URL", broker)

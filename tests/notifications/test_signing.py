"""Signatures, secrets and their sealing, held against the public Standard Webhooks package."""
import base64
import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from standardwebhooks import Webhook, WebhookVerificationError

from common.key_files import keep_seed, key_path
from notifications.sealing import open_secret, seal_secret
from notifications.signing import fresh_secret, secret_bytes, signed_headers

BODY = b'{"type":"record.timestamped","data":{"record":"CZ-20261123-4K7QM-X2R9D-0"}}'


def headers(*texts: str, body: bytes = BODY, at: float | None = None) -> dict[str, str]:
    moment = int(datetime.now(UTC).timestamp() if at is None else at)
    return signed_headers([secret_bytes(text) for text in texts], message_id="msg_1", timestamp=moment, body=body)


def test_the_public_package_verifies_what_we_sign() -> None:
    secret = fresh_secret()
    assert Webhook(secret).verify(BODY, headers(secret))["type"] == "record.timestamped"


def test_the_worked_example_of_the_specification() -> None:
    """Secret, id, timestamp, body and signature as the specification's reference implementations use them in their tests."""
    key = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signed_headers([key], message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, body=b'{"test": 2432232314}')
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_secrets_sign_and_either_verifies() -> None:
    old, new, other = fresh_secret(), fresh_secret(), fresh_secret()
    signed = headers(new, old)
    for secret in (old, new):
        Webhook(secret).verify(BODY, signed)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, signed)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_changed_header_or_body_does_not_verify(name: str) -> None:
    secret = fresh_secret()
    signed = headers(secret)
    for changed, body in (({**signed, name: headers(fresh_secret())[name] if "signature" in name else signed[name] + "1"}, BODY),
                          (signed, BODY + b" ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, changed)


@pytest.mark.parametrize("length", [24, 32, 64])
def test_secrets_of_24_to_64_bytes_are_keys(length: int) -> None:
    key = secrets.token_bytes(length)
    assert secret_bytes(text_of(key)) == key


def text_of(key: bytes, prefix: str = "whsec_") -> str:
    return prefix + base64.b64encode(key).decode()


@pytest.mark.parametrize("text", [
    "", "whsec_", text_of(b"x" * 23), text_of(b"x" * 65), text_of(b"x" * 32, prefix=""), "whsec_%%%%", "whsec_" + "A" * 43])
def test_other_texts_are_no_secrets(text: str) -> None:
    with pytest.raises(ValueError, match=r"secret|base64"):
        secret_bytes(text)


@pytest.fixture
def webhook_key(var_dir: Path) -> Path:
    path = key_path("webhook")
    keep_seed(path, secrets.token_bytes(32))
    return path


def test_a_sealed_secret_opens_for_its_endpoint_only(webhook_key: Path) -> None:
    key = secrets.token_bytes(32)
    sealed = seal_secret(key, "a" * 32)
    assert key not in sealed
    assert open_secret(sealed, "a" * 32) == key
    assert seal_secret(key, "a" * 32) != sealed
    with pytest.raises(ImproperlyConfigured, match="not sealed"):
        open_secret(sealed, "b" * 32)


def test_no_bit_of_a_sealed_secret_may_change(webhook_key: Path) -> None:
    sealed = seal_secret(secrets.token_bytes(32), "a" * 32)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(ImproperlyConfigured):
            open_secret(bytes(changed), "a" * 32)


def test_another_key_file_opens_nothing(webhook_key: Path) -> None:
    sealed = seal_secret(secrets.token_bytes(32), "a" * 32)
    webhook_key.unlink()
    keep_seed(webhook_key, secrets.token_bytes(32))
    with pytest.raises(ImproperlyConfigured):
        open_secret(sealed, "a" * 32)


def test_a_key_file_that_others_can_read_is_refused(webhook_key: Path) -> None:
    webhook_key.chmod(0o644)
    with pytest.raises(ImproperlyConfigured, match="can be read by others"):
        seal_secret(secrets.token_bytes(32), "a" * 32)

"""The key that a client gives a request: any printable ASCII that survives the way through HTTP."""
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import create_organisation, issue_api_key
from common.idempotency import IdempotencyKeyMalformed, read_key
from tests.depositing import Post, batch


@pytest.mark.parametrize("key", ["a", "a b", '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "!~", "k" * 128, "k" + " " * 126 + "k"])
def test_a_key_is_taken_as_it_comes(key: str) -> None:
    assert read_key(key) == key


@pytest.mark.parametrize("key", ["", " ", " a", "a ", "a\tb", "a\nb", "a\n", "a\x7f", "é", "k" * 129, "k" + " " * 127 + "k"])
def test_a_key_that_http_may_change_or_that_is_too_long_is_refused(key: str) -> None:
    with pytest.raises(IdempotencyKeyMalformed):
        read_key(key)


def test_without_a_header_there_is_no_key() -> None:
    assert read_key(None) is None


def test_a_retry_under_a_key_with_a_space_gets_the_same_receipt(post_batch: Post) -> None:
    body = batch(1)
    first, again = (post_batch(body, Idempotency_Key="batch 7 of 2026") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["receipt"] == again.json()["receipt"]


def test_a_malformed_key_is_refused_by_its_code(post_batch: Post) -> None:
    refused = post_batch(batch(1), Idempotency_Key="k" * 129)
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency-key-malformed")


def test_two_organisations_may_choose_the_same_key(post_batch: Post) -> None:
    """Whoever guesses another's key gets neither its receipt nor a word about its request."""
    other = create_organisation("另一家机构", now=timezone.now())
    token = issue_api_key(other, label="test", now=timezone.now(), valid_for=timedelta(days=1))[1]
    body = batch(1)
    first = post_batch(body, Idempotency_Key="batch-7")
    second, again = (post_batch(body, Idempotency_Key="batch-7", Authorization=f"Bearer {token}") for _ in range(2))
    assert [answer.status_code for answer in (first, second, again)] == [201] * 3
    assert first.json()["receipt"] != second.json()["receipt"] == again.json()["receipt"]

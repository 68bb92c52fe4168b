"""Originals in a bucket: a deposit, a reading, a damaged object, and the sweeper; by moto's server over HTTP."""
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from config.env import ObjectPlace
from evidence.fsck import examine_evidence
from evidence.models import EvidenceFile
from evidence.record_keys import open_original
from tests.common.buckets import REGION, Bucket, bucket, s3_server
from tests.depositing import Post, client, document, key, organisation, post_deposit
from vault.storage import vault_store
from vault.sweeping import sweep_orphans

__all__ = ["bucket", "client", "key", "organisation", "post_deposit", "s3_server"]


@pytest.fixture
def in_buckets(settings: Settings, bucket: Bucket) -> Bucket:
    settings.VAULT_STORE = ObjectPlace(bucket.name, "vault/", bucket.endpoint, REGION, 0, "COMPLIANCE")
    settings.LOG_STORE = ObjectPlace(bucket.name, "log/", bucket.endpoint, REGION, 0, "COMPLIANCE")
    return bucket


def test_a_deposit_lies_in_the_bucket_and_nowhere_else(
    in_buckets: Bucket, var_dir: object, post_deposit: Post, publish: Callable[[], None]
) -> None:
    assert post_deposit(document(), b"evidence" * 1000).status_code == 201
    publish()
    keys = [row["Key"] for row in in_buckets.client.list_objects_v2(Bucket=in_buckets.name)["Contents"]]
    assert {key.partition("/")[0] for key in keys} == {"vault", "log"}
    file = EvidenceFile.objects.select_related("evidence", "stored_object").get()
    with open_original(file) as original:
        assert original.read() == b"evidence" * 1000
    assert list(examine_evidence()) == []
    [stored] = [key for key in keys if key.startswith("vault/")]
    in_buckets.client.put_object(Bucket=in_buckets.name, Key=stored, Body=b"another")
    assert ["does not decrypt" in finding.what for finding in examine_evidence()] == [True]
    in_buckets.client.delete_object(Bucket=in_buckets.name, Key=stored)
    assert ["cannot be read" in finding.what for finding in examine_evidence()] == [True]


def test_orphans_are_swept_from_the_bucket(in_buckets: Bucket, service: str) -> None:
    vault_store().put_new("org/aa/orphan", [b"x"])
    assert sweep_orphans(vault_store(), now=timezone.now()) == 0
    assert sweep_orphans(vault_store(), now=timezone.now() + timedelta(days=2)) == 1
    assert list(vault_store().list("")) == []

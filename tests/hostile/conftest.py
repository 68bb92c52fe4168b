"""Fixtures of the deposit for these tests."""
from tests.depositing import client, key, organisation, post_batch, post_deposit

__all__ = ["client", "key", "organisation", "post_batch", "post_deposit"]

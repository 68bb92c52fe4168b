"""The depositor's fixtures, for the tests of the contract."""
from tests.depositing import client, key, organisation, post_batch, post_deposit

__all__ = ["client", "key", "organisation", "post_batch", "post_deposit"]

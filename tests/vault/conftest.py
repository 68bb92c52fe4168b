"""A depositor for the vault's tests."""
from tests.depositing import key, organisation

__all__ = ["key", "organisation"]

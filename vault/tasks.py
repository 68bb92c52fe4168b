"""The vault's jobs: once a day, sweep originals and second copies that no deposit names.

Two of them, so that copies which are away do not have all originals looked through again and again.
"""
from django.utils import timezone

from vault.storage import copy_store, vault_store
from vault.sweeping import sweep_orphans

SWEEP_ORPHANS, SWEEP_COPIES = "vault.sweep-orphans", "vault.sweep-copies"


def sweep_orphans_of_the_day(_day: int) -> None:
    sweep_orphans(vault_store(), now=timezone.now())


def sweep_copies_of_the_day(_day: int) -> None:
    store = copy_store()
    if store is not None:
        sweep_orphans(store, now=timezone.now())

"""The vault's job: once a day, sweep originals that no deposit names."""
from django.utils import timezone

from vault.storage import vault_store
from vault.sweeping import sweep_orphans

SWEEP_ORPHANS = "vault.sweep-orphans"


def sweep_orphans_of_the_day(_day: int) -> None:
    sweep_orphans(vault_store(), now=timezone.now())

"""Reads of `vault`: figures for whoever runs the service. Of no organisation, and nothing of any original but how many there are."""
from vault.models import Cipher, StoredObject

MOST_COUNTED = 1_000_000


def originals_in_the_clear() -> int:
    """How many originals lie in the store unencrypted, those too that were encrypted and whose clear bytes were not removed yet.

    At most MOST_COUNTED of each; nought once `manage.py encrypt_vault` has run to its end. Read from two partial indexes, which are empty
    then: the table is not looked at.
    """
    plain = StoredObject.objects.filter(cipher=Cipher.PLAIN).order_by("id").values("id")[:MOST_COUNTED]
    left = StoredObject.objects.filter(clear_name__isnull=False).order_by("id").values("id")[:MOST_COUNTED]
    return plain.count() + left.count()

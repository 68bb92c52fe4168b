"""`manage.py rotate_personal_key`: seal personal data with a new key from now on. The old key's file stays: what it sealed needs it."""
from typing import Any

from common.commands import ServiceCommand
from vault.personal import rotate_key


class Command(ServiceCommand):
    help = "Seals personal data with a new key from now on; the old key is kept under its id, because older values open with it."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"The key before this one is kept as personal-{rotate_key()}.key: back it up, and never remove it.")

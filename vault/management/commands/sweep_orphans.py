"""`manage.py sweep_orphans`: remove originals older than a day that no deposit names."""
from typing import Any

from django.utils import timezone

from common.commands import ServiceCommand
from vault.sweeping import sweep_stores


class Command(ServiceCommand):
    help = "清理一天以前上传、但没有形成存证的原件 / Remove originals older than a day that no deposit names."

    def handle(self, *args: Any, **options: Any) -> None:
        count = sweep_stores(now=timezone.now())
        self.stdout.write(f"已清理 {count} 个无主原件 / {count} orphans removed")

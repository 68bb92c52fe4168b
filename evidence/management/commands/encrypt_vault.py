"""`manage.py encrypt_vault`: encrypt what was deposited before there was encryption. May be interrupted, and run beside the service."""
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from common.commands import ServiceCommand
from evidence.encrypting import encrypt_all
from vault.storage import vault_store
from vault.sweeping import sweep_orphans


class Command(ServiceCommand):
    help = "加密此前以明文保存的声明项与原件；可随时中断后再次运行 / Encrypt what is older than encryption; may be interrupted and rerun."

    def handle(self, *args: Any, **options: Any) -> None:
        outcome = encrypt_all()
        swept = sweep_orphans(vault_store(), now=timezone.now())
        self.stdout.write(f"已加密 {outcome.records} 份存证、{outcome.papers} 份准入材料，清理 {swept} 个无主对象 / "
                          f"{outcome.records} records and {outcome.papers} papers encrypted, {swept} orphans removed")
        for each in outcome.left:
            self.stderr.write(each)
        if outcome.left:
            raise CommandError(f"{len(outcome.left)} 份仍为明文，原因见上 / {len(outcome.left)} left in the clear, reasons above")

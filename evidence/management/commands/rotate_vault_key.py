"""`manage.py rotate_vault_key REF`: a new key for an organisation, and every key of its records wrapped under it. No content is touched."""
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import OperationalError

from accounts.models import Organisation
from common.commands import ServiceCommand
from evidence.rewrapping import rewrap, still_wrapped_by_older_keys, wait_for_deposits
from vault.keys import key_provider


class Command(ServiceCommand):
    help = "为机构换用新的保管库密钥并重新加密各存证密钥，不触及内容 / A new vault key; the organisation's records' keys are wrapped again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", help="机构编号 / the organisation's ref")
        parser.add_argument(
            "--resume", action="store_true", help="不换新密钥，继续上次未完成的工作 / no new key: go on with what an earlier run left")
        parser.add_argument(
            "--destroy-older", action="store_true",
            help="完成后销毁旧密钥；此前的数据库备份将无法恢复内容 / then destroy the older keys; backups from before lose their content")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = Organisation.objects.filter(ref=options["organisation"]).first()
        if organisation is None:
            raise CommandError("没有这个机构 / no such organisation")
        provider = key_provider()
        if not options["resume"]:
            provider.rotate(organisation.ref)
        try:
            wait_for_deposits()
        except OperationalError:
            raise CommandError("有存证迟迟未完成，请以 --resume 重新运行 / a deposit lasts too long: run it again with --resume") from None
        older, count = still_wrapped_by_older_keys(organisation), rewrap(organisation)
        self.stdout.write(f"已重新加密 {count} 个密钥 / {count} keys wrapped again")
        needed = still_wrapped_by_older_keys(organisation)
        for key_id in sorted(older | needed):
            if options["destroy_older"] and key_id not in needed:
                provider.destroy(key_id)
                told = ("已销毁", "destroyed")
            else:
                told = ("仍保留，供备份使用", "kept, for backups need it")
            self.stdout.write(f"旧密钥 {key_id.hex()} {told[0]} / older key {key_id.hex()} {told[1]}")
        if needed:
            raise CommandError("尚有密钥以旧密钥加密，请以 --resume 重新运行 / an older key still wraps others: run it again with --resume")

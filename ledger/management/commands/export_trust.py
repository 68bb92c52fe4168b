"""`manage.py export_trust DIR`: write the trust folder for `python -m tlog verify --trust DIR`."""
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from common.commands import ServiceCommand
from ledger.errors import AuthoritiesMisconfigured
from ledger.trust import trust_files


class Command(ServiceCommand):
    help = "导出核验所需的公钥与根证书 / Write the keys and roots that a verifier needs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="目标目录")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            files = trust_files()
        except AuthoritiesMisconfigured as wrong:
            raise CommandError(f"CUNZHENG_TSAS: {wrong.__cause__}") from wrong
        for name, data in files.items():
            path = options["folder"] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            if options["verbosity"]:
                self.stdout.write(str(path))

"""`manage.py init_service`: make folders, keys, origin and log state once; repeating it changes nothing."""
from typing import Any

from common.commands import ServiceCommand
from ledger.installation import install


class Command(ServiceCommand):
    help = "初始化目录、密钥与日志（可重复执行） / Make folders, keys and the log's state; may be repeated."

    def handle(self, *args: Any, **options: Any) -> None:
        for line in install():
            if options["verbosity"]:
                self.stdout.write(f"made {line}")

"""`manage.py scan_originals`: show every original to the malware scanner, those of before it was there too; the worker does it."""
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from common.commands import ServiceCommand
from evidence.scanning import configured_scanner, scan_all


class Command(ServiceCommand):
    help = "把全部原件交给恶意程序扫描 / Have every original shown to the malware scanner."

    def handle(self, *args: Any, **options: Any) -> None:
        if configured_scanner() is None:
            raise CommandError("未设置 CUNZHENG_CLAMD，没有可用的扫描程序 / no scanner: set CUNZHENG_CLAMD")
        count = scan_all(now=timezone.now())
        self.stdout.write(f"已安排扫描 {count} 份存证的原件 / the originals of {count} records will be shown to the scanner")

"""`manage.py write_permissions`: docs/permissions.md from the table in `accounts/permissions.py`."""
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.permissions_page import permissions_page

PAGE = settings.BASE_DIR / "docs" / "permissions.md"


class Command(BaseCommand):
    help = "由权限表生成 docs/permissions.md / Write docs/permissions.md from the table of permissions."

    def handle(self, *args: Any, **options: Any) -> None:
        PAGE.write_text(permissions_page(), encoding="utf-8")

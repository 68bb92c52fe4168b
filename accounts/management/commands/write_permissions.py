"""`manage.py write_permissions`: docs/permissions.md from the table in `accounts/permissions.py`."""
from typing import Any

from django.conf import settings

from accounts.permissions_page import permissions_page
from common.commands import ServiceCommand

PAGE = settings.BASE_DIR / "docs" / "permissions.md"


class Command(ServiceCommand):
    help = "由权限表生成 docs/permissions.md / Write docs/permissions.md from the table of permissions."

    def handle(self, *args: Any, **options: Any) -> None:
        PAGE.write_text(permissions_page(), encoding="utf-8")

"""`manage.py deactivate_person LOGIN`: whoever holds this login is out at once, everywhere; `--undo` lets him in again.

For the day on which an account is in the wrong hands. His sessions and the open invitations that he made are gone for good, and his
administrator may make a link that sets his sign-in up anew before he is let in again. Memberships stay; administrators end those.
"""
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.joining import set_active
from common.commands import ServiceCommand
from common.errors import DomainError


class Command(ServiceCommand):
    help = "停用人员，已有会话立即失效；--undo 恢复 / Deactivate a person at once, or undo it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="登录名")
        parser.add_argument("--undo", action="store_true", help="恢复")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changed = set_active(options["login"], active=options["undo"], now=timezone.now())
        except DomainError as refused:
            raise CommandError(f"{refused.title}：{refused.sentence()}") from None
        if not changed:
            raise CommandError("没有这样的人员，或已处于该状态。")

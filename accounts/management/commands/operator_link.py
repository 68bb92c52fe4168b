"""`manage.py operator_link LOGIN NAME`: a link for a further operator, or for the sign-in of one, when no two operators are left for it.

Whoever can run this can change the database as well; what it adds is a row in the operator's audit log, which auditors read.
"""
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone

from accounts.joining import LINK_LASTS, Invitee
from accounts.operators import link_by_command, the_operator
from accounts.permissions import Role
from common.commands import ServiceCommand
from common.errors import DomainError


class Command(ServiceCommand):
    help = "不足两名运营人员时，为新的运营人员或须重设登录的运营人员生成一次性链接 / A link for a further operator, or to reset one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="登录名；已是运营人员的，链接用于重设其密码与第二因素")
        parser.add_argument("name", help="姓名")

    def handle(self, *args: Any, **options: Any) -> None:
        operator = the_operator()
        if operator is None:
            raise CommandError("运营方尚未建立；请先运行 bootstrap / there is no operator yet: bootstrap makes it.")
        try:
            token = link_by_command(operator, Invitee(options["login"], options["name"], Role.OPERATOR), now=timezone.now())
        except DomainError as refused:
            raise CommandError(f"{refused.title}：{refused.sentence()}") from None
        self.stdout.write(settings.PUBLIC_URL + reverse("invitation", args=[token]))
        self.stderr.write(f"链接 {LINK_LASTS.days} 天内有效，只能使用一次 / good once, for {LINK_LASTS.days} days.")

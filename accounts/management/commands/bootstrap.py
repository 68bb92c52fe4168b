"""`manage.py bootstrap LOGIN NAME`: the operator organisation and a one-time link for its first operator, once.

The link is printed on standard output and nowhere kept. While nobody has accepted it, `--renew` gives another and makes it useless.
"""
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone

from accounts.joining import LINK_LASTS, Invitee, bootstrap_operator
from accounts.permissions import Role
from common.commands import ServiceCommand
from common.errors import DomainError


class Command(ServiceCommand):
    help = "建立运营方机构及首位运营人员的一次性链接，只能执行一次 / Make the operator and a one-time link for the first operator, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="首位运营人员的登录名（电子邮箱或工作账号）")
        parser.add_argument("name", help="首位运营人员的姓名")
        parser.add_argument("--organisation", default="运营方", help="运营方机构名称")
        parser.add_argument("--renew", action="store_true", help="首位运营人员尚未接受邀请时换发链接")

    def handle(self, *args: Any, **options: Any) -> None:
        invitee = Invitee(options["login"], options["name"], Role.OPERATOR)
        try:
            token = bootstrap_operator(options["organisation"], invitee, renew=options["renew"], now=timezone.now())
        except DomainError as refused:
            raise CommandError(f"{refused.title}：{refused.sentence()}") from None
        self.stdout.write(settings.PUBLIC_URL + reverse("invitation", args=[token]))
        self.stderr.write(f"链接 {LINK_LASTS.days} 天内有效，只能使用一次 / good once, for {LINK_LASTS.days} days.")

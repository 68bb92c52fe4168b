"""`manage.py create_api_key`: an organisation (made when its name is new) and a key for it, printed once on standard output."""
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Organisation
from accounts.scopes import Scope
from accounts.services import create_organisation, issue_api_key
from common.errors import DomainError


class Command(BaseCommand):
    help = "为机构签发接口密钥，仅显示一次 / Issue an API key for an organisation; it is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", help="机构名称；不存在时新建")
        parser.add_argument("--label", default="api", help="用途说明")
        parser.add_argument("--days", type=int, default=365, help="有效天数，不超过 400")
        parser.add_argument(
            "--scopes", nargs="+", type=Scope, choices=list(Scope), metavar="SCOPE",
            help=f"权限范围，缺省为该机构类别可授予的全部：{' '.join(Scope)}")
        parser.add_argument("--must-sign", action="store_true", help="每个请求必须签名")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        name = options["organisation"]
        organisation = Organisation.objects.filter(name=name).first() or create_organisation(name, now=now)
        try:
            _, text = issue_api_key(
                organisation, label=options["label"], now=now, valid_for=timedelta(days=options["days"]), scopes=options["scopes"],
                must_sign=options["must_sign"])
        except DomainError as refused:
            raise CommandError(f"{refused.title}：{refused.sentence()}") from None
        self.stdout.write(text)

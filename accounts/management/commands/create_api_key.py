"""`manage.py create_api_key`: an organisation (made when its name is new) and a key for it, printed once on standard output."""
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from accounts.models import Organisation
from accounts.services import create_organisation, issue_api_key


class Command(BaseCommand):
    help = "为机构签发接口密钥，仅显示一次 / Issue an API key for an organisation; it is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", help="机构名称；不存在时新建")
        parser.add_argument("--label", default="api", help="用途说明")
        parser.add_argument("--days", type=int, default=365, help="有效天数")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        name = options["organisation"]
        organisation = Organisation.objects.filter(name=name).first() or create_organisation(name, now=now)
        _, text = issue_api_key(organisation, label=options["label"], now=now, valid_for=timedelta(days=options["days"]))
        self.stdout.write(text)

"""`manage.py create_api_key`: a key for an organisation, printed once on standard output.

The organisation is named by its ref, its credit code, or its name where no other has it. A name that is new makes an active lender in the
embedded profile alone: in production an organisation comes in by its application, which two operators checked.
"""
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.models import Organisation
from accounts.scopes import Scope
from accounts.selectors import REF
from accounts.services import create_organisation, issue_api_key
from common.commands import ServiceCommand
from common.errors import DomainError

TOLD = 10


class Command(ServiceCommand):
    help = "为机构签发接口密钥，仅显示一次 / Issue an API key for an organisation; it is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", help="机构编号、统一社会信用代码，或没有重名的机构名称；单机环境中没有的名称，新建机构")
        parser.add_argument("--label", default="api", help="用途说明")
        parser.add_argument("--days", type=int, default=365, help="有效天数，不超过 400")
        parser.add_argument(
            "--scopes", nargs="+", type=Scope, choices=list(Scope), metavar="SCOPE",
            help=f"权限范围，缺省为该机构类别可授予的全部：{' '.join(Scope)}")
        parser.add_argument("--must-sign", action="store_true", help="每个请求必须签名")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        organisation = _organisation(options["organisation"]) or create_organisation(options["organisation"], now=now)
        try:
            _, text = issue_api_key(
                organisation, label=options["label"], now=now, valid_for=timedelta(days=options["days"]), scopes=options["scopes"],
                must_sign=options["must_sign"])
        except DomainError as refused:
            raise CommandError(f"{refused.title}：{refused.sentence()}") from None
        self.stdout.write(text)


def _organisation(named: str) -> Organisation | None:
    """The organisation that is meant; None for a name that may be made one. Raises CommandError."""
    found = Organisation.objects.filter(ref=named).first() if REF.fullmatch(named) else None
    found = found or Organisation.objects.filter(credit_code=named).first()
    if found is not None:
        return found
    called = list(Organisation.objects.filter(name=named).order_by("pk")[:TOLD + 1])
    if len(called) > 1:
        refs = ", ".join(each.ref for each in called[:TOLD]) + ("…" if len(called) > TOLD else "")
        raise CommandError(
            f"有多个机构名为 {named}，请改用机构编号 / Several organisations are called {named}; name one by its ref: {refs}")
    if not called and (REF.fullmatch(named) or not settings.EMBEDDED):
        raise CommandError(
            f"没有机构 {named}；机构须申请准入，见 docs/operations.md / "
            f"There is no organisation {named}; organisations apply to be let in")
    return called[0] if called else None

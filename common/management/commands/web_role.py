"""`manage.py web_role NAME`: make the role of PostgreSQL that web processes log in as, and give it what it needs and no more."""
from typing import Any
from urllib.parse import quote

from django.core.management.base import CommandError, CommandParser
from django.db import ProgrammingError, connection, transaction

from common.commands import ServiceCommand
from common.web_role import RoleUnsuitableError, make_web_role


class Command(ServiceCommand):
    help = (
        "Makes the PostgreSQL role NAME that web processes log in as, under row-level security. Run it as the owner of the tables, and "
        "again after every migrate. No password is set."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def handle(self, *_: Any, name: str, **__: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles; SQLite is for one machine's trial.")
        try:
            with transaction.atomic():
                made = make_web_role(name)
        except RoleUnsuitableError as found:
            raise CommandError(f"{found}. The web needs another role.") from None
        except ProgrammingError as refused:
            raise CommandError(
                f"PostgreSQL refused: {str(refused).strip()}. Run this as the owner of the tables; if that one may not make roles, let an "
                f"administrator first do: CREATE ROLE {connection.ops.quote_name(name)} LOGIN") from None
        settings = connection.settings_dict
        place = f"{settings['HOST']}{':' if settings['PORT'] else ''}{settings['PORT']}/{quote(settings['NAME'])}"
        self.stdout.write(f"{name}: {'made' if made else 'was there'}; its privileges are set.")
        if made:
            self.stdout.write(f"Set its password: ALTER ROLE {connection.ops.quote_name(name)} PASSWORD '…'")
        self.stdout.write(f"Web processes: DATABASE_URL=postgresql://{quote(name)}:PASSWORD@{place}")

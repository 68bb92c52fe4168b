"""`manage.py quarantine`: which records are in quarantine; `manage.py quarantine CZ-… --person LOGIN --reason TEXT` ends one.

Every original of the record is read again first: while one of them is not what was deposited, nothing is given out.
"""
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.models import Person
from common.commands import ServiceCommand
from common.errors import DomainError
from evidence.fixity import damaged_originals
from evidence.models import Evidence
from evidence.quarantine import open_quarantines, release_record
from evidence.selectors import canonical_number


class Command(ServiceCommand):
    help = "列出被隔离的存证，或由一人说明理由后解除 / List records in quarantine, or end one: by a person, for a reason."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("record", nargs="?", help="存证编号；不填则列出全部 / record number; none: list all")
        parser.add_argument("--person", help="解除人的登录名 / login of the person who ends it")
        parser.add_argument("--reason", default="", help="解除理由 / why")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["record"] is None:
            for each in open_quarantines():
                self.stdout.write(f"{each.evidence.record}  {each.began_at:%Y-%m-%dT%H:%M:%SZ}  {each.cause}  {each.reason}")
            return
        person = Person.objects.filter(login=options["person"], deactivated_at=None).first()
        if person is None:
            raise CommandError("--person：没有这个登录名 / nobody has this login")
        try:
            record = Evidence.objects.filter(record=canonical_number(options["record"])).first()
            if record is None:
                raise CommandError("没有这份存证 / no such record")
            damaged = damaged_originals(record)
            for sentence in damaged:
                self.stderr.write(sentence)
            release_record(record, person, why=options["reason"], still_damaged=bool(damaged), now=timezone.now())
        except DomainError as refused:
            raise CommandError(f"{refused.title}：{refused.sentence()}") from None
        self.stdout.write(f"{record.record} 已解除隔离 / is out of quarantine")

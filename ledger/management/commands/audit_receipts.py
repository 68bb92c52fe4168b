"""`manage.py audit_receipts`: hold every receipt against the published log; exit 1 when a promise is or was broken, or cannot be judged."""
import sys
from typing import Any

from django.utils import timezone

from common.commands import ServiceCommand
from ledger.audit import Audit, Breach, audit_receipts

OWED = "期限已过仍未发布", "not published, and include-by is over"
LATE = "逾期后才发布", "published after include-by"


class Command(ServiceCommand):
    help = "以已发布的日志核对全部回执，违约记为异常事件 / Hold every receipt against the published log; a breach becomes an incident."

    def handle(self, *args: Any, **options: Any) -> None:
        audit = audit_receipts(now=timezone.now())
        for finding in audit.findings:
            self.stdout.write(str(finding))
        for breach in audit.breaches:
            self.stdout.write(sentence(breach))
        if audit.findings:
            self.stderr.write("回执审计：已发布的日志不符，无法核对回执 / the published log is not in order; no receipt was judged by it")
        if audit.breaches:
            self.stderr.write(f"回执审计：{conclusion(audit)}")
        if audit.findings or audit.breaches:
            sys.exit(1)
        if options["verbosity"]:
            self.stdout.write(
                f"回执审计：{audit.receipts} 份回执均已履行或尚在期限之内 / all {audit.receipts} receipts are kept, or not due yet "
                f"(published size {audit.size})")


def sentence(breach: Breach) -> str:
    chinese, english = OWED if breach.owed else LATE
    return f"ledger_receipt {breach.receipt}: {breach.leaves} 个条目{chinese} / {breach.leaves} {english}"


def conclusion(audit: Audit) -> str:
    owed = sum(breach.owed for breach in audit.breaches)
    late = len(audit.breaches) - owed
    return f"{owed} 份回执违约，{late} 份逾期履行 / {owed} receipt(s) breached, {late} kept too late"

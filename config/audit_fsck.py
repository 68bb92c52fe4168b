"""`manage.py fsck` looks at the audit logs, too: `accounts` keeps and judges them, and knows nothing of the ledger's command."""
from collections.abc import Iterator

from accounts.audit.reading import broken_logs
from ledger.fsck import Finding


def examine_audit_logs() -> Iterator[Finding]:
    """A finding for each place where an organisation's log is not what it was."""
    for organisation, what in broken_logs():
        yield Finding(f"accounts_auditentry of organisation {organisation}", what)

"""App registration of `evidence`."""
from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"
    verbose_name = "证据"

    def ready(self) -> None:
        from evidence.fsck import examine_evidence
        from ledger.fsck import register_examination

        register_examination("evidence", examine_evidence)

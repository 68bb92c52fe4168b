"""App registration of `evidence`."""
from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"
    verbose_name = "证据"

    def ready(self) -> None:
        from cases.papers import register_papers
        from cases.record_counts import register_counter
        from common.jobs import register_daily_job, register_job
        from evidence.agreements import DEPOSIT_AGREEMENT, deposit_agreement
        from evidence.fixity import look_at_originals
        from evidence.fsck import examine_evidence
        from evidence.platform_facts import REMIND, remind_of_endings
        from evidence.selectors import own_paper, records_counted
        from evidence.stamps import STAMP_RECORD, stamp_record
        from evidence.telling import TELL_STAMPED, tell_stamped
        from ledger.fsck import register_examination
        from ledger.monitor.slices import register_slice
        from ledger.stamping import follow_stamps

        register_papers(own_paper)
        register_counter(records_counted)
        register_examination("evidence", examine_evidence)
        register_slice("originals", look_at_originals)
        register_job(STAMP_RECORD, stamp_record)
        register_job(TELL_STAMPED, tell_stamped)
        register_job(DEPOSIT_AGREEMENT, deposit_agreement)
        register_daily_job(REMIND, remind_of_endings)
        follow_stamps(TELL_STAMPED)

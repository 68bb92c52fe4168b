"""App registration of `evidence`."""
from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"
    verbose_name = "证据"

    def ready(self) -> None:
        from cases.papers import register_papers
        from cases.record_counts import register_counter
        from common.jobs import register_daily_job, register_job, register_recurring_job
        from evidence.agreements import DEPOSIT_AGREEMENT, deposit_agreement
        from evidence.batches import LET_FAULTS_GO, let_faults_of_the_day_go
        from evidence.copies import COPY_ORIGINALS, copy_originals
        from evidence.copies import EVERY as COPY_EVERY
        from evidence.copy_fixity import look_at_copies
        from evidence.custody_batches import COMMIT_CUSTODY, EVERY, commit_custody
        from evidence.custody_fsck import examine_custody_commitments
        from evidence.fixity import look_at_originals
        from evidence.fsck import examine_evidence
        from evidence.platform_facts import REMIND, remind_of_endings
        from evidence.releasing import RELEASE_RECORD, release_when_right
        from evidence.renderings import ERASE_RENDERINGS, RENDER_FILE, erase_of_erased, render_file
        from evidence.repairs import REPAIR_ORIGINAL, repair_original
        from evidence.scanning import SCAN_RECORD, scan_record
        from evidence.selectors import own_paper, records_counted
        from evidence.sharing import EVERY as SHARE_EVERY
        from evidence.sharing import SHARE_EQUAL, share_equal
        from evidence.stamps import STAMP_RECORD, stamp_record
        from evidence.telling import TELL_STAMPED, tell_stamped
        from ledger.fsck import register_examination
        from ledger.monitor.slices import register_slice
        from ledger.stamping import follow_stamps

        register_papers(own_paper)
        register_counter(records_counted)
        register_examination("evidence", examine_evidence)
        register_examination("custody", examine_custody_commitments)
        register_recurring_job(COMMIT_CUSTODY, commit_custody, every=EVERY)
        register_recurring_job(COPY_ORIGINALS, copy_originals, every=COPY_EVERY)
        register_recurring_job(SHARE_EQUAL, share_equal, every=SHARE_EVERY)
        register_slice("originals", look_at_originals)
        register_slice("copies", look_at_copies)
        register_job(STAMP_RECORD, stamp_record)
        register_job(TELL_STAMPED, tell_stamped)
        register_job(DEPOSIT_AGREEMENT, deposit_agreement)
        register_job(RENDER_FILE, render_file)
        register_job(SCAN_RECORD, scan_record)
        register_job(REPAIR_ORIGINAL, repair_original)
        register_job(RELEASE_RECORD, release_when_right)
        register_daily_job(ERASE_RENDERINGS, erase_of_erased)
        register_daily_job(LET_FAULTS_GO, let_faults_of_the_day_go)
        register_daily_job(REMIND, remind_of_endings)
        follow_stamps(TELL_STAMPED)

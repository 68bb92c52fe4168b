"""App registration of `config`: its system checks, and the examinations of rooms that stand below the one that examines."""
from django.apps import AppConfig


class ServiceConfig(AppConfig):
    name = "config"
    verbose_name = "服务配置"

    def ready(self) -> None:
        import config.checks  # noqa: F401 - registers the checks
        from config.audit_fsck import examine_audit_logs
        from ledger.fsck import register_examination

        register_examination("audit", examine_audit_logs)

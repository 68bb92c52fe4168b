"""App registration of `config`, for its system checks only."""
from django.apps import AppConfig


class ServiceConfig(AppConfig):
    name = "config"
    verbose_name = "服务配置"

    def ready(self) -> None:
        import config.checks  # noqa: F401 - registers the checks

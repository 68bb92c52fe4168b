"""App registration of `accounts`."""
from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "机构与凭证"

    def ready(self) -> None:
        import accounts.api.openapi  # noqa: F401 - registers the scheme

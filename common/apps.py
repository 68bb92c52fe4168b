"""App registration of `common`."""
from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"
    verbose_name = "公共部件"

"""Our commands check what they depend on before they begin, and load no page for it."""
import subprocess
import sys
from pathlib import Path

from django.core.checks import registry
from django.core.management import get_commands, load_command_class

from common.commands import ServiceCommand
from tests.conftest import process_environment
from tests.databases import ROOT

OF_PAGES = {"urls", "web", "templates", "staticfiles", "async_support", "commands"}
"""Tags of checks that say nothing about a command of ours: routes, templates, files for browsers, asyncio, Django's own commands."""
ROOMS = ("accounts", "cases", "common", "evidence", "ledger", "notifications", "vault")


def test_every_command_of_ours_has_the_checks_of_the_configuration_before_it() -> None:
    ours = [load_command_class(room, name) for name, room in get_commands().items() if room in ROOMS]
    assert len(ours) > 20
    assert [command for command in ours if not isinstance(command, ServiceCommand)] == []
    assert registry.registry.tags_available(deployment_checks=True) - set(ServiceCommand.requires_system_checks) == OF_PAGES


def test_a_command_loads_no_page(service: str, var_dir: Path) -> None:
    program = (
        "import sys; from django.core.management import execute_from_command_line as run; run(['manage.py', 'fsck', '-v0']);"
        " print(sorted({'config.urls', 'rest_framework.views', 'drf_spectacular.openapi'} & sys.modules.keys()))")
    environment = {**process_environment(service, var_dir), "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr

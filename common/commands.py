"""What our commands have in common: before they begin, the checks of the configuration that they depend on, and not those of pages.

To check routes is to load every page and the whole API: a third of the time that a short command takes, and memory that a sequencer keeps.
Those checks are `manage.py check`'s, which the manual runs before a deployment. What this does not do: check less of production.
"""
from django.core.checks import Tags
from django.core.management.base import BaseCommand

PRODUCTION = "production"
"""The tag of what refuses an unsafe production configuration (`config.checks`)."""


class ServiceCommand(BaseCommand):
    """The base of every command of ours."""

    requires_system_checks = (
        PRODUCTION, Tags.security, Tags.models, Tags.database, Tags.caches, Tags.files, Tags.compatibility, Tags.translation)

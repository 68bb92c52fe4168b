"""A real SMTP server beside the test, to which the service's letters go."""
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from pytest_django import Settings

from tests.repository.free_ports import free_ports


@contextmanager
def receiving(box: object, settings: Settings) -> Iterator[None]:
    """`box` is aiosmtpd's handler; the settings name its server until the block ends."""
    [port] = free_ports(1)
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # the test runner's default sends nothing
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    try:
        yield
    finally:
        controller.stop()

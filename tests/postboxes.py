"""A real SMTP server beside the test, to which the service's letters go."""
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django import Settings

from tests.repository.free_ports import free_ports


class Postbox:
    """A mail server's handler that keeps what it takes; `answer` to sender, recipient and letter, where it takes nothing."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []
        self.answer_mail = self.answer_rcpt = self.answer_data = ""

    async def handle_MAIL(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802
        if self.answer_mail:
            return self.answer_mail
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802
        if self.answer_rcpt:
            return self.answer_rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer_data:
            return self.answer_data
        self.letters.append(envelope)
        return "250 OK"


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

"""Which addresses an organisation may enter for its webhooks: judged as text, so that a slip is told at once.

No name is looked up here: where a name leads is judged before each request (`common.destinations`), because it may lead elsewhere then.
"""
import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from common.destinations import Network, is_open, is_public
from notifications.errors import WebhookUrlRefused

URL = re.compile(r"https?://[!-~]{1,490}", re.ASCII)


def check_url(url: str, networks: Sequence[Network]) -> None:
    """Raise WebhookUrlRefused unless `url` is https, or http where the operator opened networks, without credentials or fragment."""
    if not URL.fullmatch(url) or "#" in url or "\\" in url:
        raise WebhookUrlRefused(pointer="/url")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise WebhookUrlRefused(pointer="/url") from None
    # A password in an address ends up in logs and pages; the signature is what proves who sends.
    if not host or port == 0 or "@" in parts.netloc or (parts.scheme == "http" and not networks):
        raise WebhookUrlRefused(pointer="/url")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return
    if not is_open(literal, networks) and not is_public(literal):
        raise WebhookUrlRefused(pointer="/url")

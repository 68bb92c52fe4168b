"""Every test of people begins with nobody having failed."""
import threading
from collections.abc import Iterator

import pytest
from django.core.cache import cache

from sandbox.idp.server import Behaviour, IdentityServer


@pytest.fixture(autouse=True)
def nobody_failed_yet() -> Iterator[None]:
    """Counts of failed attempts live in the cache of this process."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(scope="session")
def identity_server() -> Iterator[IdentityServer]:
    """A real provider on loopback."""
    server = IdentityServer(("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.stop()
    thread.join()


@pytest.fixture
def idp(identity_server: IdentityServer) -> IdentityServer:
    """The provider, well, and with no subjects but those that it derives."""
    identity_server.fault = Behaviour.WELL
    identity_server.subjects.clear()
    return identity_server

"""Which versions of TLS the shipped proxy speaks, tried against a real nginx by a client that can speak the old ones, too."""
import socket
import ssl
import warnings
from pathlib import Path

import pytest

from tests.ledger.processes import wait_until
from tests.proxy.nginx import SHIPPED, nginx

OLD = [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1]
GOOD = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
ANYTHING = "ALL:@SECLEVEL=0"


def version_spoken(port: int, version: ssl.TLSVersion) -> str | None:
    """The version of a connection with a client that offers this one alone; None when the server refuses it."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.set_ciphers(ANYTHING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the old versions, which are what is asked about
        client.minimum_version = client.maximum_version = version
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain, client.wrap_socket(plain) as secure:
            return secure.version()
    except ssl.SSLError:
        return None


def test_the_shipped_proxy_refuses_old_versions_and_speaks_the_others(tmp_path: Path) -> None:
    with nginx(tmp_path / "nginx", web_port=9) as proxy:
        wait_until(lambda: is_open(proxy.https_port))
        assert {version: version_spoken(proxy.https_port, version) for version in OLD} == dict.fromkeys(OLD)
        assert [version_spoken(proxy.https_port, version) for version in GOOD] == ["TLSv1.2", "TLSv1.3"]


@pytest.mark.parametrize("version", OLD)
def test_a_proxy_that_speaks_an_old_version_would_be_seen(version: ssl.TLSVersion, tmp_path: Path) -> None:
    """Else the client above would be refused because it cannot speak it itself."""
    text = SHIPPED.read_text(encoding="utf-8").replace("TLSv1.2 TLSv1.3;", f"TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers {ANYTHING};")
    with nginx(tmp_path / "nginx", web_port=9, text=text) as proxy:
        wait_until(lambda: is_open(proxy.https_port))
        assert version_spoken(proxy.https_port, version) == version.name.replace("_", ".")


def is_open(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0

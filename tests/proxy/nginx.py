"""A real nginx with the shipped configuration, in which only names, ports and paths are others."""
import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.databases import ROOT
from tests.repository.free_ports import free_ports

SHIPPED = ROOT / "deploy" / "nginx" / "cunzheng.conf"
AROUND = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/cunzheng.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that answers: its ports, what to trust, its folder, and its process."""

    http_port: int
    https_port: int
    trusted: ssl.SSLContext
    folder: Path
    process: "subprocess.Popen[bytes]"


@contextmanager
def nginx(folder: Path, *, web_port: int, text: str | None = None) -> Iterator[Proxy]:
    """nginx before a web process until the block ends; `text` is another configuration than the shipped one."""
    folder.mkdir()
    (folder / "static").mkdir()
    plain, secure = free_ports(2)
    places = {
        "listen 80;": f"listen 127.0.0.1:{plain};", "listen 443 ssl;": f"listen 127.0.0.1:{secure} ssl;",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{web_port};", "/etc/ssl/cunzheng": str(folder),
        "/var/cache/nginx/cunzheng": f"{folder}/cache", "/srv/cunzheng/var/static": f"{folder}/static", "log.example.org": "127.0.0.1",
    }
    configuration = SHIPPED.read_text(encoding="utf-8") if text is None else text
    for example, here in places.items():
        assert example in configuration
        configuration = configuration.replace(example, here)
    (folder / "cunzheng.conf").write_text(configuration, encoding="utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    certificate(folder)
    command = [program(), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command)
    try:
        yield Proxy(plain, secure, ssl.create_default_context(cafile=str(folder / "fullchain.pem")), folder, process)
    finally:
        process.terminate()
        process.wait()


def program() -> str:
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    assert found is not None, "nginx is missing: install it (Debian: apt install nginx-light)"
    return found


def certificate(folder: Path) -> None:
    """A certificate of 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test proxy")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "privkey.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

"""`manage.py check --deploy` on a production profile as an operator would set it: `python -m tests.repository.production_check`.

It must be clean, warnings included: what `make lint` shows is that a right configuration passes; that each wrong one is refused is shown
by the tests of `config`. No database and no authority is asked.
"""
import os
import secrets
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from sandbox.tsa.authority import make_authority

ROOT = Path(__file__).resolve().parent.parent.parent


def production_environment(var: Path) -> dict[str, str]:
    """Every variable that production asks for, with safe values; nothing of the caller's own settings is left."""
    own = ("CUNZHENG_", "DATABASE_URL", "CELERY_", "DJANGO_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {
        **inherited,
        "CUNZHENG_PROFILE": "production",
        "CUNZHENG_VAR": str(var),
        "CUNZHENG_URL": "https://evidence.example.org",
        "CUNZHENG_HOSTS": "evidence.example.org originals.example.net",
        "CUNZHENG_EVIDENCE_ORIGIN": "https://originals.example.net",
        "CUNZHENG_ORIGIN": "evidence.example.org/log/2026",
        "CUNZHENG_SECRET_KEY": secrets.token_urlsafe(50),
        "CUNZHENG_TSAS": "first=https://tsa.example.org/|first-operator|2.999.1 second=https://tsa.example.net/|second-operator|2.999.2",
        "DATABASE_URL": "postgresql://cunzheng:password@db.example.org:5432/cunzheng",
        "CELERY_BROKER_URL": "redis://broker.example.org:6379/0",
    }


def pin_roots(var: Path, *ids: str) -> None:
    """A root certificate for each authority of that id, where an operator puts it."""
    folder = var / "trust" / "tsa"
    folder.mkdir(parents=True, exist_ok=True)
    for id_ in ids:
        (folder / f"{id_}.pem").write_bytes(root_pem())


@cache
def root_pem() -> bytes:
    return make_authority().root.certificate.public_bytes(Encoding.PEM)


def main() -> int:
    with tempfile.TemporaryDirectory() as var:
        pin_roots(Path(var), "first", "second")
        command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
        return subprocess.run(command, cwd=ROOT, env=production_environment(Path(var)), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

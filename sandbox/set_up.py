"""One Django process that makes the database, the keys and the sample's API key: `python -m sandbox.set_up`.

Everything here may be repeated: the second start finds its work done. A refusal is one sentence on standard error and exit 1.
"""
import io
import os
import sys
from datetime import timedelta
from pathlib import Path

import django
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from ledger.authorities import spelled_authorities
from sandbox.tsa.authority import BrokenAuthorityError, ensure_authority
from sandbox.witnesses import provide_witnesses, require_fresh_witnesses, sandbox_witnesses
from tlog.policy import NO_QUORUM
from witness.config import ConfigError

TEST_AUTHORITIES = ("sandbox-tsa", "sandbox-tsa-2")


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        call_command("init_service", verbosity=0)
        pin_test_authorities(settings.VAR_DIR)
        ask_test_witnesses(settings.VAR_DIR)
        provide_sample_key(settings.VAR_DIR / "sample")
        call_command("export_trust", str(settings.VAR_DIR / "trust"), verbosity=0)
        tell_what_is_in_the_clear()
    except (CommandError, ImproperlyConfigured, BrokenAuthorityError, ConfigError) as refusal:
        print(refusal, file=sys.stderr)
    except DatabaseError as broken:
        print(f"The database does not work: {str(broken).strip()}", file=sys.stderr)
    except OSError as broken:
        print(f"{broken.filename} cannot be used: {broken.strerror}", file=sys.stderr)
    else:
        return 0
    return 1


def tell_what_is_in_the_clear() -> None:
    """One line when something was deposited before there was encryption, and is not encrypted yet."""
    from evidence.encrypting import clear_records  # noqa: PLC0415 - models can be imported only after django.setup()

    if next(clear_records(), None) is not None:
        print("· Some records are from before encryption, and lie in the clear until `python manage.py encrypt_vault` has run", flush=True)


def pin_test_authorities(var: Path) -> None:
    """Make the test authorities that the service is set to ask, and trust their roots. Raises: BrokenAuthorityError, OSError."""
    for word in spelled_authorities(settings.TSAS):
        if word.id in TEST_AUTHORITIES:
            authority = ensure_authority(var / word.id, word.url)
            file = var / "trust" / "tsa" / f"{word.id}.pem"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(authority.root.certificate.public_bytes(Encoding.PEM))


def ask_test_witnesses(var: Path) -> None:
    """Make the two test witnesses and the policy that names them. Raises: OSError, ConfigError."""
    from ledger.announcements import announcements  # noqa: PLC0415
    from ledger.announcing import announce  # noqa: PLC0415
    from ledger.policies import adopt_policy, announced_vkeys, configured_text, policy_in_force  # noqa: PLC0415
    from ledger.selectors import log_state  # noqa: PLC0415 - models can be imported only after django.setup()

    state, witnesses = log_state(), sandbox_witnesses(os.environ)
    if state.size == 0:
        require_fresh_witnesses(var, witnesses, state.origin)
    provide_witnesses(
        var, witnesses, origin=state.origin, vkey=state.vkey, log_url=f"{settings.PUBLIC_URL}/log", later=announced_vkeys())
    now = timezone.now()
    if state.published_size and policy_in_force().quorum == NO_QUORUM and not any(each.is_open(now) for each in announcements()):
        # A log from before there were test witnesses: they are announced in it, as a real log's would be, and cosign half a minute later.
        announce(configured_text(), since=now.replace(microsecond=0) + timedelta(seconds=30), until=None, now=now)
    adopt_policy(now=timezone.now())  # no sequencer runs yet; the trust folder is written next


def provide_sample_key(folder: Path) -> None:
    """Write `api.key` (0600) unless the key in it still opens this database; what was deposited with another key is forgotten here."""
    from accounts.models import Organisation  # noqa: PLC0415 - models can be imported only after django.setup()
    from accounts.selectors import api_key_for  # noqa: PLC0415
    from sandbox.seeds.people import LENDER, provide_organisation  # noqa: PLC0415

    file, now = folder / "api.key", timezone.now()
    key = api_key_for(file.read_text(encoding="ascii").strip(), now=now) if file.exists() else None
    unmarked = Organisation.objects.filter(name=LENDER.name, credit_code=None).first()
    # Its reserved credit code marks it with the first key, or no production would know a database that such a key opens (cunzheng.E023).
    lender = provide_organisation(LENDER, unmarked if key is None else key.organisation, now)
    if key is not None:
        return
    folder.mkdir(exist_ok=True)
    (folder / "deposit.json").unlink(missing_ok=True)
    answer = io.StringIO()
    call_command("create_api_key", lender.ref, label="sample", stdout=answer)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as output:
        output.write(answer.getvalue())


if __name__ == "__main__":
    sys.exit(main())

"""`python -m sandbox.seeds --issuer URL`: one Django process that makes what is missing of the fictitious people and cases.

It writes how each role signs in to standard output, as JSON. A refusal is one sentence on standard error and exit 1.
"""
import argparse
import json
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils import timezone

from common.errors import DomainError


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m sandbox.seeds", description="Fictitious people and cases for development.")
    arguments.add_argument("--issuer", required=True, help="address of the test identity provider")
    issuer = arguments.parse_args().issuer
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
        if not settings.EMBEDDED:
            print("Fictitious people are for development: the profile is production.", file=sys.stderr)
            return 1
        print(json.dumps(seed(settings.VAR_DIR, issuer), ensure_ascii=False))
    except (ImproperlyConfigured, DomainError) as refusal:
        print(f"The fictitious people could not be made: {str(refusal) or type(refusal).__name__}", file=sys.stderr)
    except DatabaseError as broken:
        print(f"The database does not work: {str(broken).strip()}", file=sys.stderr)
    except OSError as broken:
        print(f"{broken.filename} cannot be used: {broken.strerror}", file=sys.stderr)
    else:
        return 0
    return 1


def seed(var: Path, issuer: str) -> list[dict[str, str]]:
    """How everybody signs in, once all of it is there. Raises DomainError, OSError, DatabaseError."""
    from accounts.selectors import api_key_for  # noqa: PLC0415 - models can be imported only after django.setup()
    from sandbox.seeds import access, deposits  # noqa: PLC0415
    from sandbox.seeds.keyring import provide_keyring, settle  # noqa: PLC0415
    from sandbox.seeds.people import provide_cast  # noqa: PLC0415
    from sandbox.seeds.sign_ins import sign_ins  # noqa: PLC0415

    now, keyring = timezone.now(), provide_keyring(var)
    sample = api_key_for((var / "sample" / "api.key").read_text(encoding="ascii").strip(), now=now)
    # The sample case is the fictitious lender's, so that its people find it among their cases.
    cast = provide_cast(keyring, lender=None if sample is None else sample.organisation, issuer=issuer, now=now)
    settle(var, keyring)
    if not access.is_complete():
        cases = access.import_cases(cast, now=now)
        access.entrust_agencies(cast, cases, now=now)
        deposits.deposit_evidence(cast, now=now)
        access.grant_and_submit(cast, cases, now=now)
        access.order_cases(cast, cases, now=now)
    return sign_ins(cast)


if __name__ == "__main__":
    sys.exit(main())

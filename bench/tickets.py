"""`python -m bench.tickets COUNT`: tickets for a measured service's newest original, a token a line. Run in the service's environment."""
import os
import secrets
import sys
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.utils import timezone  # noqa: E402 - Django first

from accounts.joining import Invitee, accept_as_new_person, invite  # noqa: E402
from accounts.permissions import Role  # noqa: E402
from evidence.models import EvidenceFile, OriginalTicket  # noqa: E402
from evidence.originals import digest_of_token  # noqa: E402

LONG_ENOUGH = timedelta(hours=1)


def main(count: int) -> None:
    now = timezone.now()
    file = EvidenceFile.objects.filter(stored_object__isnull=False).select_related("evidence__organisation").latest("id")
    where = file.evidence.organisation
    _, token = invite(where, Invitee(f"bench-{secrets.token_hex(4)}", "张三", Role.CASE_OFFICER), by=None, now=now)
    person = accept_as_new_person(token, password=secrets.token_hex(16), now=now)
    for _ in range(count):
        token = secrets.token_urlsafe(32)
        OriginalTicket.objects.create(
            token_sha256=digest_of_token(token), file=file, person=person, organisation=where, signed_in="password+totp", made_at=now,
            expires_at=now + LONG_ENOUGH)
        print(token)


if __name__ == "__main__":
    main(int(sys.argv[1]))

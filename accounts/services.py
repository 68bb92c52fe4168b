"""Writes of `accounts`: organisations, their status, credentials of their machines.

People and their memberships: `joining.py`; public keys of machines: `signing_keys.py`.
"""
import hashlib
import re
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from oauth2_provider.models import Application

from accounts.audit.events import Event
from accounts.audit.recording import note, note_with_operator
from accounts.credit_code import canonical_credit_code
from accounts.errors import (
    ContactMalformed,
    CreditCodeChecked,
    CreditCodeMalformed,
    CreditCodeTaken,
    ExpiryOutOfRange,
    LabelMalformed,
    ScopesUnavailable,
    StatusUnreachable,
)
from accounts.models import ApiKey, Organisation, Person
from accounts.permissions import Kind
from accounts.scopes import SCOPES_OF, Scope, write_scopes

Status = Organisation.Status
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,189}", re.ASCII)
PHONE = re.compile(r"[0-9+() -]{5,32}", re.ASCII)
LONGEST_VALIDITY = timedelta(days=400)
LONGEST_LABEL = 100
REVIEWED_EVERY = timedelta(days=365)
# What the operator may change by hand. Whoever stops the service's own operator would lock everybody out of undoing it.
CHANGES: Mapping[str, frozenset[str]] = {
    Status.SUSPENDED: frozenset({Status.TRIAL, Status.ACTIVE}), Status.ACTIVE: frozenset({Status.SUSPENDED}),
}


def create_organisation(name: str, *, now: datetime, kind: Kind = Kind.LENDER) -> Organisation:
    """A new active organisation with an opaque id of its own, made by whoever runs the machine: set-up, tests, the sandbox.

    Everybody else applies (`applying.py`). Names need not be unique, two lenders may share one.
    Raises IntegrityError for a second operator.
    """
    due = None if kind == Kind.OPERATOR else now + REVIEWED_EVERY
    return Organisation.objects.create(
        ref=secrets.token_hex(16), name=name, kind=kind, status=Status.ACTIVE, created_at=now, review_due_at=due)


def change_status(organisation: Organisation, *, to: str, now: datetime) -> None:
    """Suspend an organisation, or let a suspended one in again; its keys and its people feel it with their next request.

    One that was suspended on trial comes back to its trial: nobody becomes active by a detour.
    Raises StatusUnreachable for any other change, for the operator itself, and when somebody else was faster.
    """
    if organisation.kind == Kind.OPERATOR or organisation.status not in CHANGES.get(to, ()):
        raise StatusUnreachable
    reached = Status.SUSPENDED if to == Status.SUSPENDED else Status.ACTIVE if organisation.review_due_at else Status.TRIAL
    with transaction.atomic():
        if Organisation.objects.filter(pk=organisation.pk, status=organisation.status).update(status=reached) != 1:
            raise StatusUnreachable
        note_with_operator(Event.STATUS_CHANGED, organisation, at=now, detail=reached)


def change_contacts(organisation: Organisation, *, contact_email: str, contact_phone: str, now: datetime) -> None:
    """The organisation's own administrator says how to reach it. Raises ContactMalformed."""
    email, phone = _contacts(contact_email, contact_phone)
    with transaction.atomic():
        Organisation.objects.filter(pk=organisation.pk).update(contact_email=email, contact_phone=phone)
        note(Event.CONTACTS_CHANGED, organisation, at=now, subject=f"organisation:{organisation.ref}")


def _contacts(typed_email: str, typed_phone: str) -> tuple[str, str]:
    email, phone = typed_email.strip(), typed_phone.strip()
    if (email and not EMAIL.fullmatch(email)) or (phone and not PHONE.fullmatch(phone)):
        raise ContactMalformed
    return email, phone


def describe_organisation(
    organisation: Organisation, *, credit_code: str, contact_email: str, contact_phone: str, now: datetime
) -> None:
    """Say who the organisation is and how to reach it; empty means not known. A code that two operators checked stays as it is.

    Raises CreditCodeMalformed, CreditCodeTaken, CreditCodeChecked, ContactMalformed.
    """
    code = None
    if credit_code.strip():
        try:
            code = canonical_credit_code(credit_code)
        except ValueError:
            raise CreditCodeMalformed from None
    email, phone = _contacts(contact_email, contact_phone)
    if code != organisation.credit_code and is_checked(organisation):
        raise CreditCodeChecked
    try:
        with transaction.atomic():
            Organisation.objects.filter(pk=organisation.pk).update(credit_code=code, contact_email=email, contact_phone=phone)
            note_with_operator(Event.DESCRIBED, organisation, at=now)
    except IntegrityError:
        raise CreditCodeTaken from None


def is_checked(organisation: Organisation) -> bool:
    """Whether two operators checked its papers; whoever runs the machine makes organisations without any."""
    return Organisation.objects.filter(pk=organisation.pk, application__isnull=False).exists()


def issue_api_key(
    organisation: Organisation, *, label: str, now: datetime, valid_for: timedelta,
    scopes: Collection[Scope] | None = None, must_sign: bool = False, by: Person | None = None,
) -> tuple[ApiKey, str]:
    """A new key `cz_<prefix>_<secret>`; the text is returned once and never stored. 256 random bits, so a plain SHA-256 hides it.

    `scopes` None: all that an organisation of this kind may give. `by` None: a command's. Raises LabelMalformed, ExpiryOutOfRange,
    ScopesUnavailable.
    """
    key, secret = _new_credential(organisation, label, now, valid_for, scopes)
    key.must_sign, key.created_by = must_sign, by
    with transaction.atomic():
        key.save(force_insert=True)
        note(Event.KEY_ISSUED, organisation, at=now, subject=f"api_key:{key.pk}")
    return key, f"cz_{key.prefix}_{secret}"


def issue_client(
    organisation: Organisation, *, label: str, now: datetime, valid_for: timedelta,
    scopes: Collection[Scope] | None = None, must_sign: bool = False, by: Person | None = None,
) -> tuple[ApiKey, str]:
    """A new OAuth client and its secret, good at the token endpoint only; its id is `client_id_of(key)`. Otherwise as `issue_api_key`."""
    key, secret = _new_credential(organisation, label, now, valid_for, scopes)
    key.must_sign, key.created_by = must_sign, by
    with transaction.atomic():
        key.application = client_row(key)
        key.save(force_insert=True)
        note(Event.KEY_ISSUED, organisation, at=now, subject=f"api_key:{key.pk}")
    return key, secret


def client_row(key: ApiKey) -> Application:
    """The toolkit's row of an OAuth client, on which its tokens hang. Secret, scopes and end are the key's: the row holds none of them."""
    made: Application = Application.objects.create(
        client_id=client_id_of(key), client_secret="", hash_client_secret=False, client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS)
    return made


def client_id_of(key: ApiKey) -> str:
    """What an OAuth client calls itself."""
    return f"cz_{key.prefix}"


def _new_credential(
    organisation: Organisation, label: str, now: datetime, valid_for: timedelta, scopes: Collection[Scope] | None
) -> tuple[ApiKey, str]:
    """Not saved yet, with its secret."""
    label, allowed = label.strip(), SCOPES_OF[Kind(organisation.kind)]
    wanted = allowed if scopes is None else frozenset(scopes)
    if not 1 <= len(label) <= LONGEST_LABEL or not label.isprintable():
        raise LabelMalformed
    if not timedelta() < valid_for <= LONGEST_VALIDITY:
        raise ExpiryOutOfRange(longest=LONGEST_VALIDITY.days)
    if not wanted or not wanted <= allowed:
        raise ScopesUnavailable
    secret = secrets.token_urlsafe(32)
    return ApiKey(
        organisation=organisation, prefix=secrets.token_hex(4), secret_sha256=hashlib.sha256(secret.encode()).digest(),
        label=label, created_at=now, expires_at=now + valid_for, scopes=write_scopes(wanted),
    ), secret


def make_dead_key(organisation: Organisation, *, label: str, now: datetime) -> ApiKey:
    """A credential for the service's own statements to name: no scopes, revoked as it is made, of no secret that anybody could show."""
    return ApiKey.objects.create(
        organisation=organisation, prefix=secrets.token_hex(4), secret_sha256=secrets.token_bytes(32), label=label, created_at=now,
        expires_at=now + timedelta(seconds=1), revoked_at=now, scopes="")


def revoke_api_key(key: ApiKey, *, now: datetime, by: Person | None = None, by_operator: bool = False) -> bool:
    """Whether it was good until now. It bites with the next request, also with tokens that a client holds already.

    `by_operator`: of another organisation's; then the operator's log, which auditors read, has the row too.
    """
    with transaction.atomic():
        if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now, revoked_by=by):
            return False
        if by_operator:
            note_with_operator(Event.KEY_REVOKED, key.organisation, at=now, detail=f"api_key:{key.pk}")
        else:
            note(Event.KEY_REVOKED, key.organisation, at=now, subject=f"api_key:{key.pk}")
    return True


def note_use(key: ApiKey, *, now: datetime) -> None:
    """Remember the minute of the last use; at most one write a minute and key."""
    if key.last_used_at is None or now - key.last_used_at >= timedelta(minutes=1):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)

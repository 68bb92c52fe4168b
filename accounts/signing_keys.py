"""Writes of public keys that an organisation's machines sign with, and of the nonces that their signatures use up."""
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from oauth2_provider.models import AccessToken

from accounts.audit.events import Event
from accounts.audit.recording import note, note_with_operator
from accounts.errors import LabelMalformed, PrivateKeyGiven, PublicKeyMalformed, PublicKeyTaken
from accounts.message_signatures import TOLERANCE_S, Reason, RequestSignature, SignatureRefused
from accounts.models import Organisation, Person, SignatureNonce, SigningKey
from accounts.public_keys import KeyTextMalformed, KeyTextPrivate, read_public_key
from accounts.services import LONGEST_LABEL


def register_signing_key(organisation: Organisation, text: str, *, label: str, by: Person | None, now: datetime) -> SigningKey:
    """The key in `text`, PEM or JWK, registered. Raises LabelMalformed, PublicKeyMalformed, PrivateKeyGiven, PublicKeyTaken."""
    label = label.strip()
    if not 1 <= len(label) <= LONGEST_LABEL or not label.isprintable():
        raise LabelMalformed
    try:
        key = read_public_key(text)
    except KeyTextPrivate:
        raise PrivateKeyGiven from None
    except KeyTextMalformed:
        raise PublicKeyMalformed from None
    try:
        with transaction.atomic():
            made = SigningKey.objects.create(
                organisation=organisation, thumbprint=key.thumbprint, algorithm=key.algorithm, spki=key.spki, label=label,
                created_at=now, created_by=by)
            note(Event.SIGNING_KEY_REGISTERED, organisation, at=now, subject=f"signing_key:{made.pk}")
            return made
    except IntegrityError:
        raise PublicKeyTaken from None


def revoke_signing_key(key: SigningKey, *, now: datetime, by: Person | None, by_operator: bool = False) -> bool:
    """Whether it was good until now; it bites with the next request. `by_operator` as of `services.revoke_api_key`."""
    with transaction.atomic():
        if not SigningKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now, revoked_by=by):
            return False
        if by_operator:
            note_with_operator(Event.SIGNING_KEY_REVOKED, key.organisation, at=now, detail=f"signing_key:{key.pk}")
        else:
            note(Event.SIGNING_KEY_REVOKED, key.organisation, at=now, subject=f"signing_key:{key.pk}")
    return True


def use_nonce(key: SigningKey, claimed: RequestSignature) -> None:
    """Use the signature's nonce up. Raises SignatureRefused when it was used before: of two requests at once, one passes."""
    # As long as a signature of that time could pass, and a second for the fraction that `created` leaves out.
    until = datetime.fromtimestamp(claimed.created, tz=timezone.get_default_timezone()) + timedelta(seconds=TOLERANCE_S + 1)
    try:
        with transaction.atomic():
            SignatureNonce.objects.create(signing_key=key, nonce=claimed.nonce, expires_at=until)
    except IntegrityError:
        raise SignatureRefused(Reason.REPLAYED) from None


def forget_expired(*, now: datetime) -> None:
    """Delete nonces of signatures, and access tokens, that are too old to be accepted."""
    SignatureNonce.objects.filter(expires_at__lt=now).delete()
    AccessToken.objects.filter(expires__lt=now).delete()

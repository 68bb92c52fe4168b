"""A request that is signed by RFC 9421, held against the public keys of the organisation whose credential it shows.

A signature is a second proof beside the credential, never instead of it; what is signed at all must be signed right, and a key that must
sign is good for nothing without. The body itself is read later: its bytes are held against the signed Content-Digest while they arrive
(`common.content_digest`), and before anything is written.
"""
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from accounts.message_signatures import Reason, RequestSignature, SignatureRefused, read_signature, verify_signature
from accounts.models import ApiKey
from accounts.selectors import signing_key_for
from accounts.signing_keys import use_nonce
from common.content_digest import ALGORITHMS
from common.errors import SignatureInvalid

FIELDS = ("content-digest", "content-type", "idempotency-key", "authorization")


def verify_request(request: HttpRequest, credential: ApiKey, *, now: datetime) -> None:
    """Nothing, when there is no signature and none is asked for. Raises SignatureInvalid with the reason."""
    described, signed = request.headers.get("Signature-Input"), request.headers.get("Signature")
    if described is None and signed is None and not credential.must_sign:
        return
    try:
        if described is None or signed is None:
            raise SignatureRefused(Reason.MISSING)
        _verify(request, credential, read_signature(described, signed), now=now)
    except SignatureRefused as refused:
        raise SignatureInvalid(reason=refused.reason) from None


def _verify(request: HttpRequest, credential: ApiKey, claimed: RequestSignature, *, now: datetime) -> None:
    if _has_body(request):
        if "content-digest" not in claimed.components:
            raise SignatureRefused(Reason.BODY_NOT_COVERED)
        # Of a field with none of these nothing would be compared with the body.
        if not any(f"{algorithm}=" in request.headers.get("Content-Digest", "") for algorithm in ALGORITHMS):
            raise SignatureRefused(Reason.DIGEST)
    key = signing_key_for(credential.organisation, claimed.keyid)
    if key is None:
        raise SignatureRefused(Reason.KEY_UNKNOWN)
    verify_signature(claimed, key.public_key, component_values(request), now=int(now.timestamp()))
    use_nonce(key, claimed)


def _has_body(request: HttpRequest) -> bool:
    return request.headers.get("Content-Length", "") not in ("", "0") or "Transfer-Encoding" in request.headers


def component_values(request: HttpRequest) -> dict[str, str]:
    """What a signature may cover of this request, as far as it is there.

    SPEC: RFC 9421 2.2.2: the target URI is the public one, `CUNZHENG_URL` with path and query, whatever host a proxy in between asks for.
    """
    values = {"@method": str(request.method), "@target-uri": settings.PUBLIC_URL + request.get_full_path()}
    return values | {name: request.headers[name] for name in FIELDS if name in request.headers}

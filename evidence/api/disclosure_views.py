"""POST /api/v1/disclosures: number and digest in the body, never in a URL that proxies would keep."""
import base64

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import ApiKey
from common.bodies import answer, read_json
from evidence.api import payloads, schema
from evidence.custody import CustodyAction
from evidence.disclosure import disclose_file
from evidence.limits import count_verification
from evidence.proofs import proof_of
from evidence.trail import done_by_credential, note_happening


class DisclosureView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(**schema.DISCLOSURE)
    def post(self, request: Request) -> HttpResponse:
        key = request.auth if isinstance(request.auth, ApiKey) else None
        count_verification(request._request, key, now=timezone.now())
        wanted = payloads.decode(read_json(request), payloads.DisclosureRequest)
        now = timezone.now()
        found = disclose_file(wanted.record, bytes.fromhex(wanted.sha256), today=now.date())
        # Before the row: a record that is not published yet is refused, and nothing of it was disclosed.
        proof = proof_of(found.record)
        note_happening(found.record.pk, done_by_credential(key, CustodyAction.DISCLOSED), now=now)
        return answer({
            "record": found.record.record,
            "statement": base64.b64encode(bytes(found.record.statement)).decode(),
            "claim": {
                "name": found.claim.name,
                "json": base64.b64encode(found.claim.data).decode(),
                "salt": base64.b64encode(found.claim.salt).decode(),
            },
            "proof": proof.proof.decode(),
        })

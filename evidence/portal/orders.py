"""登记调取令 in one step: the document is deposited as the court's own record, then the order is written down for the second person.

What can be judged without the document is judged before it is deposited, so that a mistake in the form costs no record. The form's key
makes one record of it: when the order was refused after all, or the connection broke between the two, sending the form again goes on
where it stopped. What this does not do: open the order; that a second person does (`cases.portal.docket`).
"""
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.permissions import Act, Kind
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.errors import NamedCasesUnknown, OrderPaperMissing
from cases.orders import check_order, upload_order
from cases.portal.docket import orders_page, paper_of
from common.errors import DomainError
from common.idempotency import IdempotentRequest
from common.refused import Refused
from evidence.capture import DepositItem
from evidence.errors import InvalidRecord
from evidence.intake import admit, deposit_upload
from evidence.kinds import COURT_ORDER
from evidence.multipart import NamedPart, Originals
from evidence.order_names import note_unknown, ordered_refs
from evidence.portal.bounded_forms import bounded
from evidence.portal.deposit_form import file_of, key_of
from evidence.portal.work import depositor_of

LARGEST_BYTES = 20 * 1024**2


@bounded(LARGEST_BYTES)
@require_POST
@needs_act(Act.PREPARE)
def add_order(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
    """With a file, deposit it and write the order down; without one, on a document that the court deposited before."""
    form, now = request.POST, timezone.now()
    file, document = request.FILES.get("file"), form.get("document", "").strip()
    try:
        if file is None and not document:
            raise OrderPaperMissing(pointer="/file")
        cases = ordered_refs(form.get("cases", "").splitlines(), form.get("lender", "")) if viewer.kind == Kind.COURT else []
        paper = paper_of(form, document, cases, now=now)
        check_order(viewer, paper, now=now)
        if isinstance(file, UploadedFile):
            document = _deposited(viewer, file, paper.number, form.get("key", ""), now=now)
        upload_order(viewer, paper_of(form, document, cases, now=now), now=now)
    except DomainError as error:
        if isinstance(error, NamedCasesUnknown):
            note_unknown(viewer, error, now=now)
        return orders_page(request, viewer, refused=Refused("order", error, form))
    return HttpResponseRedirect(reverse("orders"))


def _deposited(viewer: Viewer, file: UploadedFile, number: str, key: str, *, now: datetime) -> str:
    """The number of the document's record. Raises InvalidRecord, and what a deposit raises; nothing was written then."""
    depositor, upload = depositor_of(viewer), Originals(viewer.organisation.ref)
    if not file.size:
        raise InvalidRecord(pointer="/file", reason=_("请选择要存证的文件。"))

    def read() -> tuple[DepositItem, IdempotentRequest]:
        upload.take_file(file.chunks())
        [stored] = upload.stored
        named = file_of(NamedPart(file.name or "", file.content_type or ""), stored)
        words = " ".join(number.split())
        retry = key_of(key, f"order {words} {stored.sha256.hex()}", depositor.actor)
        return DepositItem(f"调取令 {words}", COURT_ORDER, words, (named,), by_service=True), retry

    admit(depositor, retried=True, now=now)
    return deposit_upload(depositor, upload, read).records[0]

"""A machine's clock measured against ours: it says what time it has when it sends, in `Client-Time`, and we compare when the request comes.

The way of the request is in the figure, as it is in a browser's. A depositor that measured its source's clock better says so itself, in
`provenance.clock_offset_ms`, and that stands; without either it stays null: unknown. The header is no part of the request's fingerprint, so
that a retry is the same request.
"""
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import cast

from django.utils.translation import gettext as _
from rest_framework.request import Request

from common.faults import HeaderMalformed, RequestMalformed
from evidence.capture import DepositItem
from evidence.kinds.words import MEASURED
from tlog.errors import VerificationError
from tlog.times import parse_time

HEADER = "Client-Time"


def measured_offset(request: Request, *, arrived: datetime) -> int | None:
    """Milliseconds by which the client's clock is ahead of ours; None when it does not say. Raises RequestMalformed."""
    said = request.headers.get(HEADER)
    if said is None:
        return None
    try:
        return round((parse_time(said) - arrived).total_seconds() * 1000)
    except VerificationError:
        raise HeaderMalformed(header=HEADER, wanted="2026-11-23T08:00:00.123Z") from None


def with_offset(item: DepositItem, offset_ms: int | None, *, base: str = "") -> DepositItem:
    """The item with the clock that was measured, where it does not tell one. Raises RequestMalformed when it claims our measurement."""
    environment = cast("Mapping[str, str] | None", item.provenance.get("environment")) or {}
    if MEASURED in environment:
        raise RequestMalformed(
            pointer=f"{base}/provenance/environment/{MEASURED}", reason=_("这一项由本服务填写；请改用 Client-Time 首部。"))
    if offset_ms is None or item.provenance.get("clock_offset_ms") is not None:
        return item
    measured = {"clock_offset_ms": offset_ms, "environment": {**environment, MEASURED: "client-time"}}
    return replace(item, provenance={**item.provenance, **measured})

"""The home page: what the log promises, and where it stands at this moment; and the instructions for running a witness of one's own."""
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views import View
from django.views.decorators.cache import never_cache

from ledger.portal.standing import standing


@method_decorator(never_cache, name="dispatch")
class HomeView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        return render(request, "ledger/home.html", {"standing": standing(now), "now": now, "public_url": settings.PUBLIC_URL})


@method_decorator(never_cache, name="dispatch")
class WitnessGuideView(View):
    """`docs/witness.md` in the reader's language, as it stands in the repository."""

    def get(self, request: HttpRequest) -> HttpResponse:
        name = "witness.md" if get_language() == "en" else "witness.zh-CN.md"
        text = (settings.BASE_DIR / "docs" / name).read_bytes()
        return HttpResponse(text, content_type="text/plain; charset=utf-8")

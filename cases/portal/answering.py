"""The one shape of the forms of access: read what was typed, do it, go back to the page; refused, the page again with the reason.

A view of such a form is only its deed. What the address names and is not there, and what the viewer's role may not do, is nothing that
he could type otherwise: those refusals are pages of their own (`common.problems`).
"""
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone

from accounts.viewer import Viewer
from cases.portal.listing import here
from common.errors import DomainError
from common.problems import Forbidden
from common.refused import Refused

P = ParamSpec("P")
Deed = Callable[Concatenate[Viewer, QueryDict, datetime, P], None]
"""Viewer, what was typed, the moment, and what the address names. Raises DomainError."""


class Shown(Protocol):
    """A page that shows itself, with a form that was refused when there is one."""

    def __call__(self, request: HttpRequest, viewer: Viewer, /, *, refused: Refused | None = None) -> HttpResponse: ...


def form_of(page: Shown, form: str, *, back: str) -> Callable[[Deed[P]], Callable[Concatenate[HttpRequest, Viewer, P], HttpResponse]]:
    """Makes a view of a deed. `form` begins the ids of its fields, `{ref}` in it is the address's; `back` names the page's route."""

    def decorated(deed: Deed[P]) -> Callable[Concatenate[HttpRequest, Viewer, P], HttpResponse]:
        @wraps(deed)
        def answered(request: HttpRequest, viewer: Viewer, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                deed(viewer, request.POST, timezone.now(), *args, **kwargs)
            except DomainError as error:
                if isinstance(error, Forbidden) or (error.status == 404 and error.pointer is None):
                    raise
                return page(request, viewer, refused=Refused(form.format(**kwargs), error, request.POST))
            return HttpResponseRedirect(reverse(back) + here(request))

        return answered

    return decorated

"""Forms with files: refused by their length before a byte of them is read.

Django parses the whole body to find the form's token, and files of any size with it, before a view has its say. So the length that the
sender declares is judged first, and the token after; a body without a length is refused.
"""
import re
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from common.problems import PayloadTooLarge

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
LENGTH = re.compile(r"[0-9]{1,12}", re.ASCII)
# Field names, boundaries and what people type.
FRAME_BYTES = 64 * 1024


def bounded(files_bytes: int) -> Callable[[View[P]], View[P]]:
    """The form may carry so many bytes of files. Outermost of a view's decorators. Raises PayloadTooLarge."""

    def decorated(view: View[P]) -> View[P]:
        protected = csrf_protect(view)

        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method == "POST" and not LENGTH.fullmatch(request.headers.get("Content-Length", "")):
                raise PayloadTooLarge
            if request.method == "POST" and int(request.headers["Content-Length"]) > files_bytes + FRAME_BYTES:
                raise PayloadTooLarge
            return protected(request, *args, **kwargs)

        return csrf_exempt(guarded)

    return decorated

"""The one map from errors to HTTP: RFC 9457 `application/problem+json` for machines, a page with the same code for people.

DRF views pass through `exception_handler`; what fails outside DRF (unknown route, refused upload, a bug) through
`ProblemMiddleware` and the handlers that `config.urls` names. Below `/api/`, `/log/` and `/oauth/` the answer is JSON, elsewhere a
page in the reader's language. An unknown exception becomes an opaque 500 with a log id; neither the answer nor the log has its text,
which might quote evidence.
Source: RFC 9457 (Problem Details for HTTP APIs).
"""
import json
import logging
import secrets
import sys
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError
from rest_framework import exceptions as drf

from common.errors import DomainError
from common.failures import DATABASE_FAILURES, let_go, where

logger = logging.getLogger(__name__)

FOR_MACHINES = ("/api/", "/log/", "/oauth/")


class NotFound(DomainError):
    code = "not-found"
    status = 404
    title = _("没有这个地址或记录")
    detail = _("请核对地址或存证编号；不属于您机构的记录同样显示为不存在。")


class BadRequest(DomainError):
    code = "bad-request"
    title = _("请求无法理解")
    detail = _("请求的格式不正确，请对照接口文档修改后重试。")


class TooManyFields(DomainError):
    """A form with more fields than any of ours has, or an address with as many members."""

    code = "too-many-fields"
    title = _("提交的项数过多")
    detail = _("一次至多提交 {limit} 项，没有作任何改动；请减少勾选的行数，分批办理，或使用“全部”一次办理。")

    def __init__(self) -> None:
        super().__init__(limit=settings.DATA_UPLOAD_MAX_NUMBER_FIELDS)


class MethodNotAllowed(DomainError):
    code = "method-not-allowed"
    status = 405
    title = _("该地址不支持此方法")
    detail = _("请对照接口文档使用正确的 HTTP 方法。")


class UnsupportedMediaType(DomainError):
    code = "unsupported-media-type"
    status = 415
    title = _("不支持的内容类型")
    detail = _("请使用接口文档规定的 Content-Type。")


class NotAuthenticated(DomainError):
    code = "not-authenticated"
    status = 401
    title = _("缺少或无效的接口凭证")
    detail = _("请在 Authorization 头中提供 Bearer 接口密钥或访问令牌；它可能已过期或被撤销。")


class Forbidden(DomainError):
    code = "forbidden"
    status = 403
    title = _("无权执行此操作")
    detail = _("当前凭证没有所需的权限。")


class FormExpired(DomainError):
    """A form without the token of the page that it came from: forged, or older than the session."""

    code = "form-expired"
    status = 403
    title = _("表单已失效")
    detail = _("出于安全考虑，本次提交未被受理；请返回原页面刷新后重新提交，并确认浏览器允许本站 Cookie。")


class TooManyRequests(DomainError):
    code = "too-many-requests"
    status = 429
    title = _("尝试过于频繁")
    detail = _("为防止猜测密码或密钥，请稍候几分钟再试。")


class PayloadTooLarge(DomainError):
    code = "payload-too-large"
    status = 413
    title = _("请求内容过大")
    detail = _("请求超过了上限，请减小后重试。")


class StorageUnavailable(DomainError):
    """The database, an object store or the counters' Redis refused, or was lost: nothing was acknowledged, nothing is half-written.

    Whether anything was written may be unknown: a connection can be lost during COMMIT.
    """

    code = "storage-unavailable"
    status = 503
    title = _("存储暂不可用")
    detail = _("存储没有确认本次请求；请稍后用相同的 Idempotency-Key 重试：此前若已写入，将得到同一份回执，不会重复存证。")


class InternalError(DomainError):
    code = "internal-error"
    status = 500
    title = _("服务内部错误")
    detail = _("请把编号 {log_id} 告知运营方。")


def problem_response(error: DomainError) -> HttpResponse:
    """`error` as problem+json, in the active language; 503 and 429 carry Retry-After."""
    body: dict[str, object] = {
        "type": f"urn:cunzheng:problem:{error.code}", "title": str(error.title), "status": error.status,
        "detail": error.sentence(), "code": error.code, **error.data,
    }
    faults = error.faults or ([(error.pointer, error.sentence())] if error.pointer is not None else [])
    if faults:
        body["errors"] = [{"pointer": f"#{pointer}", "detail": reason} for pointer, reason in faults]
    response = HttpResponse(json.dumps(body, ensure_ascii=False), status=error.status, content_type="application/problem+json")
    if error.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return _with_headers(response, error)


def problem_page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """`error` as a page in the active language: what happened, what to do next, the code to quote."""
    return _with_headers(render(request, "problem.html", {"error": error}, status=error.status), error)


def _with_headers(response: HttpResponse, error: DomainError) -> HttpResponse:
    response["Content-Language"] = get_language() or "zh-hans"
    response["Cache-Control"] = "no-store"
    if error.status in (429, 503):
        response["Retry-After"] = str(error.retry_after_s or 5)
    return response


def answer_problem(request: HttpRequest, error: DomainError) -> HttpResponse:
    """JSON where machines ask, or a script of a page of ours; a page where people do."""
    return problem_response(error) if request.path.startswith(FOR_MACHINES) or wants_json(request) else problem_page(request, error)


def wants_json(request: HttpRequest) -> bool:
    """Whether a script of ours asks."""
    return request.headers.get("Accept") == "application/json"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return answer_problem(request, TooManyFields() if isinstance(exception, TooManyFieldsSent) else BadRequest())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django names the arguments
    """Django's handler404."""
    return answer_problem(request, NotFound())


def csrf_failure(request: HttpRequest, reason: str) -> HttpResponse:  # noqa: ARG001 - Django names the arguments
    """Django's CSRF_FAILURE_VIEW. The reason would help whoever forges requests."""
    return answer_problem(request, FormExpired())


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """django-allauth's handler429."""
    return answer_problem(request, TooManyRequests(retry_after_s=60))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500, for what fails outside views: the gate asks the database before each page. Django calls it while it handles.

    Django's own line about it is switched off (settings.LOGGING), so it is judged and logged as what a view raises.
    """
    failure = sys.exception()
    assert isinstance(failure, Exception), "there is something to answer for"
    return answer_problem(request, as_domain_error(failure))


DRF_ERRORS: tuple[tuple[type[Exception], type[DomainError]], ...] = (
    (drf.NotAuthenticated, NotAuthenticated), (drf.AuthenticationFailed, NotAuthenticated), (drf.PermissionDenied, Forbidden),
    (PermissionDenied, Forbidden),
    (drf.NotFound, NotFound), (Http404, NotFound), (drf.MethodNotAllowed, MethodNotAllowed),
    (drf.UnsupportedMediaType, UnsupportedMediaType), (RequestDataTooBig, PayloadTooLarge), (UnreadablePostError, BadRequest),
    (TooManyFieldsSent, TooManyFields),
    (MultiPartParserError, BadRequest), (drf.APIException, BadRequest), (SuspiciousOperation, BadRequest),
    *((failure, StorageUnavailable) for failure in (*DATABASE_FAILURES, RedisError)), (OSError, StorageUnavailable),
)


def as_domain_error(exc: Exception) -> DomainError:
    """The refusal that stands for `exc`; what nobody foresaw is logged and becomes `internal-error`."""
    if isinstance(exc, DomainError):
        return exc
    for known, error in DRF_ERRORS:
        if isinstance(exc, known):
            if issubclass(error, StorageUnavailable):
                logger.error("storage refused: %s", where(exc))
                let_go(exc)
            return error()
    log_id = secrets.token_hex(6)
    logger.error("internal error %s: %s", log_id, where(exc))
    return InternalError(log_id=log_id)


def exception_handler(exc: Exception, _context: dict[str, object]) -> HttpResponse:
    """DRF's EXCEPTION_HANDLER."""
    return problem_response(as_domain_error(exc))


class ProblemMiddleware:
    """Answers what a view raised and nobody caught, a method that it does not have, and an address that nothing can stand under.

    What no route matches comes to the handlers above.

    It stands next to the views, so that its answers get the headers that every answer gets.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # No text in PostgreSQL holds this character, and the driver calls an address with it in a query a bug of the program.
        if "\0" in request.path_info:
            return answer_problem(request, NotFound())
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        # SPEC: RFC 9110 15.5.6: a 405 names the methods that there are, in Allow.
        problem = answer_problem(request, MethodNotAllowed())
        problem["Allow"] = response["Allow"]
        return problem

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse:
        return answer_problem(request, as_domain_error(exc))

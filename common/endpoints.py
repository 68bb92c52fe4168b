"""How an endpoint is described: arguments for drf-spectacular's `extend_schema`, made from types and error classes.

Bodies are named by the msgspec types that decode or describe them; `config.openapi` adds those types' schemas. Refusals are
named by their DomainError classes, so a code can be neither misspelt nor kept after its class is gone.
"""
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Annotated, Any, NotRequired, TypedDict, Unpack

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from msgspec import UNSET, Meta, Struct, UnsetType

from common import problems
from common.errors import DomainError, OrganisationNotWorking, OrganisationOnTrial, ScopeMissing, SignatureInvalid

Schema = dict[str, Any]
Responses = dict[int | tuple[int, str], OpenApiResponse]
Refusals = tuple[type[DomainError], ...]

JSON, PROBLEM = "application/json", "application/problem+json"

# Every endpoint may answer these; a credential that was sent and is not usable is refused on public endpoints too.
ALWAYS: Refusals = (
    problems.BadRequest, problems.NotAuthenticated, SignatureInvalid, OrganisationNotWorking, problems.TooManyRequests,
    problems.InternalError, problems.StorageUnavailable,
)


class Fault(Struct, forbid_unknown_fields=True):
    """`pointer`: an RFC 6901 JSON pointer into the request, after `#`."""

    pointer: Annotated[str, Meta(pattern=r"^#(/|$(?!\n))")]
    detail: str


class Problem(Struct):
    """RFC 9457. `code` is stable and for programs; `title` and `detail` are for people, in the language of Accept-Language.

    Further members name the limit or the figure that a refusal met.
    """

    type: Annotated[str, Meta(pattern="^urn:cunzheng:problem:")]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    code: str
    errors: tuple[Fault, ...] | UnsetType = UNSET


class Endpoint(TypedDict):
    """`success` by (status, media type), or by the status alone where there is no body; `request` by media type, None without a body.

    `public`: no credential is needed, and so no scope.
    """

    tag: str
    success: Responses
    refusals: Refusals
    request: NotRequired[Mapping[str, Any]]
    parameters: NotRequired[Sequence[OpenApiParameter]]
    public: NotRequired[bool]


def endpoint(name: str, summary: str, description: str, **told: Unpack[Endpoint]) -> dict[str, Any]:
    """Arguments for `extend_schema`. `name` is the operation's id; the summary and the description speak English, then Chinese."""
    described: dict[str, Any] = {
        "operation_id": name, "summary": summary, "description": description, "tags": [told["tag"]],
        "request": told.get("request"), "parameters": [*told.get("parameters", ()), CHALLENGE, RETRY_AFTER],
    }
    public = told.get("public", False)
    refusals = {*ALWAYS, *told["refusals"], *(() if public else (ScopeMissing, OrganisationOnTrial))}
    described["responses"] = {**told["success"], **refused(refusals)}
    return {**described, "auth": []} if public else described


def ref(struct: type[Struct]) -> Schema:
    return {"$ref": f"#/components/schemas/{struct.__name__}"}


def found(struct: type[Struct], description: str) -> Responses:
    """200 with this type in JSON."""
    return {(200, JSON): OpenApiResponse(ref(struct), description=description)}


def refused(refusals: Iterable[type[DomainError]]) -> Responses:
    """One problem+json response for each status, listing its codes."""
    responses: Responses = {}
    for status, group in groupby(sorted(refusals, key=lambda error: (error.status, error.code)), key=lambda error: error.status):
        errors = list(group)
        members = {"code": {"enum": [error.code for error in errors]}, "status": {"const": status}}
        # The code is the refusal's English name; its title is written in Chinese first.
        text = "; ".join(f"`{error.code}` {source_text(error.title)}" for error in errors)
        responses[status, PROBLEM] = OpenApiResponse({**ref(Problem), "properties": members}, description=text)
    return responses


def source_text(title: Any) -> str:
    """What a lazy translation was made from: the document is the same whatever language is active."""
    return title if isinstance(title, str) else str(title._args[0])


def header(name: str, description: str, *, response: Sequence[int] = (), **schema: Any) -> OpenApiParameter:
    """A request header, or a header that the responses with these statuses always carry."""
    return OpenApiParameter(
        name, {"type": "string", **schema}, OpenApiParameter.HEADER, description=description, required=bool(response),
        response=list(response) or False,
    )


def query(name: str, description: str, **schema: Any) -> OpenApiParameter:
    return OpenApiParameter(name, schema, OpenApiParameter.QUERY, description=description)


REPR_DIGEST = header("Repr-Digest", "RFC 9530: SHA-256 of the whole answer. 应答内容的 SHA-256 摘要。", response=(200,))
CHALLENGE = header("WWW-Authenticate", "RFC 6750. 需要接口密钥或访问令牌。", response=(401,), const="Bearer")
RETRY_AFTER = header("Retry-After", "Seconds. 请在若干秒后重试。", response=(429, 503), pattern="^[0-9]+$")

"""Names the two ways of showing a credential in the OpenAPI document, and for each endpoint the scope that it needs.

`DEFAULT_SCHEMA_CLASS` names this module, so that it is loaded by whoever describes endpoints, and not by commands and workers.
"""
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from accounts.api.authentication import MachineAuthentication
from accounts.scopes import SCOPES

__all__ = ["AutoSchema", "MachineScheme"]

KEY = (
    "API key, cz_<prefix>_<secret>. A request may be signed by RFC 9421 besides, and must be where the key says so: docs/api/machines.md. "
    "接口密钥；请求可另行按 RFC 9421 签名，密钥要求时必须签名。"
)
CLIENT = "RFC 6749 4.4: a client's id and secret give an opaque token, good for ten minutes. 以客户端凭证换取十分钟有效的令牌。"


class MachineScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = MachineAuthentication
    name = ["apiKey", "oauth2"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        scopes = {str(scope): f"{rule.label.en} · {rule.label.zh}" for scope, rule in SCOPES.items()}
        flow = {"tokenUrl": settings.TOKEN_PATH, "scopes": scopes}
        return [
            {"type": "http", "scheme": "bearer", "description": KEY},
            {"type": "oauth2", "flows": {"clientCredentials": flow}, "description": CLIENT},
        ]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        # SPEC: OpenAPI 3.1: what a credential must hold may be listed for every type of scheme.
        scope = [str(auto_schema.view.scopes[auto_schema.method])]
        return [{"apiKey": scope}, {"oauth2": scope}]

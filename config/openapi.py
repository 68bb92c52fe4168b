"""The last step of the OpenAPI document: schemas of the types that decode requests and describe answers.

drf-spectacular reads routes, methods and security off the views; each room's `api/schema.py` says the rest of each endpoint by
reference; here the references get their targets, made by msgspec from the very types. Run by `make openapi`.
Source: OpenAPI 3.1.1; JSON Schema 2020-12.
"""
import inspect
from typing import Any

import msgspec

from cases.api import access_answers, access_payloads
from cases.api import answers as case_answers
from cases.api import payloads as case_payloads
from common.endpoints import Problem
from evidence.api import answers, completeness_views, kind_answers, payloads, relation_views
from notifications.api import answers as notification_answers
from notifications.api import payloads as notification_payloads

TYPES = (
    payloads.Deposit, payloads.Batch, payloads.DisclosureRequest, payloads.DigestToVerify,
    payloads.ReckoningDeposit,
    answers.Acknowledgement, answers.OwnRecord, answers.RecordPage, answers.PublicRecord, answers.Statement, answers.Timestamps,
    answers.Disclosure, answers.Report, Problem, *kind_answers.TYPES, *relation_views.TYPES, *completeness_views.TYPES,
    *notification_payloads.TYPES, *notification_answers.TYPES, *case_payloads.TYPES, *case_answers.TYPES,
    *access_payloads.TYPES, *access_answers.TYPES,
)
# What `subject.metadata` may hold: the rules of claims (no floats, keys of [a-z0-9_], no U+0000), judged where the claim is made.
VALUE: dict[str, Any] = {
    "description": "JSON without floats: amounts, coordinates and fractions are strings.",
    "anyOf": [
        {"type": ["null", "boolean"]},
        {"type": "integer", "minimum": 1 - 2**53, "maximum": 2**53 - 1},
        {"type": "string", "pattern": "^[^\\x00]*$"},
        {"type": "array", "items": {"$ref": "#/components/schemas/Value"}},
        {"type": "object", "propertyNames": {"pattern": "^[a-z0-9_]+$"}, "additionalProperties": {"$ref": "#/components/schemas/Value"}},
    ],
}


def add_components(result: dict[str, Any], **_context: object) -> dict[str, Any]:
    """drf-spectacular's POSTPROCESSING_HOOKS: `result` with the components, and with every request body required."""
    _, schemas = msgspec.json.schema_components(TYPES, ref_template="#/components/schemas/{name}")
    components = {**{name: tidied(schema) for name, schema in schemas.items()}, "Value": VALUE}
    result["components"]["schemas"] = dict(sorted(components.items()))
    for operations in result["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
    return result


def tidied(schema: Any) -> Any:
    r"""`schema` with patterns as ECMAScript writes them, whose `$` does not let a final newline pass, and with dedented descriptions.

    Defaults that are only `null` say nothing that the type does not.
    """
    if isinstance(schema, list):
        return [tidied(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: tidied(value) for key, value in schema.items() if not (key == "default" and value is None)}
    if isinstance(tidy.get("pattern"), str):
        tidy["pattern"] = tidy["pattern"].replace("$(?!\\n)", "$")
    if isinstance(tidy.get("description"), str):
        tidy["description"] = inspect.cleandoc(tidy["description"])
    return tidy

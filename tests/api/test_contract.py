"""Schemathesis: what the OpenAPI document promises, asked of the service by generated requests, right and wrong ones.

Each operation meets a database of its own with records of two organisations in it, through the WSGI application in this process,
beside a running sequencer where it deposits. The requests are the same in every run; CUNZHENG_CONTRACT_EXAMPLES=1000 in the
environment asks for more of them (and takes minutes).
"""
import hashlib
import itertools
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from zlib import crc32

import jsonschema_rs
import pytest
import schemathesis
import yaml
from django.db import connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, settings
from pytest_django import Settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.api import failures
from accounts.models import Organisation
from accounts.services import create_organisation, issue_api_key
from cases.importing.columns import COLUMNS, PAYMENT_COLUMNS, template_csv
from common.stopping import Stop
from config.wsgi import application
from evidence.models import Evidence
from ledger.keys import log_signer
from ledger.selectors import log_origin
from ledger.sequencer.service import Sequencer, run
from ledger.storage import log_store
from notifications.events import RECORD_TIMESTAMPED
from notifications.models import Notice, WebhookEndpoint
from notifications.services import create_webhook, disable, rotate_secret, send_test
from tests.cases.case_files import case_body
from tests.databases import ROOT
from tests.depositing import deposit_body, document
from tlog.errors import VerificationError
from tlog.times import parse_time

Case = schemathesis.Case[Any]
Stamp = Callable[[], None]
Test = TypeVar("Test", bound=Callable[..., None])

EXAMPLES = int(os.environ.get("CUNZHENG_CONTRACT_EXAMPLES", "25"))
BOUNDED = settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
    # The database is made once for each operation, not for each request: an API is asked many times, too.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
# To generate a whole case file takes ten times as long as any other body, so a fifth as many are asked for.
FEWER = settings(BOUNDED, max_examples=max(1, EXAMPLES // 5))
WHOLE_FILES = {"path_regex": r"/cases(/\{case\})?$", "method": ["POST", "PUT"]}
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance,
    ignored_auth,
]
FILE = b"one file"
VALID_KEY = re.compile(r"(?! )[\x20-\x7e]{1,128}(?<! )")
NOON = "2026-11-23T12:00:00.000Z"
UNKNOWN = "CZ-20261123-01234-56789-W"

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "docs/api/openapi.yaml").read_text(encoding="utf-8"))


def contract() -> Any:
    """The committed document, less the one header that no generator can guess: Content-Digest is of the body (test_deposit.py)."""
    for operation in (operation for item in DOCUMENT["paths"].values() for operation in item.values()):
        operation["parameters"] = [each for each in operation.get("parameters", ()) if each["name"] != "Content-Digest"]
    loaded = schemathesis.openapi.from_dict(DOCUMENT)
    loaded.app = application
    # Too deep, too many: a limit that is named is a refusal, too.
    loaded.config.checks.negative_data_rejection.expected_statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422"]
    return loaded


api = contract()


def generated(operations: Any, bounds: settings = BOUNDED) -> Callable[[Test], Test]:
    """Runs a test for each of the operations, with bounded and repeatable requests."""
    def decorate(test: Test) -> Test:
        quiet = pytest.mark.filterwarnings("ignore:Generating overly large repr:hypothesis.errors.HypothesisWarning")
        decorated: Test = operations.parametrize()(bounds(quiet(test)))
        return decorated

    return decorate


@dataclass(frozen=True)
class World:
    """What a generator cannot know: numbers of records (own and stamped, own and queued, a stranger's, nobody's), a package, a counter.

    And ids of webhooks (own, own and disabled, a stranger's, nobody's), of notices (own, a stranger's, nobody's) and of cases (own with a
    file, own without one, a stranger's, nobody's).
    """

    key: str
    records: tuple[str, ...]
    package: bytes
    webhooks: tuple[str, ...]
    notices: tuple[str, ...]
    cases: tuple[str, ...]
    imports: tuple[str, ...]
    count: Iterator[int] = field(default_factory=itertools.count)

    def record(self, case: Case) -> str:
        return self.records[self.chance(case, len(self.records))]

    @staticmethod
    def chance(case: Case, sides: int) -> int:
        """A die that falls alike in every run."""
        return crc32(repr((case.path_parameters, case.query, case.body)).encode()) % sides


@pytest.fixture
def world(key: str, client: Client, stamp: Stamp, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> World:
    # Each request is repeated with a wrong key, from one address; how often that may be tried is another test's question.
    monkeypatch.setattr(failures, "FAILURES_PER_MINUTE", 1_000_000)
    now = timezone.now()
    other = create_organisation("另一机构", now=now)
    stranger = issue_api_key(other, label="test", now=now, valid_for=timedelta(days=1))[1]

    def deposited(by: str) -> str:
        data, kind = deposit_body(document(), FILE)
        answer = client.post("/api/v1/evidence", data, content_type=kind, headers={"Authorization": f"Bearer {by}"})
        return str(answer.json()["records"][0]["record"])

    stamped, foreign = deposited(key), deposited(stranger)
    stamp()
    package: Any = client.get(f"/api/v1/evidence/{stamped}/package", headers={"Authorization": f"Bearer {key}"})
    webhooks, notices = webhooks_and_notices(Organisation.objects.exclude(pk=other.pk).get(), other)
    made = client.post("/api/v1/cases", case_body(), content_type="application/json", headers={"Authorization": f"Bearer {key}"}).json()
    cases = [made["case"], *(Evidence.objects.get(record=number).case.ref for number in (stamped, foreign)), "0" * 32]
    files = (("", template_csv(COLUMNS).replace(b"LN-", b"LX-")), ("/payments", template_csv(PAYMENT_COLUMNS)))
    checked = [
        client.post(f"/api/v1/cases/imports{kind}", file, content_type="application/octet-stream",
                    headers={"Authorization": f"Bearer {key}"}).json()["import"]
        for kind, file in files]
    assert None not in checked
    numbers = (stamped, deposited(key), foreign, UNKNOWN)
    return World(key, numbers, b"".join(package.streaming_content), webhooks, notices, tuple(cases), (*checked, "0" * 32))


def webhooks_and_notices(own: Organisation, other: Organisation) -> tuple[tuple[str, ...], tuple[str, ...]]:
    now = timezone.now()
    in_use, disabled, foreign, foreign_disabled = (
        create_webhook(who, url="https://hook.example/", events=[RECORD_TIMESTAMPED], networks=(), now=now)[0]
        for who in (own, own, other, other))
    for endpoint in (disabled, foreign_disabled):
        disable(endpoint, WebhookEndpoint.GONE, now=now)
    rotate_secret(in_use, overlap=timedelta(days=1), now=now)
    send_test(in_use, now=now)
    notices = [Notice.objects.get(subject=endpoint.ref).ref for endpoint in (disabled, foreign_disabled)]
    return (in_use.ref, disabled.ref, foreign.ref, "0" * 32), (*notices, "0" * 32)


@pytest.fixture
def sequencer(world: World, settings: Settings) -> Iterator[None]:
    """The sequencer beside the test, as its process would run."""
    settings.CHECKPOINT_INTERVAL_S = 0.1
    stop = Stop()

    def work() -> None:
        run(lambda: Sequencer(log_store(), log_signer(log_origin()), timezone.now), stop)
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.ask()
    thread.join()


@generated(api.include(path_regex="/evidence(/batch)?$", method="POST"))
def test_deposits_are_as_documented(case: Case, world: World, sequencer: None) -> None:
    right, die, body = is_right(case), world.chance(case, 8), case.body
    if die:
        case.headers.pop("Prefer", None)  # waiting takes its time
    if die % 4 and VALID_KEY.fullmatch(case.headers.get("Idempotency-Key", "")):
        # Else one key would stand for the first request and all others be refused for it.
        case.headers["Idempotency-Key"] = f"{next(world.count)}-{case.headers['Idempotency-Key']}"[:128].rstrip()
    if right:
        case.headers.update(with_a_day_that_exists(case.headers))
    if right and isinstance(body, dict):
        case.body = with_as_many_files(whole(body), keep_digests=die % 4 == 1) if "deposit" in body else whole(body)
    judge(case, world.key, right=right)


@generated(api.include(**WHOLE_FILES), FEWER)
def test_case_files_are_as_documented(case: Case, world: World) -> None:
    if "case" in case.path_parameters:
        case.path_parameters["case"] = world.cases[world.chance(case, len(world.cases))]
    right = is_right(case)
    if right:
        case.body = whole(case.body)
    judge(case, world.key, right=right)


@generated(api.exclude(path_regex="/evidence(/batch)?$", method="POST").exclude(**WHOLE_FILES))
def test_answers_are_as_documented(case: Case, world: World) -> None:
    right, die, record, body = is_right(case), world.chance(case, 4), world.record(case), case.body
    if "record" in case.path_parameters:
        case.path_parameters["record"] = record
    for name, known in (("webhook", world.webhooks), ("notice", world.notices), ("case", world.cases), ("checked", world.imports)):
        if name in case.path_parameters:
            case.path_parameters[name] = known[world.chance(case, len(known))]
    for name in {"cursor", "with"} & set(case.query):
        if die % 2:
            case.query[name] = record
    if right and isinstance(body, dict):
        in_order = {name: sendable(whole(body[name])) for name in sorted(body, reverse=True)}  # `record` before `file`
        case.body = with_known_values(in_order, world, record) if die else in_order
    judge(case, world.key, right=right)


def is_right(case: Case) -> bool:
    return case.meta is None or case.meta.generation.mode.is_positive


def whole(value: Any) -> Any:
    """JSON Schema calls 1.0 an integer; our formats know no floats, and the document says so in words."""
    if isinstance(value, dict):
        return {key: whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def with_as_many_files(body: dict[str, Any], *, keep_digests: bool) -> dict[str, Any]:
    """Parts in the documented order, and as many as the deposit declares: what the schema cannot say."""
    files = body["deposit"]["files"]
    if not keep_digests:
        files = [{**file, "sha256": None, "sm3": None} for file in files]
    return {"deposit": {**body["deposit"], "files": files}, "file": [sendable(part) for part in body["file"] * len(files)][: len(files)]}


def with_a_day_that_exists(headers: Mapping[str, str]) -> dict[str, str]:
    """The pattern of `Client-Time` allows the 30th of February and the year 0000, and the service refuses them: what it cannot say."""
    try:
        parse_time(headers.get("Client-Time", NOON))
    except VerificationError:
        return {"Client-Time": NOON}
    return {}


def sendable(part: Any) -> Any:
    """Werkzeug's client forgets the line end after the headers of an empty part; one sent well is refused as empty
    (test_exports_by_machines.py)."""
    return FILE if getattr(part, "data", part) == b"" else part


def with_known_values(body: dict[str, Any], world: World, record: str) -> dict[str, Any]:
    if "url" in body:
        return {**body, "url": "https://hook.example/"}
    if "overlap_s" in body or not body or not {"package", "file", "record"} & set(body):
        return body
    if "package" in body:
        return {"package": world.package}
    if "file" in body:
        return {"record": record, "file": FILE}
    if "relation" in body:
        return {**body, "record": record}
    return {**body, "record": record, "sha256": hashlib.sha256(FILE).hexdigest()}


def judge(case: Case, key: str, *, right: bool) -> None:
    """Send and check. `right`: the request was generated right; what we put into it may look wrong to the generator (bytes in JSON)."""
    headers = {"Authorization": f"Bearer {key}"}
    response = case.call(headers=headers)
    checks = CHECKS if right or wrong_only_in_name(case) else [*CHECKS, negative_data_rejection]
    case.validate_response(response, checks=checks, headers=headers)
    if right and isinstance(case.body, dict):
        assert response.json().get("code") not in ("request-malformed", "part-order"), f"allowed and refused: {response.text}"


def wrong_only_in_name(case: Case) -> bool:
    """A generated "wrong type" of a `file` part is right on the wire, where every part is bytes: true if the deposit part is right."""
    body: Any = case.body
    if not isinstance(body, dict) or case.media_type != "multipart/form-data" or "deposit" not in body:
        return False
    schema = {**DOCUMENT["components"]["schemas"]["Deposit"], "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(schema).is_valid(body["deposit"]) and "file" in body

"""The service does what its OpenAPI document says, whatever it is sent."""

import itertools

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from unsung.service.app import create_app
from unsung.service.settings import ServiceSettings

EXAMPLES = 20
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.fixture
def app(bundles, tmp_path):
    settings = {"bundle": bundles[1], "store": str(tmp_path / "shop.db"), "deadline_ms": 10_000}
    yield create_app(ServiceSettings(**settings))
    shutdown_lifespans()


def test_answers_are_as_described(app):
    document = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) > 25
    wrong = []
    for operation, mode in itertools.product(operations, GenerationMode):

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES // 2,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def described(case):
            case.call_and_validate(base_url="http://127.0.0.1", checks=CHECKS)

        try:
            described()
        except Unsatisfiable:
            # What takes no parameters can't be sent wrong ones.
            assert mode == GenerationMode.NEGATIVE
        except FailureGroup as failures:
            wrong.append((operation.label, str(failures.exceptions)))
    assert not wrong


def test_every_operation_has_a_sentence_and_its_errors(client):
    document = client.get("/openapi.json").json()
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) > 25
    for path, method, operation in operations:
        assert operation["description"], (method, path)
        for status in ("401", "403", "422", "503"):
            assert status in operation["responses"], (method, path)

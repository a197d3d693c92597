"""docs/openapi.json is what the server says of itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEED_NO_KEY = {"get /health", "get /", "get /jobs", "get /page/{name}"}


def test_the_document_is_current():
    pytest.importorskip("prometheus_client")
    script = ROOT / "scripts" / "make_openapi.py"
    answer = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_every_address_says_what_it_is_and_how_it_can_fail():
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            place = f"{method} {path}"
            assert operation["summary"], place
            assert operation["description"], place
            failures = {
                status: answer for status, answer in operation["responses"].items() if not status.startswith("2")
            }
            assert {"401", "403", "429", "500"} <= set(failures), place
            for status, answer in failures.items():
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorBody"}, f"{place} {status}"
            assert ("security" in operation) == (place not in NEED_NO_KEY), place


def test_every_refusal_that_says_what_to_do_declares_the_header_that_does():
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    for status, header in (("401", "WWW-Authenticate"), ("429", "Retry-After")):
        assert all(operation["responses"][status]["headers"][header]["required"] for operation in operations)


def test_a_job_leads_to_all_that_can_be_done_with_it_and_uploads_are_forms_of_parts():
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    of_job = {operation["operationId"] for path in paths if "{job_id}" in path for operation in paths[path].values()}
    links = paths["/v1/jobs"]["post"]["responses"]["202"]["links"].values()
    assert {link["operationId"] for link in links} == of_job
    for path in ("/v1/jobs", "/v1/check/file"):
        assert list(paths[path]["post"]["requestBody"]["content"]) == ["multipart/form-data"]


def test_every_field_of_a_request_is_described():
    schemas = json.loads((ROOT / "docs" / "openapi.json").read_text())["components"]["schemas"]
    for name in (
        "CheckRequest",
        "PredictRequest",
        "Parameters",
        "ClassifyRequest",
        "FilterRequest",
        "Gate",
        "VerdictBody",
        "ErrorBody",
    ):
        assert [field for field, value in schemas[name]["properties"].items() if not value.get("description")] == []

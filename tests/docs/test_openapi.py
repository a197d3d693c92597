"""docs/openapi.json is what the server says of itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


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
            assert ("security" in operation) == (path != "/health"), place


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

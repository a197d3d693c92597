"""Whatever is sent to the server, it answers as its document says, and never with a defect."""

import json
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from tests.detector_fixtures import made_up_texts, make_detector

from tain.serving.app import create_app
from tain.serving.errors import ErrorBody
from tain.serving.settings import Settings
from tain.serving.shapes.check import CheckResponse
from tain.serving.shapes.classify import ClassifyResponse
from tain.serving.shapes.filter import FilterResponse
from tain.serving.shapes.predict import LabelScore

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())
SHAPES = {
    "/v1/check": TypeAdapter(CheckResponse),
    "/": TypeAdapter(list[list[LabelScore]]),
    "/predict": TypeAdapter(list[LabelScore] | list[list[LabelScore]]),
    "/classify": TypeAdapter(ClassifyResponse),
    "/v1/classify": TypeAdapter(ClassifyResponse),
    "/v1/filter": TypeAdapter(FilterResponse),
}
LONG = made_up_texts(4, seed=8, high=120)
WORDS = st.text(st.characters(), max_size=30)  # half surrogates included
ODD = st.sampled_from(["\r\n", "\u202e", "\u200b", "é", "👩‍👩‍👧", "\x00", "﷽", "שלום ", "\ufeff", "<b>", "\\", '"'])
MIXED = st.tuples(st.sampled_from(LONG), ODD, st.integers(0, 300)).map(lambda t: t[0][: t[2]] + t[1] * 3 + t[0][t[2] :])
TEXT = WORDS | st.sampled_from(LONG) | MIXED
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
TEXTS = TEXT | st.lists(TEXT, max_size=4) | st.lists(st.lists(TEXT, max_size=2), max_size=3) | JSON
RATE = st.sampled_from([0.01, 0.05, 0.0001, 1, 0]) | st.floats() | JSON
GATE = st.fixed_dictionaries({"label": st.sampled_from(["human", "ai", "sport"]) | JSON}, optional={
    "model": st.sampled_from(["detector", None]) | JSON, "target_fpr": RATE, "min_probability": RATE, "prior": RATE,
    "too_short": st.sampled_from(["pass", "drop"]) | JSON, "truncate": st.booleans() | JSON,
    "reads": st.sampled_from(["answer", "prompt_and_answer"]) | JSON})  # fmt: skip
GOOD_GATE = st.sampled_from([
    {"label": "human", "target_fpr": 0.05}, {"label": "ai", "min_probability": 1e-320, "prior": 1e-320},
    {"label": "human", "min_probability": 0.3, "too_short": "pass"}])  # fmt: skip
FIELDS = {
    "text": TEXTS, "inputs": TEXTS, "input": TEXTS, "target_fpr": RATE, "prior": RATE, "windows": st.booleans() | JSON,
    "model": st.sampled_from(["detector", None]) | JSON, "truncate": st.booleans() | JSON, "extra": JSON,
    "truncation_direction": st.sampled_from(["Right", "Left", "left", "up"]) | JSON, "raw_scores": st.booleans() | JSON,
    "parameters": st.fixed_dictionaries({}, optional={
        "top_k": st.integers(-1, 5) | JSON, "function_to_apply": st.sampled_from(["softmax", "sigmoid", "none"]) | JSON,
        "truncate": st.booleans() | JSON}) | JSON,
    "use_activation": st.booleans() | JSON, "prompt": TEXT | JSON, "top_k": st.integers(-1, 5) | JSON,
    "candidates": st.lists(TEXT, max_size=4) | JSON, "gates": st.lists(GOOD_GATE | GATE, max_size=3) | JSON,
}  # fmt: skip
NEEDED = {"/v1/check": "text", "/": "inputs", "/predict": "inputs", "/classify": "input", "/v1/classify": "input",
          "/v1/filter": "candidates"}  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = make_detector(tmp_path_factory.mktemp("fuzzed"))
    with TestClient(create_app(Settings(models=(folder,), allowed_hosts=("testserver",)))) as client:
        yield client


def _known(path):
    reference = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]["properties"]


def _assert_as_declared(path, answer):
    declared = DOCUMENT["paths"][path]["post"]["responses"]
    assert str(answer.status_code) in declared, answer.text
    assert answer.status_code < 500, answer.text
    shape = SHAPES[path] if answer.status_code == 200 else TypeAdapter(ErrorBody)
    try:
        shape.validate_json(answer.content)
    except ValidationError as error:  # pragma: no cover
        raise AssertionError(f"{path} answered {answer.text[:500]}") from error


@pytest.mark.parametrize("path", SHAPES)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_bodies_of_the_right_fields_and_any_values(client, path, data):
    known = {name: FIELDS[name] for name in _known(path)}
    needed = {NEEDED[path]: known.pop(NEEDED[path])}
    body = data.draw(st.fixed_dictionaries(needed, optional=known))
    content = json.dumps(body)  # ASCII, with half surrogates and NaN as Python writes them
    _assert_as_declared(path, client.post(path, content=content, headers={"content-type": "application/json"}))


@given(path=st.sampled_from(list(SHAPES)), content=st.binary(max_size=200) | JSON.map(lambda v: json.dumps(v).encode()))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_bodies_of_any_bytes(client, path, content):
    _assert_as_declared(path, client.post(path, content=content, headers={"content-type": "application/json"}))


@given(text=MIXED)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_windows_lie_in_any_text_as_it_was_sent(client, text):
    answer = client.post("/v1/check", json={"text": text}).json()
    for window in answer["verdicts"][0]["windows"]:
        assert text[window["start_index"] : window["end_index"]] == window["text"]


@given(
    method=st.sampled_from(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]),
    path=st.sampled_from([*DOCUMENT["paths"], "/x", "/v1", "//", "/v1/check/", "/%00", "/..%2f..%2fetc/passwd"]),
    request_id=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80),
)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_method_at_any_address(client, method, path, request_id):
    answer = client.request(method, path, headers={"X-Request-Id": request_id})
    declared = DOCUMENT["paths"].get(path, {}).get(method.lower(), {}).get("responses", {})
    assert str(answer.status_code) in {"200", "404", "405", *declared}
    assert answer.status_code < 500
    # A detector without a Report has a page that says so.
    if answer.status_code != 200 and method != "HEAD" and (method, path) != ("GET", "/report"):
        ErrorBody.model_validate_json(answer.content)

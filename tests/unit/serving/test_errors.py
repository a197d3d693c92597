"""One body for every error, with the true status, and nothing of the text or of the inside in it."""

import asyncio
import json
import re

import httpx
import pytest
from fastapi.testclient import TestClient

from tain.core.errors import DetectorError
from tain.serving.errors import ERROR_TYPES

JSON = {"content-type": "application/json"}
SECRET = "the words of somebody"


def _assert_is_error(answer, status, error_type=None):
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"error", "error_type", "request_id"}
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["error_type"] == (error_type or ERROR_TYPES[status])
    assert answer.headers["content-type"] == "application/json"
    assert SECRET not in answer.text
    return body["error"]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", JSON, 422),
        (b"{", JSON, 400),
        (b'{"text": "' + SECRET.encode(), JSON, 400),
        (b'\xff\xfe"', JSON, 400),
        (b"[" * 100_000 + b"]" * 100_000, JSON, 400),
        (b'{"text": "' + SECRET.encode() + b'", "x": 1}', JSON, 422),
        (b'{"text": 5}', JSON, 422),
        (b'{"text": "a", "prior": NaN}', JSON, 422),
        (b'{"text": "a", "prior": 1e999}', JSON, 422),
        (b'{"text": "\\ud800"}', JSON, 422),
        (b'{"text": ["\\udfff"], "\\ud800": "\\ud800"}', JSON, 422),
        (b'{"text": "a", "model": "\\n\\r\\u0000"}', JSON, 404),
        (json.dumps({"text": SECRET}).encode(), {"content-type": "text/plain"}, 422),
        (json.dumps({"text": SECRET}).encode(), {}, 422),
        (b"text=a", {"content-type": "application/x-www-form-urlencoded"}, 422),
    ],
)
def test_a_body_that_cannot_be_used(client, content, headers, status):
    _assert_is_error(client.post("/v1/check", content=content, headers=headers), status)


def test_addresses_and_methods_that_are_none(client):
    assert "/openapi.json" in _assert_is_error(client.get("/nowhere"), 404)
    _assert_is_error(client.get("/v1/check"), 405)
    _assert_is_error(client.post("/v1/check/"), 404)
    _assert_is_error(client.get("/../../etc/passwd"), 404)
    _assert_is_error(client.get("/docs"), 404)  # it would load scripts from elsewhere


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/", "GET, POST"), ("/v1/jobs", "GET, POST"), ("/v1/jobs/x", "DELETE, GET"), ("/v1/check", "POST")],
)
def test_an_address_names_all_its_methods(client, path, methods):
    assert client.options(path).headers["allow"] == methods


def test_empty_texts_are_named(client):
    assert "Text 1 " in _assert_is_error(client.post("/", json={"inputs": ["a", " \n"]}), 400, "empty")
    _assert_is_error(client.post("/predict", json={"inputs": []}), 400, "empty")


def test_many_problems_are_told_in_a_few_lines(client):
    answer = client.post("/v1/check", json={"text": list(range(500))})
    assert re.search(r"And \d+ more\.$", _assert_is_error(answer, 422))
    assert len(answer.content) < 2000


def test_a_defect_shows_a_request_id_and_no_inside(make_app, counting, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(counting, "class_scores", broken)
    with TestClient(make_app(model=counting)) as client:
        error = _assert_is_error(client.post("/", json={"inputs": "1 2"}), 500)
        assert "request id" in error
        assert "ZeroDivision" not in error
        assert client.get("/health").status_code == 200


def test_where_a_model_lies_is_not_told(make_app, counting, monkeypatch):
    def broken(*args, **kwargs):
        raise DetectorError("/home/somebody/model: was changed")

    monkeypatch.setattr(counting, "prepare", broken)
    with TestClient(make_app(model=counting)) as client:
        assert "somebody" not in _assert_is_error(client.post("/", json={"inputs": "1 2"}), 424, "detector")


def test_a_failing_network_is_424_and_only_for_whom_it_fails(make_app, counting):
    with TestClient(make_app(model=counting)) as client:
        _assert_is_error(client.post("/", json={"inputs": "1 666"}), 424)
        assert client.post("/", json={"inputs": "1 2"}).status_code == 200


def test_a_large_body_is_refused_before_it_is_read_whole(make_app):
    sent = []

    async def endless():
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 1000

    async def ask(app):
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport) as client:
            return [
                await client.post("http://testserver/v1/check", content=endless(), headers=JSON),
                await client.post("http://testserver/v1/check", json={"text": "x" * 6000}),
                await client.post("http://testserver/nowhere", json={"text": "x" * 6000}),
            ]

    streamed, declared, nowhere = asyncio.run(ask(make_app(max_body_bytes=5000)))
    for answer in (streamed, declared, nowhere):
        assert "larger than 5,000 bytes" in _assert_is_error(answer, 413)
    assert len(sent) <= 7


def test_a_server_that_has_not_started_or_is_closing_says_so(make_app):
    app = make_app()
    client = TestClient(app)
    _assert_is_error(client.get("/health"), 503)
    _assert_is_error(client.post("/v1/check", json={"text": "a"}), 503)

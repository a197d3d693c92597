"""The log and the counts: a line of JSON for each request, its id going in and out, and no text."""

import json
import logging

import pytest
from fastapi.testclient import TestClient

from tain.serving.logs import NAME, JsonLines

SECRET = "w1 w2 a sentence of somebody"


@pytest.fixture
def lines():
    found = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(JsonLines().format(record))
    logger = logging.getLogger(NAME)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_each_request_is_a_line_with_its_id_and_without_its_text(client, lines):
    client.post("/v1/check", json={"text": SECRET}, headers={"X-Request-Id": "my-id_1.2"})
    client.post("/v1/check", content=SECRET)
    client.post(f"/{SECRET}?text={SECRET}", json={"text": SECRET, SECRET: 1})
    assert not [line for line in lines if "sentence" in line]
    found = [json.loads(line) for line in lines]
    assert [(each["event"], each.get("status")) for each in found] == [
        ("texts", None), ("request", 200), ("request", 422), ("request", 404)
    ]  # fmt: skip
    assert found[0] | found[1] == found[1] | {
        "event": "request", "request_id": "my-id_1.2", "n_texts": 1, "n_chars": len(SECRET), "model": "detector",
        "method": "POST", "route": "/v1/check", "status": 200,
    } | {"n_texts": 1}  # fmt: skip
    assert found[3]["route"] == "other"


def test_texts_are_in_the_log_where_they_are_asked_for(make_app, lines):
    with TestClient(make_app(has_texts_in_logs=True)) as client:
        client.post("/v1/check", json={"text": SECRET})
    assert [json.loads(line)["texts"] for line in lines if '"texts":' in line] == [[SECRET]]


def test_a_sound_request_id_comes_back_and_another_is_replaced(client):
    assert client.get("/health", headers={"X-Request-Id": "A.b-9_"}).headers["x-request-id"] == "A.b-9_"
    for bad in ("", "a b", "x" * 65, "a\tb", "<script>", "ä".encode("latin-1"), '{"a":1}', "../x"):
        given = client.get("/health", headers={"X-Request-Id": bad}).headers["x-request-id"]
        assert len(given) == 32
        assert given.isalnum()


def test_no_line_can_be_forged(lines):
    logging.getLogger(NAME).info("texts", extra={"fields": {"texts": ['x"}\n{"event": "forged"}\r\x1b[2J\u2028']}})
    [line] = lines
    assert line.isascii()
    assert "\n" not in line
    assert "\r" not in line
    assert json.loads(line)["event"] == "texts"


def test_metrics_count_by_our_own_names_only(make_app):
    with TestClient(make_app()) as client:
        for path in ("/a", "/b", "/v1/checks"):
            client.get(path)
        client.request("BREW", "/health")
        client.post("/v1/check", json={"text": ["w1 " * 60] * 3})
        page = client.get("/metrics").text
    assert 'tain_requests_total{method="GET",route="other",status="404"} 3.0' in page
    assert 'method="other"' in page
    assert "BREW" not in page
    assert 'tain_texts_total{model="detector"} 3.0' in page
    assert "tain_waiting_requests 0.0" in page
    assert 'tain_request_seconds_bucket{le="+Inf",route="/v1/check"} 1.0' in page


def test_answers_are_not_kept_by_anybody(client):
    answer = client.post("/v1/check", json={"text": SECRET})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers

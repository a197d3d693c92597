"""The interface of a review: what it tells, what it keeps, and whom it refuses."""

import logging

import pytest

pytest.importorskip("prometheus_client")

from starlette.testclient import TestClient
from tests.review_fixtures import TEXTS, make_corpus, make_sheet

from tain.recipes.review.review import Review
from tain.serving.review.app import create_review_app


@pytest.fixture
def sheet(tmp_path):
    return make_sheet(tmp_path, corpus=make_corpus(tmp_path))


@pytest.fixture
def client(sheet):
    with TestClient(create_review_app(Review(sheet, by="mara")), base_url="http://127.0.0.1:3001") as client:
        yield client


def test_the_list_holds_no_texts_and_each_text_comes_alone(client):
    told = client.get("/v1/review").json()
    assert [each["id"] for each in told["items"]] == ["t0", "t1", "t2"] and "nets" not in str(told)
    assert (told["by"], told["labels"], told["n_decided"]) == ("mara", ["human", "ai"], 0)
    shown = client.get("/v1/review/0").json()
    assert shown["text"] == TEXTS["t0"][0] and shown["neighbours"][0]["text"] == TEXTS["t3"][0]


def test_a_decision_is_saved_before_it_is_answered(client, sheet):
    assert client.post("/v1/review/0", json={"decision": "human"}).json() == {
        "place": 0,
        "decision": "human",
        "n_decided": 1,
    }
    assert Review(sheet, by="ola").decision(0) == "human"
    assert client.post("/v1/review/undo", json={}).json() == {"place": 0, "decision": None, "n_decided": 0}
    assert client.post("/v1/review/undo", json={}).json()["place"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/review/3", None, 404),
        ("GET", "/v1/review/-1", None, 404),
        ("POST", "/v1/review/3", {"decision": "ai"}, 404),
        ("POST", "/v1/review/0", {"decision": "robot"}, 422),
        ("POST", "/v1/review/0", {"decision": "ai", "more": 1}, 422),
        ("POST", "/v1/review/0", {"decision": "a" * 5000}, 413),
        ("GET", "/page/none.js", None, 404),
    ],
)
def test_what_cannot_be_answered_says_so_in_the_one_body(client, method, path, body, status):
    answer = client.request(method, path, json=body)
    assert answer.status_code == status and answer.json()["error"] and answer.json()["request_id"]


def test_other_sites_and_other_names_are_refused(client):
    answer = client.post("/v1/review/0", json={"decision": "ai"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert client.get("/v1/review", headers={"Host": "evil.example"}).status_code == 421


def test_the_page_lets_nothing_else_in(client):
    for path in ("/", "/page/review.js", "/page/review.css", "/page/page.css"):
        answer = client.get(path)
        assert answer.status_code == 200 and "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["X-Frame-Options"] == "DENY"


def test_no_text_is_logged(client, caplog):
    with caplog.at_level(logging.DEBUG):
        client.get("/v1/review/0")
        client.post("/v1/review/0", json={"decision": "nets"})
    assert "nets" not in " ".join(str(record.__dict__) for record in caplog.records if record.name == "tain.serving")

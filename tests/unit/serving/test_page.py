"""What people see is served from the package, runs no script but its own, and reaches no other host."""

import re
from html.parser import HTMLParser
from importlib.resources import files
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from tests.unit.evaluation.made_reports import full_report

from tain.serving.keys import KeyRing, write_keys

FILES = sorted(each.name for each in (files("tain.serving") / "page").iterdir())


class _References(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.inline = [], []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("src", "href")]
        self.inline += [name for name, _ in attrs if name == "style" or name.startswith("on")]


@pytest.fixture
def measured(client, app, monkeypatch):
    """The client of a server whose detector has a Report."""
    report = full_report().model_dump(mode="json")
    detector = app.state.service.models["detector"].detector
    monkeypatch.setattr(app.state.service.models["detector"], "detector", _with_report(detector, report))
    app.state.service.reports._drawn.clear()
    yield client
    app.state.service.reports._drawn.clear()


def _with_report(detector, report):
    return SimpleNamespace(report=report, model=detector.model, settings=detector.settings)


@pytest.mark.parametrize("path", ["/", "/jobs", *(f"/page/{name}" for name in FILES)])
def test_nothing_but_our_own_files_may_run(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert {policy[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", ["/", "/jobs"])
def test_a_page_refers_to_what_is_there_and_has_no_style_or_script_within(client, path):
    page = client.get(path).text
    parser = _References()
    parser.feed(page)
    assert parser.inline == []
    assert "<style" not in page
    assert re.findall(r"<script[^>]*>[^<]", page) == []
    for reference in parser.found:
        assert reference.startswith(("/", "#")), reference
        if reference.startswith("/page/"):
            assert client.get(reference).status_code == 200


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".js")])
def test_a_script_imports_what_is_there_and_makes_no_markup_of_texts(client, name):
    script = client.get(f"/page/{name}").text
    assert client.get(f"/page/{name}").headers["content-type"].startswith("text/javascript")
    assert {found[2:] for found in re.findall(r'from "([^"]+)"', script)} <= set(FILES)
    assert not re.search(r"innerHTML|outerHTML\s*=|insertAdjacentHTML|document\.write|eval\(|https?://", script)


def test_the_address_of_the_page_is_still_hugging_faces_for_those_who_post(client):
    assert client.get("/").headers["content-type"].startswith("text/html")
    assert client.post("/", json={"inputs": "w1 " * 60}).json()[0][0]["label"] in ("human", "ai")


@pytest.mark.parametrize("name", ["%2e%2e", "%2e%2e%2fapp.py", "app.py", "__init__.py", "page.css/", "x" * 300])
def test_only_the_files_of_the_page_are_given(client, name):
    answer = client.get(f"/page/{name}")
    assert answer.status_code == 404
    assert answer.json()["error_type"] == "not_found"


def test_pages_need_no_key_and_show_nothing_that_does(make_app, tmp_path):
    ring, token = KeyRing().with_new("alice", ("check",))
    write_keys(tmp_path / "keys.json", ring)
    with TestClient(make_app(keys=tmp_path / "keys.json")) as client:
        for path in ("/", "/jobs", "/page/page.css"):
            assert client.get(path).status_code == 200
        for method, path in (("GET", "/report"), ("GET", "/openapi.json"), ("POST", "/"), ("POST", "/page/page.css")):
            assert client.request(method, path).status_code == 401, path
        assert client.get("/report", headers={"Authorization": f"Bearer {token}"}).status_code == 404


def test_a_detector_without_a_report_says_so(client):
    for query in ("", "?model=news"):
        answer = client.get(f"/report{query}")
        assert answer.status_code == 404
        assert "No Report came with" in answer.text
        assert "script-src" not in answer.headers["content-security-policy"]
    assert client.get("/report?model=gpt").json()["error_type"] == "not_found"


def test_the_report_of_a_detector_is_shown_and_drawn_once(measured, monkeypatch):
    first = measured.get("/report")
    assert first.status_code == 200
    assert "<title>detector: how it was measured</title>" in first.text
    assert first.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    monkeypatch.setattr("tain.serving.report_page._render", lambda *_: pytest.fail("drawn twice"))
    assert measured.get("/report?model=detector").text == first.text


def test_a_report_of_another_version_is_not_shown_and_breaks_nothing(measured, app):
    app.state.service.models["detector"].detector.report["format_version"] = 99
    answer = measured.get("/report")
    assert answer.status_code == 404
    assert "another version of tain" in answer.text


def test_the_list_of_models_has_what_the_page_offers(client, detector):
    by_name = {card["id"]: card for card in client.get("/v1/models").json()["data"]}
    points = [(point["target_fpr"], point["threshold"]) for point in by_name["detector"]["operating_points"]]
    assert points == [(point.target_fpr, point.threshold) for point in detector.calibration.record.points]
    assert (by_name["detector"]["default_fpr"], by_name["detector"]["min_words"]) == (0.01, 50)
    assert (by_name["news"]["operating_points"], by_name["news"]["default_fpr"]) == ([], None)
    assert not by_name["detector"]["has_report"]

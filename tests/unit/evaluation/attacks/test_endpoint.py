import logging

import pytest
from tests.unit.evaluation.attacks.fake_endpoint import as_a_model_answers, fake_endpoint

from tain.core.errors import ConfigError, EndpointError
from tain.evaluation.attacks.endpoint import Endpoint, Request

KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def ask(*texts):
    return [Request("Shout.", text, 0.5, seed) for seed, text in enumerate(texts)]


def test_answers_come_in_order_and_no_more_are_asked_at_once_than_allowed():
    words = [f"word{i}" for i in range(12)]
    with fake_endpoint(delay_s=0.02) as fake:
        assert fake.endpoint(n_parallel=3).answer_all(ask(*words)) == [word.upper() for word in words]
    assert 1 < fake.most_at_once <= 3


def test_a_question_is_what_openai_expects():
    with fake_endpoint() as fake:
        fake.endpoint(api_key=KEY).answer_all(ask("hello"))
    assert fake.asked == [
        {
            "path": "/v1/chat/completions",
            "model": "tiny",
            "messages": [{"role": "system", "content": "Shout."}, {"role": "user", "content": "hello"}],
            "temperature": 0.5,
            "seed": 0,
        }
    ]
    assert fake.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_again(status):
    answers = [(status, {"Retry-After": "0.01"}, "busy"), (status, {"Retry-After": "Fri, 1 Jan"}, "busy"), "done"]
    with fake_endpoint(answer=lambda task, text: answers.pop(0)) as fake:
        assert fake.endpoint().answer_all(ask("x")) == ["done"]
    assert len(fake.asked) == 3


def test_what_does_not_pass_ends_with_what_was_said_last():
    last = pytest.raises(EndpointError, match="failed 3 times; the last time: status 503: still busy")
    with fake_endpoint(answer=lambda task, text: (503, {}, "still busy")) as fake, last:
        fake.endpoint(n_tries=3).answer_all(ask("x"))
    assert len(fake.asked) == 3


def test_a_refusal_is_not_tried_again_and_the_key_is_never_shown(caplog):
    caplog.set_level(logging.DEBUG)
    with fake_endpoint(answer=lambda task, text: (401, {}, f"no such key {KEY}")) as fake:
        endpoint = fake.endpoint(api_key=KEY)
        with pytest.raises(EndpointError, match="refused the model 'tiny' with status 401: no such key …") as error:
            endpoint.answer_all(ask("x"))
    assert len(fake.asked) == 1
    assert KEY not in f"{error.value} {endpoint!r} {caplog.text}"


def test_an_address_where_nobody_listens_is_an_error_of_the_endpoint():
    with fake_endpoint() as fake:
        url = fake.url
    with pytest.raises(EndpointError, match="failed 2 times; the last time: ConnectError"):
        Endpoint(url, "tiny", n_tries=2, wait_s=0.001).answer_all(ask("x"))


CUT = as_a_model_answers("half a").replace('"stop"', '"length"')


@pytest.mark.parametrize("body", ["[]", "{}", "no JSON", '{"choices": []}', as_a_model_answers(" "), CUT])
def test_an_answer_that_is_no_whole_text_is_refused(body):
    refused = pytest.raises(EndpointError, match="gave no whole text")
    with fake_endpoint(answer=lambda task, text: (200, {}, body)) as fake, refused:
        fake.endpoint().answer_all(ask("x"))


def test_after_a_failure_the_rest_is_not_asked():
    refused = pytest.raises(EndpointError, match="status 400")
    with fake_endpoint(answer=lambda task, text: (400, {}, "no"), delay_s=0.02) as fake, refused:
        fake.endpoint(n_parallel=2).answer_all(ask(*map(str, range(40))))
    assert len(fake.asked) < 20


def test_the_environment_names_address_model_and_key(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_MODEL", raising=False)
    with pytest.raises(ConfigError, match="has no model named. Set OPENAI_BASE_URL"):
        Endpoint.from_environment()
    endpoint = Endpoint.from_environment(model="mine")
    assert (endpoint.model, endpoint.api_key) == ("mine", KEY)
    monkeypatch.setenv("OPENAI_MODEL", "theirs")
    assert Endpoint.from_environment().model == "theirs"
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:8000")
    with pytest.raises(ConfigError, match="OPENAI_BASE_URL is 'localhost:8000'"):
        Endpoint.from_environment()


def test_a_password_in_the_address_is_not_shown():
    assert Endpoint("https://me:secret@host/v1", "m").shown_url == "https://host/v1"

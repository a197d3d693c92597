import asyncio
import json
import time

import pytest
from tests.faulty_endpoint import MALFORMED, Faults, FaultyEndpoint

from tain.core.errors import ConfigError
from tain.mirrors.endpoint import Endpoint, Patience, check_url
from tain.mirrors.request import FatalError, Message, MirrorRequest, RefusedError, RetryableError, Sampling

KEY = "sk-test-0123456789abcdef"
QUICK = Patience(timeout_s=5, connect_s=1, max_tries=4, first_wait_s=0.01, max_wait_s=5)
REQUEST = MirrorRequest(
    "p0", "g0", (Message("user", "Write."),), "essay", "1", "from_title", "small", Sampling(50, 0.7, seed=3), 40
)


def ask(url, *, patience=QUICK, tell=None, request=REQUEST, n=1):
    async def work():
        endpoint = Endpoint(base_url=url, patience=patience, tell=tell, environment={"OPENAI_API_KEY": KEY})
        try:
            return [await endpoint.generate(request) for _ in range(n)][-1]
        finally:
            await endpoint.close()

    return asyncio.run(work())


def replies(*outcomes):
    """A server that gives these answers in turn: status, headers, and a body or None for a good one."""
    left = list(outcomes)

    def reply(headers, body):
        status, extra, payload = left.pop(0) if left else (200, {}, None)
        good = {"choices": [{"message": {"content": "Fine."}, "finish_reason": "stop"}], "model": body["model"]}
        return status, extra, json.dumps(good if payload is None else payload).encode()

    return FaultyEndpoint(reply=reply)


def test_an_answer_comes_through():
    with FaultyEndpoint() as server:
        answer = ask(server.url)
    assert answer.model == "small-2026"
    assert answer.usage.prompt_tokens == 100
    assert server.log[0].trace.startswith("tain-")


def test_too_many_requests_are_waited_for_as_long_as_is_asked():
    with replies((429, {"Retry-After": "0.6"}, {"error": "slow down"})) as server:
        assert ask(server.url).text == "Fine."
    first, second = server.log
    assert second.arrived_s - first.arrived_s >= 0.6


def test_errors_of_the_server_are_tried_again_and_then_given_up():
    with replies(*[(500, {}, {"error": "broke"})] * 4) as server:
        with pytest.raises(RetryableError, match="answered 500"):
            ask(server.url)
        assert len(server.log) == 4
        assert ask(server.url).text == "Fine."


@pytest.mark.parametrize("faults", [Faults(cut=1.0), Faults(slow=1.0)], ids=["cut", "slow"])
def test_an_answer_that_was_lost_is_not_asked_for_again_without_the_budget(faults):
    with FaultyEndpoint(faults) as server:
        with pytest.raises(RetryableError, match="the answer was lost") as caught:
            ask(server.url, patience=Patience(timeout_s=1))
        assert caught.value.may_be_billed
        assert len(server.log) == 1


@pytest.mark.parametrize("body", [body for body in MALFORMED if b"502" not in body])
def test_an_answer_that_cannot_be_read_is_not_asked_for_again_without_the_budget(body):
    with FaultyEndpoint(reply=lambda headers, asked: (200, {}, body)) as server:
        with pytest.raises(RetryableError, match="cannot be read") as caught:
            ask(server.url)
        assert caught.value.may_be_billed
        assert len(server.log) == 1


def test_a_late_answer_is_not_waited_for():
    with FaultyEndpoint(Faults(slow=1.0, slow_s=3)) as server:
        started = time.monotonic()
        with pytest.raises(RetryableError, match=r"no answer within 0\.4 s"):
            ask(server.url, patience=Patience(timeout_s=0.4))
        assert time.monotonic() - started < 2.5


def test_a_wait_too_long_ends_the_run_at_once():
    with (
        replies((429, {"Retry-After": "3600"}, {"error": "daily limit"})) as server,
        pytest.raises(FatalError, match="asks to wait 3,600 s"),
    ):
        ask(server.url)


def test_parameters_the_endpoint_does_not_take_are_left_out_and_told_once():
    said = []
    long_name = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
    no_seed = 'Invalid JSON payload received. Unknown name "seed": Cannot find field.'
    errors = [(400, {}, {"error": {"message": message}}) for message in (long_name, no_seed)]
    with replies(*errors) as server:
        answer = ask(server.url, tell=said.append, n=3)
    assert answer.left_out == ("seed",)
    assert said == [
        "small takes max_completion_tokens instead of max_tokens.",
        "small does not take seed; it is left out.",
    ]
    assert len(server.log) == 5


def test_a_request_the_filter_refuses_is_refused():
    error = {"error": {"message": "The response was filtered", "code": "content_filter"}}
    with replies((400, {}, error)) as server, pytest.raises(RefusedError, match="filtered; content_filter"):
        ask(server.url)


@pytest.mark.parametrize(("status", "advice"), [(401, "Set OPENAI_API_KEY"), (404, "ends in /v1")])
def test_wrong_settings_end_the_run_with_advice(status, advice):
    with replies((status, {}, {"error": "no"})) as server, pytest.raises(FatalError, match=advice):
        ask(server.url)


def test_an_error_inside_a_good_status_is_one():
    inside = {"error": {"message": "provider is down", "code": 503}}
    with replies(*[(200, {}, inside)] * 2) as server:
        assert ask(server.url).text == "Fine."


def test_no_server_is_said_plainly():
    with pytest.raises(FatalError, match=r"no connection to http://127\.0\.0\.1:9/v1 .* Start the server"):
        ask("http://127.0.0.1:9/v1")


def test_the_key_is_sent_and_never_shown():
    seen = []

    def echo(headers, body):
        seen.append(headers["authorization"])
        return 500, {}, json.dumps({"error": {"message": f"bad request {headers}"}}).encode()

    with FaultyEndpoint(reply=echo) as server, pytest.raises(RetryableError) as caught:
        ask(server.url)
    assert seen[0] == f"Bearer {KEY}"
    assert "[key]" in str(caught.value)
    assert KEY not in str(caught.value) + repr(caught.value.__cause__) + repr(caught.value.__context__)


def test_a_key_that_cannot_be_sent_is_refused_without_being_shown():
    with pytest.raises(ConfigError, match="OPENAI_API_KEY holds white space") as caught:
        Endpoint(base_url="http://127.0.0.1:1/v1", environment={"OPENAI_API_KEY": "sk-one\nsk-two"})
    assert "sk-" not in str(caught.value)


def test_openai_needs_a_key_and_others_do_not():
    with pytest.raises(ConfigError, match="OPENAI_API_KEY is not set"):
        Endpoint(environment={})
    assert Endpoint(environment={"OPENAI_BASE_URL": "http://127.0.0.1:1/v1/"}).base_url == "http://127.0.0.1:1/v1"


@pytest.mark.parametrize("url", ["ftp://x/v1", "127.0.0.1:8000", "http://", "http://x:port/v1"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ConfigError, match="base URL is"):
        check_url(url)


@pytest.mark.parametrize("url", ["https://me:secret@host/v1", "https://host/v1?key=secret"])
def test_secrets_in_an_address_are_refused_and_not_repeated(url):
    with pytest.raises(ConfigError, match="Keys come from OPENAI_API_KEY") as caught:
        check_url(url)
    assert "secret" not in str(caught.value)


def test_the_path_of_the_method_may_stand_in_the_address():
    assert check_url("http://x/v1/chat/completions/") == "http://x/v1"

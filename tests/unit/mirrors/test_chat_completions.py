import pytest

from tain.mirrors.chat_completions import Dialect, parse_answer
from tain.mirrors.request import Message, MirrorRequest, RetryableError, Sampling, Usage

REQUEST = MirrorRequest(
    "p0", "g0", (Message("system", "Be brief."), Message("user", "Write.")), "essay", "1", "from_title", "small",
    Sampling(50, 0.7, 0.9, 3), 40,
)  # fmt: skip


def payload(content="Hello.", **more):
    message = {"role": "assistant", "content": content} | more.pop("message", {})
    choice = {"index": 0, "message": message, "finish_reason": "stop"} | more.pop("choice", {})
    return {"choices": [choice], "model": "small-1", "usage": {"prompt_tokens": 5, "completion_tokens": 2}} | more


def test_the_body_has_what_was_asked_for_and_nothing_that_was_not():
    assert Dialect().body(REQUEST) == {
        "model": "small",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Write."}],
        "max_tokens": 50,
        "temperature": 0.7,
        "top_p": 0.9,
        "seed": 3,
    }
    bare = MirrorRequest("p", "g", (), "t", "1", "v", "m", Sampling(9), 1)
    assert Dialect().body(bare) == {"model": "m", "messages": [], "max_tokens": 9}


@pytest.mark.parametrize(
    ("said", "gone", "come"),
    [
        ("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
         "max_tokens", "max_completion_tokens"),
        ("Unsupported value: 'temperature' does not support 0.7 with this model.", "temperature", None),
        ('Invalid JSON payload received. Unknown name "seed": Cannot find field.', "seed", None),
        ("Unexpected fields in the request: {'seed'}", "seed", None),
        ("`temperature` and `top_p` cannot both be specified for this model. Please use only one.", "top_p", None),
        ("seed: Extra inputs are not permitted", "seed", None),
    ],
)  # fmt: skip
def test_what_an_endpoint_does_not_take_is_left_out_from_then_on(said, gone, come):
    dialect = Dialect()
    before = dialect.body(REQUEST)
    assert dialect.learn(before, said)
    after = dialect.body(REQUEST)
    assert set(before) - set(after) == {gone}
    assert set(after) - set(before) == ({come} if come else set())


@pytest.mark.parametrize(
    "said", ["temperature: must be at most 1", "This request violates our policy", "max_tokens is too large: 99999"]
)
def test_a_wrong_value_is_not_hidden_by_leaving_it_out(said):
    dialect = Dialect()
    assert dialect.learn(dialect.body(REQUEST), said) is None


def test_an_answer_has_text_reason_usage_and_model():
    answer = parse_answer(payload(), REQUEST)
    assert (answer.text, answer.finish_reason, answer.model) == ("Hello.", "stop", "small-1")
    assert answer.usage == Usage(5, 2)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 5}, {"prompt_tokens": -1, "completion_tokens": 2}, 7])
def test_tokens_that_were_not_counted_are_estimated_and_said_to_be(usage):
    found = parse_answer(payload(usage=usage), REQUEST).usage
    assert found.is_estimated
    assert found.prompt_tokens > 2
    assert found.completion_tokens >= 2


def test_shapes_of_other_servers_are_read():
    parts = [{"type": "text", "text": "One. "}, {"type": "text", "text": "Two."}, {"type": "image"}]
    assert parse_answer(payload(parts), REQUEST).text == "One. Two."
    assert parse_answer(payload(choice={"finish_reason": None}), REQUEST).finish_reason is None
    bare = {"choices": [{"message": {"content": "Hi."}}]}
    assert parse_answer(bare, REQUEST).model == "small"
    assert parse_answer(payload("<think>\nHm.\n</think>\n\nHello."), REQUEST).text == "Hello."
    assert parse_answer(payload("<think>\nnever ended", choice={"finish_reason": "length"}), REQUEST).text == ""
    assert parse_answer(payload(None, message={"reasoning_content": "Hm."}), REQUEST).text == ""


def test_a_refusal_beside_an_empty_content_is_one():
    answer = parse_answer(payload(None, message={"refusal": "I can't help with that."}), REQUEST)
    assert (answer.text, answer.finish_reason) == ("I can't help with that.", "content_filter")


def test_half_characters_are_replaced():
    assert parse_answer(payload("a\ud83d b"), REQUEST).text == "a\ufffd b"


@pytest.mark.parametrize(
    "broken",
    [None, [], {}, {"choices": []}, {"choices": [{}]}, {"choices": [{"message": None}]}, payload(7),
     payload(choice={"finish_reason": "error"})],
)  # fmt: skip
def test_what_holds_no_answer_may_have_been_charged(broken):
    with pytest.raises(RetryableError, match="cannot be read") as caught:
        parse_answer(broken, REQUEST)
    assert caught.value.may_be_billed

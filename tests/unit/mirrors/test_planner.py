import pytest

from tain.core.example import Example
from tain.mirrors.planner import PromptPlanner, SamplingSettings
from tain.mirrors.prompts import PromptPlan
from tain.mirrors.request import Answer, Usage
from tain.mirrors.run_parts import steps
from tain.mirrors.screen import Rules
from tain.mirrors.shares import parse_shares

TEXT = (
    "The ferry leaves the old harbour at seven and takes two hours to reach the island. You can buy coffee on the "
    "lower deck, though the machine was broken when we went. Seats are hard and the crew is friendly enough. I would "
    "take it again, but only when the sea is calm."
)
MIRROR = (
    "We caught the early boat across the bay, which needs roughly two hours for the crossing. Downstairs there is a "
    "small kiosk with hot drinks, closed on the day of our trip. The benches could be softer, yet the staff were kind "
    "to everybody. With quiet water I would happily do it once more."
)
PARENT = Example("p0", TEXT, "human", group="g0", domain="review", language="en")


def planner(variant="from_opening", *, seed=0, sampling=None):
    return PromptPlanner(
        PromptPlan((variant,), seed), parse_shares(["a", "b"]), sampling=sampling or SamplingSettings(), rules=Rules()
    )


def answer(text):
    return Answer(text, "stop", Usage(1, 1), "a")


def test_a_request_follows_from_seed_parent_and_attempt():
    first, again = (planner().request(PARENT, attempt=0, topic=None) for _ in range(2))
    assert first == again
    assert (first.parent_id, first.group, first.template, first.variant) == ("p0", "g0", "review", "from_opening")
    other = planner().request(PARENT, attempt=1, topic=None)
    assert other.params.seed != first.params.seed
    assert planner(seed=1).request(PARENT, attempt=0, topic=None).params.seed != first.params.seed


def test_the_room_for_an_answer_follows_from_the_parent():
    short = planner().request(PARENT, attempt=0, topic=None)
    long = planner().request(Example("p1", TEXT * 5, "human"), attempt=0, topic=None)
    assert short.params.max_tokens > len(TEXT) / 3
    assert long.params.max_tokens > 2 * short.params.max_tokens
    fixed = planner(sampling=SamplingSettings(0.5, 0.9, 77, has_seed=False)).request(PARENT, attempt=0, topic=None)
    assert (fixed.params.max_tokens, fixed.params.temperature, fixed.params.top_p) == (77, 0.5, 0.9)
    assert fixed.params.seed is None


def test_the_topic_is_asked_for_first_and_then_written_from():
    asked = planner("from_topic")
    first, second = steps(asked, PARENT)
    assert (first.step, second.step) == ("topic", "text")
    assert TEXT in first.prompt[-1].content
    assert "ferry" not in second.prompt[-1].content
    written = asked.request(PARENT, attempt=0, topic="Topic: crossing a bay by boat")
    assert "crossing a bay by boat" in written.prompt[-1].content


def test_a_good_mirror_is_taken_once():
    judged = planner()
    request = judged.request(PARENT, attempt=0, topic=None)
    judgement = judged.judge(PARENT, request, answer(f'"{MIRROR}"'))
    assert (judgement.text, judgement.rejections) == (MIRROR, ())
    twin = Example("p9", TEXT, "human")
    assert [each.reason for each in judged.judge(twin, request, answer(MIRROR)).rejections] == ["duplicate"]
    assert judged.judge(PARENT, request, answer(MIRROR)).rejections == ()


@pytest.mark.parametrize("variant", ["from_opening", "from_topic"])
def test_what_repeats_its_instructions_is_turned_down(variant):
    judged = planner(variant)
    request = steps(judged, PARENT)[-1]
    said = request.prompt[-1].content.split(". ")
    text = f"{'. '.join(said[-3:])} {MIRROR}"
    reasons = [each.reason for each in judged.judge(PARENT, request, answer(text)).rejections]
    assert "prompt_leak" in reasons


def test_an_empty_topic_is_turned_down():
    assert planner().judge_topic(PARENT, answer("  "))
    assert not planner().judge_topic(PARENT, answer("Topic: a boat trip"))

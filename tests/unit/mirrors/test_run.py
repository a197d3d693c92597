import asyncio

import pytest

from tain.core.errors import EndpointError
from tain.core.example import Example
from tain.mirrors.cost import Prices
from tain.mirrors.request import (
    Answer,
    FatalError,
    Message,
    MirrorRequest,
    RefusedError,
    RetryableError,
    Sampling,
    UnansweredError,
    Usage,
)
from tain.mirrors.run import MirrorRun
from tain.mirrors.run_parts import Judgement, RunSettings
from tain.mirrors.screen import Rejection
from tain.mirrors.store import MirrorStore

BAD = Rejection("length", "too short")
PRICES = Prices({"*": 0.0}, {"*": 1000.0})  # so that 100 tokens cost 0.1
QUICK = RunSettings(concurrency=4, max_attempts=2, max_failures=3)


class Script:
    """A generator and a planner in one: says what happens to the n-th request for a parent."""

    name = "script"

    def __init__(self, outcomes=None, *, wants_topic=False, gate=0):
        """Nothing is answered before so many were asked."""
        self.outcomes, self.wants_topic, self.gate, self.when_open = outcomes or {}, wants_topic, gate, lambda: None
        self.asked, self.n_now, self.n_most, self.is_hurried = [], 0, 0, False

    def request(self, parent, *, attempt, topic):
        step = "topic" if self.wants_topic and topic is None else "text"
        prompt = (Message("user", f"about {topic}"),)
        return MirrorRequest(
            parent.id, parent.group, prompt, "t", "1", "v", "small", Sampling(100), 5, None, step, attempt
        )

    async def generate(self, request):
        self.asked.append((request.parent_id, request.step))
        self.n_now += 1
        self.n_most = max(self.n_most, self.n_now)
        try:
            while len(self.asked) < self.gate:
                await asyncio.sleep(0.001)
            self.when_open()
        finally:
            self.n_now -= 1
        outcomes = self.outcomes.get(request.parent_id, self.outcomes.get("*", []))
        n_before = sum(parent_id == request.parent_id for parent_id, _ in self.asked) - 1
        outcome = outcomes[min(n_before, len(outcomes) - 1)] if outcomes else "good"
        if isinstance(outcome, Exception):
            raise outcome
        return Answer(outcome, "stop", Usage(0, 100), "small-1")

    def judge_topic(self, parent, topic):
        return (BAD,) if topic.text == "bad" else ()

    def judge(self, parent, request, answer):
        return Judgement(answer.text, (BAD,) if answer.text == "bad" else ())

    def n_answers(self, parent_id):
        return None

    def hurry(self):
        self.is_hurried = True

    async def close(self):
        pass


def parents(n=6):
    return [Example(f"p{i}", f"text {i}", "human", group=f"g{i}") for i in range(n)]


@pytest.fixture
def store(tmp_path):
    with MirrorStore(tmp_path / "store.sqlite") as store:
        store.want(parents())
        yield store


def go(store, script, settings=QUICK, *, prices=PRICES, watch=None, stops=False):
    async def work():
        run = MirrorRun(store, script, script, prices=prices, settings=settings, watch=watch or (lambda tally: None))
        if stops:
            script.when_open = run.stop
        return await run.run(), run.tally

    return asyncio.run(work())


def test_every_parent_gets_its_mirror_with_so_many_requests_at_a_time(store):
    script = Script(gate=4)
    ending, tally = go(store, script)
    assert (ending, tally.n_accepted, script.n_most) == ("done", 6, 4)
    assert tally.usd == pytest.approx(0.6)
    assert [mirror.parent.id for mirror in store.accepted()] == [f"p{i}" for i in range(6)]


def test_a_second_run_asks_for_nothing_that_is_there(store):
    go(store, Script())
    script = Script()
    ending, tally = go(store, script)
    assert (ending, script.asked, tally.n_accepted) == ("done", [], 6)


def test_what_is_turned_down_is_asked_for_again_and_then_left(store):
    script = Script({"p0": ["bad", "good"], "p1": ["bad"]})
    _, tally = go(store, script)
    assert (tally.n_accepted, tally.n_rejected, tally.n_turned_down) == (5, 1, 2)
    assert script.asked.count(("p1", "text")) == 2
    assert store.summary().final_rejections == {"length": 1}


def test_failures_are_tried_again_until_this_process_gives_up(store):
    flaky, dead = [RetryableError("cut", may_be_billed=True), "good"], [RetryableError("HTTP 500")]
    ending, tally = go(store, Script({"p0": flaky, "p1": dead}))
    assert (ending, tally.n_accepted, tally.n_failures) == ("done", 5, 4)
    summary = store.summary()
    assert summary.states == {"accepted": 5, "pending": 1}
    assert summary.lost_usd == pytest.approx(0.1)
    with MirrorStore(store.path) as another:
        another.want(parents())
        assert go(another, Script())[1].n_accepted == 6


def test_a_request_the_endpoint_refuses_is_rejected_once_others_were_answered(store):
    script = Script({"p5": [RefusedError("HTTP 400 (filtered)")]})
    ending, tally = go(store, script)
    assert (ending, tally.n_accepted, tally.n_rejected) == ("done", 5, 1)
    assert store.summary().final_rejections == {"refusal": 1}


def test_a_refusal_of_the_very_first_requests_is_a_wrong_setting(store):
    script = Script({"*": [RefusedError("HTTP 400 (no such thing)")]})
    with pytest.raises(FatalError, match="has answered nothing yet: check its name"):
        go(store, script)
    assert store.summary().states == {"pending": 6}


def test_a_fatal_error_stops_asking_and_keeps_what_came(store):
    script = Script({"p1": [FatalError("HTTP 401")]}, gate=4)
    with pytest.raises(FatalError, match="401"):
        go(store, script)
    assert len(script.asked) == 4
    assert store.summary().states == {"accepted": 3, "pending": 3}


def test_an_endpoint_that_answers_nobody_is_left_alone(tmp_path):
    with MirrorStore(tmp_path / "s.sqlite") as store:
        store.want(parents(50))
        with pytest.raises(EndpointError, match="20 requests in a row had no answer; the last time HTTP 503"):
            go(store, Script({"*": [RetryableError("HTTP 503")]}))
        assert store.summary().states == {"pending": 50}


def test_a_generator_without_a_mirror_leaves_the_parent_to_another(store):
    script = Script({"p0": [UnansweredError("not recorded")]})
    ending, tally = go(store, script)
    assert (ending, tally.n_accepted, script.asked.count(("p0", "text"))) == ("done", 5, 1)
    assert store.summary().states == {"accepted": 5, "pending": 1}


def test_the_budget_is_never_overdrawn(store):
    script = Script()
    ending, tally = go(store, script, RunSettings(concurrency=4, max_usd=0.35))
    assert (ending, tally.n_accepted) == ("budget", 3)
    assert tally.usd == pytest.approx(0.3)
    assert go(store, script, RunSettings(max_usd=0.35))[0] == "budget"
    assert len(script.asked) == 3
    assert go(store, script, RunSettings(max_usd=10))[0] == "done"


def test_answers_that_never_came_count_against_the_budget(store):
    script = Script({"*": [RetryableError("cut", may_be_billed=True)]})
    ending, _ = go(store, script, RunSettings(concurrency=1, max_usd=0.35))
    assert (ending, len(script.asked)) == ("budget", 3)


def test_stopping_waits_for_what_is_paid_and_starts_nothing_new(store):
    script = Script(gate=4)
    ending, tally = go(store, script, stops=True)
    assert (ending, tally.n_accepted, len(script.asked), script.is_hurried) == ("stopped", 4, 4, True)
    assert store.summary().states == {"accepted": 4, "pending": 2}
    assert store.summary().reserved_usd == pytest.approx(0)


def test_a_run_that_is_cancelled_says_what_it_may_have_cost(store):
    async def work():
        script = Script(gate=99)
        run = asyncio.create_task(MirrorRun(store, script, script, prices=PRICES, settings=QUICK).run())
        while script.n_now < 4:
            await asyncio.sleep(0.001)
        run.cancel()
        await run

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(work())
    summary = store.summary()
    assert (summary.states, summary.lost_usd) == ({"pending": 6}, pytest.approx(0.4))


def test_the_topic_comes_first_and_is_paid_for_once(store):
    script = Script({"p0": ["topic", "bad", "good"], "p1": ["bad", "topic", "good"]}, wants_topic=True)
    _, tally = go(store, script)
    assert (tally.n_accepted, tally.n_turned_down) == (6, 2)
    assert [step for parent, step in script.asked if parent == "p0"] == ["topic", "text", "text"]
    assert [step for parent, step in script.asked if parent == "p1"] == ["topic", "topic", "text"]


def test_a_topic_left_by_a_dead_process_is_used(store, tmp_path):
    script = Script(wants_topic=True)
    with MirrorStore(tmp_path / "store.sqlite") as other:
        other.want(parents())
        (claim,) = other.claim(1)
        request = script.request(claim.parent, attempt=0, topic=None)
        other.record_answer(request, Answer("about tea", "stop", Usage(0, 100), "small-1"))
        other.release()
    go(store, script)
    assert ("p0", "topic") not in script.asked
    assert store.summary().states == {"accepted": 6}


def test_an_answer_left_unjudged_is_judged_and_not_asked_for(store):
    script = Script()
    (claim,) = store.claim(1)
    request = script.request(claim.parent, attempt=0, topic=None)
    store.record_answer(request, Answer("good", "stop", Usage(0, 100), "small-1"))
    go(store, script)
    assert ("p0", "text") not in script.asked
    assert store.summary().states == {"accepted": 6}


def test_a_defect_in_one_task_does_not_cost_the_answers_of_others(store):
    class Broken(Script):
        def judge(self, parent, request, answer):
            if parent.id == "p0":
                raise ZeroDivisionError
            return super().judge(parent, request, answer)

    with pytest.raises(ZeroDivisionError):
        go(store, Broken(gate=4))
    assert store.summary().states["accepted"] == 3
    assert store.summary().states["answered"] == 1


def test_what_happens_is_told(store):
    told = []
    go(store, Script({"p0": ["bad"]}), watch=lambda tally: told.append((tally.n_accepted, tally.n_rejected)))
    assert told[-1] == (5, 1)

import multiprocessing
import os
import signal
import sqlite3
import time

import pytest

from tain.core.errors import DataError
from tain.core.example import Example
from tain.mirrors.request import Answer, Message, MirrorRequest, Sampling, Usage
from tain.mirrors.screen import Rejection
from tain.mirrors.store import MirrorStore

BAD = (Rejection("length", "too short"),)


def parents(n=5):
    return [Example(f"p{i}", f"text {i}", "human", group=f"g{i}", domain="essay") for i in range(n)]


def request(parent_id="p0", *, step="text", attempt=0):
    prompt = (Message("user", "write"),)
    return MirrorRequest(
        parent_id, "g0", prompt, "essay", "1", "from_title", "small", Sampling(100, seed=3), 2, "en", step, attempt
    )


def answer(text="a mirror"):
    return Answer(text, "stop", Usage(10, 20), "small-2026")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(path):
    with MirrorStore(path) as store:
        store.want(parents())
        yield store


def accept(store, parent_id="p0", text="a mirror"):
    return store.record_verdict(store.record_answer(request(parent_id), answer(text)), (), mirror=text, max_attempts=3)


def test_an_accepted_mirror_comes_back_with_all_that_was_asked(store):
    (claim,) = store.claim(1)
    assert claim.parent == parents()[0]
    assert accept(store, text="a mirror — “quoted”") == "accepted"
    (mirror,) = store.accepted()
    assert (mirror.parent, mirror.request, mirror.text) == (parents()[0], request(), "a mirror — “quoted”")
    assert (mirror.answer.model, mirror.answer.usage) == ("small-2026", Usage(10, 20))


def test_claims_are_dealt_out_once(store, path):
    with MirrorStore(path) as other:
        other.want(parents())
        mine, theirs = store.claim(3), other.claim(9)
        assert [claim.parent.id for claim in (*mine, *theirs)] == ["p0", "p1", "p2", "p3", "p4"]
        assert store.claim(9) == []


def test_only_wanted_parents_are_claimed_and_counted(path):
    with MirrorStore(path) as store:
        store.want(parents(3))
    with MirrorStore(path) as store:
        assert store.want(parents()[1:2]) == 1
        assert [claim.parent.id for claim in store.claim(9)] == ["p1"]
        assert store.summary().states == {"claimed": 1}


def test_another_attempt_follows_a_rejection_until_they_are_used_up(store):
    for attempt in range(2):
        claim = store.claim(1)[0]
        assert (claim.parent.id, claim.attempt) == ("p0", attempt)
        answer_id = store.record_answer(request(attempt=attempt), answer())
        state = store.record_verdict(answer_id, BAD, mirror="a mirror", max_attempts=2)
    assert state == "rejected"
    summary = store.summary()
    assert (summary.final_rejections, summary.rejections) == ({"length": 1}, {"length": 2})
    assert [claim.parent.id for claim in store.claim(9)] == ["p1", "p2", "p3", "p4"]


def test_an_answer_left_unjudged_waits_for_the_next_process(path):
    with MirrorStore(path) as store:
        store.want(parents(1))
        store.claim(1)
        store.record_answer(request(), answer())
    with MirrorStore(path) as store:
        store.want(parents(1))
        assert store.claim(1) == []
        (waiting,) = store.unjudged()
        assert (waiting.request, waiting.answer.text) == (request(), "a mirror")
        assert store.record_verdict(waiting.answer_id, (), mirror="a mirror", max_attempts=3) == "accepted"
        assert store.record_verdict(waiting.answer_id, BAD, mirror="a mirror", max_attempts=3) is None


def test_a_topic_is_kept_for_all_attempts_unless_it_is_turned_down(store):
    store.claim(1)
    topic_id = store.record_answer(request(step="topic"), answer("about tea"))
    store.record_topic_verdict(topic_id, (), max_attempts=3)
    store.record_verdict(store.record_answer(request(), answer()), BAD, mirror="a mirror", max_attempts=3)
    (claim,) = store.claim(1)
    assert (claim.attempt, claim.topic.text, claim.topic.is_judged) == (1, "about tea", True)
    store.give_back("p0", error="cut")
    store.claim(9)
    again_id = store.record_answer(request(step="topic"), answer("I cannot"))
    assert store.record_topic_verdict(again_id, BAD, max_attempts=3) == "pending"
    assert store.claim(1)[0].topic.text == "about tea"


def test_what_failed_comes_after_what_did_not(store):
    store.claim(1)
    store.give_back("p0", error="HTTP 500")
    assert [claim.parent.id for claim in store.claim(9)] == ["p1", "p2", "p3", "p4", "p0"]


def test_what_a_process_gave_up_another_one_may_try(store, path):
    store.claim(1)
    store.give_back("p0", error="not recorded", gives_up=True)
    assert "p0" not in {claim.parent.id for claim in store.claim(9)}
    with MirrorStore(path) as other:
        other.want(parents())
        assert [claim.parent.id for claim in other.claim(9)] == ["p0"]


def test_money_is_reserved_across_processes_and_never_overdrawn(store, path):
    assert len(store.claim(9, reserve=lambda claim: 0.4, max_usd=1.0)) == 2
    with MirrorStore(path) as other:
        other.want(parents())
        assert other.claim(9, reserve=lambda claim: 0.4, max_usd=1.0) == []
        store.record_answer(request("p0"), answer(), usd=0.1)
        assert len(other.claim(9, reserve=lambda claim: 0.4, max_usd=1.0)) == 1
    summary = store.summary()
    assert summary.spent_usd == pytest.approx(0.1)
    assert summary.reserved_usd == pytest.approx(0.8)


def test_an_answer_that_never_came_may_have_cost_what_was_reserved(store):
    store.claim(2, reserve=lambda claim: 0.25)
    store.give_back("p0", error="cut", is_lost=True)
    store.give_back("p1", error="HTTP 429")
    summary = store.summary()
    assert (summary.lost_usd, summary.reserved_usd) == (0.25, 0.0)


def test_released_claims_are_free_again_and_cost_nothing(store):
    store.claim(3, reserve=lambda claim: 1.0)
    assert store.release() == 3
    assert (store.summary().lost_usd, len(store.claim(9))) == (0.0, 5)


def test_a_late_answer_is_kept_but_not_used_once_another_process_has_the_parent(path):
    with MirrorStore(path, lease_s=-1) as slow, MirrorStore(path) as quick:
        slow.want(parents(1)), quick.want(parents(1))
        assert len(slow.claim(1)) == 1
        assert quick.recover() == 1  # the lease is over
        assert len(quick.claim(1)) == 1
        assert slow.record_answer(request(), answer("late"), usd=0.5) is None
        assert accept(quick, text="in time") == "accepted"
        assert [mirror.text for mirror in quick.accepted()] == ["in time"]
        assert (quick.summary().n_answers, quick.summary().spent_usd) == (2, 0.5)


def test_a_late_answer_serves_where_nobody_else_has_claimed_meanwhile(path):
    with MirrorStore(path, lease_s=-1) as slow, MirrorStore(path) as other:
        slow.want(parents(1)), other.want(parents(1))
        slow.claim(1)
        other.recover()
        assert accept(slow) == "accepted"
        assert other.claim(1) == []


def _claim_and_hang(path, ready):
    with MirrorStore(path) as store:
        store.want(parents())
        store.claim(3, reserve=lambda claim: 0.1)
        ready.set()
        time.sleep(60)


def test_claims_of_a_killed_process_are_taken_back_at_once(path):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    child = context.Process(target=_claim_and_hang, args=(path, ready))
    child.start()
    assert ready.wait(30)
    with MirrorStore(path) as store:
        store.want(parents())
        assert store.recover() == 0  # it lives, and its lease runs
        assert len(store.claim(9)) == 2
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        assert store.recover() == 3
        assert len(store.claim(9)) == 3
        assert store.summary().lost_usd == pytest.approx(0.3)


def test_another_text_under_a_known_id_is_refused(path):
    with MirrorStore(path) as store:
        store.want(parents(1))
    with MirrorStore(path) as store, pytest.raises(DataError, match="holds another text under the id 'p0'"):
        store.want([Example("p0", "changed", "human")])


def test_a_file_that_is_no_store_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be looked at" * 20)
    with pytest.raises(DataError, match="cannot be opened as a mirror store"):
        MirrorStore(tmp_path / "notes.txt")
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE mine (x)")
    with pytest.raises(DataError, match="no mirror store"):
        MirrorStore(tmp_path / "other.sqlite")


def test_a_store_of_a_later_version_is_refused(path):
    MirrorStore(path).close()
    with sqlite3.connect(path) as later:
        later.execute("PRAGMA user_version = 99")
    with pytest.raises(DataError, match="later tain"):
        MirrorStore(path)


def test_reading_makes_no_store_and_changes_none(path):
    with pytest.raises(DataError, match="cannot be opened"):
        MirrorStore(path, is_read_only=True)
    assert not path.exists()
    with MirrorStore(path) as store:
        store.want(parents(1))
        store.claim(1)
        accept(store)
    with MirrorStore(path, is_read_only=True) as store:
        assert not store.needs("p0")
        assert store.needs("p1")
        with pytest.raises(DataError, match="cannot be written"):
            store.want(parents())


def test_no_parent_can_have_two_accepted_mirrors(store, path):
    store.claim(1)
    accept(store)
    with sqlite3.connect(path) as raw, pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        raw.execute(
            "INSERT INTO answers (parent_id, step, attempt, request, request_sha256, text, model, prompt_tokens, "
            "completion_tokens, is_estimated, usd, date, left_out, verdict) "
            "VALUES ('p0', 'text', 0, '{}', '', '', '', 0, 0, 0, 0, '', '[]', 'accepted')"
        )

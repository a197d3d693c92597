"""A text is scored once by each detector, whatever happens in between."""

import numpy as np
import pytest

from tain.core.errors import DataError
from tain.core.example import Example
from tain.mining import pool_scores
from tain.mining.pool_scores import PoolScores, score_stream, score_texts


class Counted:
    def __init__(self, dies_at=None):
        self.calls, self.dies_at = [], dies_at

    def __call__(self, texts):
        if self.dies_at is not None and len(self.calls) == self.dies_at:
            raise KeyboardInterrupt
        self.calls.append(list(texts))
        return np.array([np.nan if len(text) < 3 else float(len(text)) for text in texts], dtype=np.float32)


@pytest.fixture
def store(tmp_path):
    return PoolScores(tmp_path / "scores.sqlite")


def pool(n=25):
    return (Example(f"t{i}", "x" * i) for i in range(1, n + 1))


def all_of(store, scorer, detector="one", n=25):
    shards = score_stream(pool(n), detector=detector, scorer=scorer, store=store, shard_texts=10)
    return [score for shard in shards for score in shard.scores.tolist()]


def test_scores_come_in_order_and_a_second_pass_computes_nothing(store):
    scorer = Counted()
    first = all_of(store, scorer)
    assert np.array_equal(first, [np.nan, np.nan, *range(3, 26)], equal_nan=True)
    assert [len(call) for call in scorer.calls] == [10, 10, 5]
    again = Counted()
    assert np.array_equal(all_of(store, again), first, equal_nan=True)
    assert again.calls == []
    assert store.count("one") == 25


def test_another_detector_scores_anew_and_a_grown_pool_scores_what_is_new(store):
    all_of(store, Counted())
    other, grown = Counted(), Counted()
    all_of(store, other, detector="two")
    assert sum(map(len, other.calls)) == 25
    all_of(store, grown, n=40)
    assert sum(map(len, grown.calls)) == 15
    assert store.count("three") == 0


def test_what_was_scored_before_a_stop_is_kept_and_the_shards_are_the_same(store):
    whole = Counted()
    all_of(PoolScores(store.path.with_name("other.sqlite")), whole)
    stopped = Counted(dies_at=1)
    with pytest.raises(KeyboardInterrupt):
        all_of(store, stopped)
    resumed = Counted()
    all_of(store, resumed)
    assert stopped.calls + resumed.calls == whole.calls


def test_a_text_that_stands_twice_is_scored_once(store):
    scorer = Counted()
    found = score_texts(
        [Example("a", "same"), Example("b", "same"), Example("c", "other")], detector="d", scorer=scorer, store=store
    )
    assert found.tolist() == [4.0, 4.0, 5.0]
    assert scorer.calls == [["same", "other"]]
    assert score_texts([], detector="d", scorer=scorer, store=store).tolist() == []


def test_long_texts_make_short_shards(store, monkeypatch):
    monkeypatch.setattr(pool_scores, "SHARD_CHARS", 30)
    scorer, told = Counted(), []
    list(score_stream(pool(), detector="d", scorer=scorer, store=store, advance=told.append))
    assert sum(told) == 25 and max(told) < 10
    assert all(sum(map(len, call)) < 60 for call in scorer.calls)


def test_many_texts_are_looked_up_in_parts(store):
    examples = [Example(f"t{i}", f"text number {i}") for i in range(1200)]
    scorer = Counted()
    score_texts(examples, detector="d", scorer=scorer, store=store)
    score_texts(examples, detector="d", scorer=scorer, store=store)
    assert sum(map(len, scorer.calls)) == 1200


def test_a_scorer_that_loses_texts_and_a_file_that_is_no_database_are_errors(store, tmp_path):
    with pytest.raises(DataError, match=r"shape \(1,\) for 2 texts"):
        score_texts([Example("a", "one"), Example("b", "two")], detector="d", scorer=lambda _: np.ones(1), store=store)
    (tmp_path / "bad.sqlite").write_text("no database, but long enough to look at " * 9)
    with pytest.raises(DataError, match="cannot be read as SQLite"):
        PoolScores(tmp_path / "bad.sqlite")

"""One pass over a pool: what is mined, held, left out and drawn."""

import numpy as np
import pytest
from tests.mining_fixtures import words

from tain.core.example import Example
from tain.corpora.similarity import HeldTexts
from tain.mining.pool_scores import ScoredShard
from tain.mining.quarantine import Quarantine
from tain.recipes.mine.selection import Known, Selector, Wanted

TEXTS = words(40, seed=1, tilt=1.0)


def select(examples, scores, *, known=Known(), judges=(), quarantine=None, **wanted):  # noqa: B008 (frozen)
    standard = {
        "n": 5,
        "cap_per_domain": None,
        "floor": 0.0,
        "n_random": 0,
        "n_suspects": 5,
        "min_words": 50,
        "seed": 1,
    }
    held = HeldTexts()
    held.add(judges)
    selector = Selector(Wanted(**(standard | wanted)), known, quarantine or Quarantine(), held)
    for start in range(0, len(examples), 7):
        part = examples[start : start + 7]
        selector.take(ScoredShard(part, np.array(scores[start : start + 7], dtype=float), len(part)))
    return selector.selection()


def pool(n=40, **fields):
    return [Example(f"t{i}", TEXTS[i], "human", **fields) for i in range(n)]


def names(selection):
    return [candidate.example.id for candidate in selection.mined]


def test_the_hardest_above_the_floor_are_mined():
    scores = [i - 36.5 for i in range(40)]
    assert names(select(pool(), scores)) == ["t39", "t38", "t37"]
    assert names(select(pool(), [100.0 - i for i in range(40)], n=2)) == ["t0", "t1"]


def test_each_domain_has_its_cap():
    examples = [Example(f"t{i}", TEXTS[i], domain=f"d{i % 2}") for i in range(12)]
    assert names(select(examples, range(1, 13), cap_per_domain=2)) == ["t11", "t10", "t9", "t8"]
    assert names(select(examples, [50 + i * (i % 2) for i in range(12)], n=3, cap_per_domain=2)) == ["t11", "t9", "t0"]


def test_texts_mined_before_too_short_or_without_a_mirror_are_passed_over():
    examples = [*pool(5), Example("short", "w1 " * 40)]
    known = Known(gone=frozenset({"t4"}), is_eligible=lambda example: example.id != "t3")
    found = select(examples, [1, 2, np.nan, 4, 5, 6], known=known)
    assert names(found) == ["t1", "t0"]
    assert found.counts["too short"] == 1
    assert found.counts["scored"] == 6


def test_a_text_that_repeats_a_harder_one_or_a_text_that_judges_is_left_out():
    examples = [*pool(4), Example("copy", TEXTS[2] + " w1"), Example("judged", TEXTS[9])]
    found = select(examples, [1, 2, 3, 4, 9, 8], judges=[TEXTS[9] + " w2"])
    assert names(found) == ["copy", "t3", "t1", "t0"]
    assert found.counts["repeats a harder text"] == found.counts["repeats a text that judges"] == 1


def test_suspects_are_held_until_a_person_decides():
    examples = pool(6, date="2024-01-01")
    found = select(examples, [1, 2, 3, 4, 5, 6], n_suspects=4)
    assert found.mined == []
    assert [(s.example.id, s.reasons) for s in found.suspects][:2] == [
        ("t5", ("is dated 2024-01-01",)), ("t4", ("is dated 2024-01-01",)),
    ]  # fmt: skip
    assert len(found.suspects) == 4
    assert found.counts["held for review"] == 6
    known = Known(decisions={"t5": "human", "t4": "ai", "t3": "drop"})
    decided = select(examples, [1, 2, 3, 4, 5, 6], known=known)
    assert names(decided) == ["t5"]
    assert [(e.id, e.label) for e in decided.relabelled] == [("t4", "ai")]
    assert [s.example.id for s in decided.suspects] == ["t2", "t1", "t0"]
    again = select(examples, [1] * 6, known=Known(decisions=known.decisions, gone=frozenset({"t5", "t4"})))
    assert (names(again), again.relabelled) == ([], [])


def test_extreme_scores_and_influences_are_held():
    known = Known(influences={"t1": 3.0})
    found = select(pool(4), [9, 2, 3, 4], known=known, quarantine=Quarantine(limits={"score": 5, "influence": 2}))
    assert names(found) == ["t3", "t2"]
    assert {s.example.id: s.reasons[0] for s in found.suspects} == {
        "t0": "score 9 is above 5", "t1": "influence 3 is above 2",
    }  # fmt: skip


def test_random_texts_follow_from_the_seed_and_pass_the_same_rules():
    known = Known(decisions={"t7": "drop"})
    found = select(pool(), [-1.0] * 40, known=known, n_random=10, judges=[TEXTS[3]])
    drawn = [example.id for example in found.random]
    assert len(drawn) == 10 and not {"t3", "t7"} & set(drawn)
    backwards = select(pool()[::-1], [-1.0] * 40, known=known, n_random=10, judges=[TEXTS[3]])
    assert [example.id for example in backwards.random] == drawn
    fewer = select(pool(), [-1.0] * 40, known=known, n_random=4, judges=[TEXTS[3]])
    assert [example.id for example in fewer.random] == drawn[:4]
    assert [e.id for e in select(pool(), [-1.0] * 40, n_random=10, seed=2).random] != drawn


@pytest.mark.parametrize("n_random", [0, 3])
def test_an_empty_pass_finds_nothing(n_random):
    found = select([], [], n_random=n_random)
    assert (found.mined, found.suspects, found.random, found.relabelled) == ([], [], [], [])

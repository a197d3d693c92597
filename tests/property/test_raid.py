"""RAID's measures against its procedure written out row by row."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tain.evaluation.raid import ALL, raid_measures
from tain.evaluation.raid_rows import RaidRow
from tain.evaluation.raid_thresholds import walk_threshold

SCORES = st.integers(-3, 3).map(float) | st.floats(-60, 60) | st.sampled_from([0.1, 0.2, 0.7])
TARGETS = st.sampled_from([0.01, 0.05, 0.2])


def plain_walk(scores, target):
    def fpr(t):
        return 1 - sum(score < t for score in scores) / len(scores)

    t, step, before, visited = sum(scores) / len(scores), 0.5, None, []
    for _ in range(50):
        if abs(fpr(t) - target) <= 0.0005:
            return t
        visited.append(t)
        gap = target - fpr(t)
        if before is not None and (gap >= 0) != (before >= 0):
            step = -step / 2
        elif before is not None and abs(gap) > abs(before) + 0.01:
            step = -step
        t, before = t + step, gap
    useful = [(target - fpr(each), each) for each in visited if fpr(each) > 0]
    kept = [each for each in useful if each[0] >= 0]
    return min(kept)[1] if kept else max(useful)[1] if useful else None


@settings(max_examples=80, deadline=None)
@given(st.lists(SCORES, min_size=1, max_size=30), TARGETS)
def test_the_walk_is_raids_step_for_step(scores, target):
    assert walk_threshold(scores, target_fpr=target) == plain_walk(scores, target)


@st.composite
def labelled(draw):
    names = st.tuples(st.sampled_from(["human", "gpt4"]), st.sampled_from(["a", "b"]), st.sampled_from(["none", "x"]))
    parts = draw(st.lists(names, min_size=1, max_size=40))
    parts += [("gpt4", "a", "none"), ("human", "a", "none"), ("human", "b", "none")]
    rows = [RaidRow(str(i), *part) for i, part in enumerate(parts)]
    return draw(st.lists(SCORES, min_size=len(rows), max_size=len(rows))), rows


@settings(max_examples=60, deadline=None)
@given(labelled(), TARGETS)
def test_every_part_is_counted_row_by_row(sample, target):
    scores, rows = sample
    both = list(zip(scores, rows, strict=True))
    found = raid_measures(scores, rows, target_fprs=[target])
    clean = {d: [s for s, r in both if r.is_human and r.domain == d and r.attack == "none"] for d in ("a", "b")}
    walks = {d: plain_walk(values, target) for d, values in clean.items()}
    for cell in found.cells:
        here = [(s, r) for s, r in both if cell.domain in (ALL, r.domain)]
        ai = [(s, r) for s, r in here if not r.is_human and cell.attack in (ALL, r.attack)]
        exact = [t.exact for t in found.thresholds[target]]
        n_found = sum(s > exact["ab".index(r.domain)] for s, r in ai)
        assert (cell.tpr[target].k, cell.tpr[target].n) == (n_found, len(ai))
        if cell.leaderboard_tpr[target].value is not None:
            assert cell.leaderboard_tpr[target].k == sum(s >= walks[r.domain] for s, r in ai)
        human = [s for s, r in here if r.is_human]
        pairs = [(s > h) + (s == h) / 2 for s, _ in ai for h in human]
        assert np.isclose(cell.leaderboard_auroc.value, np.mean(pairs))
    over = [d for d, t in walks.items() if t is None or np.mean([s >= t for s in clean[d]]) > target + 0.0006]
    assert {why.split(":")[0] for why in found.missed} >= set(over)

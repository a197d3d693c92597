"""The bounded heap against sorting everything."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tain.core.errors import ConfigError
from tain.core.example import Example
from tain.mining.hardest import Hardest, random_score

DOMAINS = st.sampled_from(["news", "essay", None])
SCORES = st.sampled_from([-1.0, 0.0, 0.5, 1.0]) | st.floats(-3, 3)


@st.composite
def streams(draw):
    rows = draw(st.lists(st.tuples(SCORES, DOMAINS), max_size=40))
    return [(Example(f"t{i}", "text", domain=domain), score) for i, (score, domain) in enumerate(rows)]


def slow(stream, n, cap, floor):
    kept, counts = [], Counter()
    for example, score in sorted(stream, key=lambda pair: (-pair[1], pair[0].id)):
        domain = example.domain or ""
        if score > floor and len(kept) < n and (cap is None or counts[domain] < cap):
            counts[domain] += 1
            kept.append((example.id, score))
    return kept


@settings(max_examples=200, deadline=None)
@given(
    streams(), st.integers(1, 8), st.none() | st.integers(1, 4), st.sampled_from([-math.inf, 0.0, 0.5]), st.randoms()
)
def test_equals_a_sort_of_everything_in_any_order_of_arrival(stream, n, cap, floor, random):
    kept = Hardest(n, cap_per_domain=cap, floor=floor)
    shuffled = list(stream)
    random.shuffle(shuffled)
    for example, score in shuffled:
        kept.offer(example, score)
        assert sum(map(len, kept._heaps.values())) <= 2 * n
    assert [(c.example.id, c.score) for c in kept.taken()] == slow(stream, n, cap, floor)


def test_a_text_without_a_score_or_at_the_floor_is_not_taken():
    kept = Hardest(3, floor=1.0)
    for name, score in (("short", math.nan), ("at", 1.0), ("above", 1.5)):
        kept.offer(Example(name, "text"), score)
    assert [c.example.id for c in kept.taken()] == ["above"]


@pytest.mark.parametrize(("n", "cap"), [(0, None), (3, 0)])
def test_nothing_to_keep_is_refused(n, cap):
    with pytest.raises(ConfigError, match="expected 1 or more"):
        Hardest(n, cap_per_domain=cap)


def test_random_scores_follow_from_seed_and_name_and_are_even():
    drawn = [random_score(f"t{i}", seed=1) for i in range(2000)]
    assert drawn == [random_score(f"t{i}", seed=1) for i in range(2000)]
    assert drawn[:5] != [random_score(f"t{i}", seed=2) for i in range(5)]
    assert min(drawn) >= 0 and max(drawn) < 1
    assert sum(drawn) / 2000 == pytest.approx(0.5, abs=0.03)

"""A round is kept only for fewer false positives at the same true positive rate."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tain.core.errors import ConfigError, MetricError
from tain.mining.decision import FixedScores, decide, threshold_finding

AI = np.linspace(0, 9, 10)


def scores(n_flagged, n=100, *, ai=AI, threshold=4.5, mixed=0):
    control = np.zeros(n)
    control[mixed : mixed + n_flagged] = 8.0
    return FixedScores(control, np.asarray(ai, dtype=float), threshold)


def test_fewer_false_positives_at_the_same_rate_keep_the_round():
    found = decide(scores(12), scores(2))
    assert found.is_kept
    assert (found.fpr_before.k, found.fpr_after.k, found.fpr_after.n) == (12, 2, 100)
    assert (found.tpr_before.k, found.tpr_after.k) == (5, 5)
    assert (found.n_mended, found.n_broken) == (10, 0)
    assert found.p_value == pytest.approx(0.5**10)
    assert "12 of 100 control texts were flagged before, 2 after" in found.reason
    assert "p is at most 0.05" in found.rule


@pytest.mark.parametrize("n_after", [12, 13, 40])
def test_a_tie_and_a_loss_revert(n_after):
    found = decide(scores(12), scores(n_after))
    assert not found.is_kept
    assert found.reason.endswith(": no fewer.")


def guarded(found, n_flagged):
    return FixedScores(found.control, found.ai, found.threshold, np.repeat([8.0, 0.0], [n_flagged, 50 - n_flagged]))


@pytest.mark.parametrize(("n_after", "is_kept"), [(2, True), (3, True), (4, False), (40, False)])
def test_one_more_guard_text_reverts_what_control_texts_would_keep(n_after, is_kept):
    found = decide(guarded(scores(12), 3), guarded(scores(2), n_after))
    assert found.is_kept == is_kept
    assert (found.guard_before.k, found.guard_after.k, found.guard_after.n) == (3, n_after, 50)
    assert ("more, which reverts it" in found.reason) != is_kept
    assert "guard text" in found.rule


def test_guard_texts_are_counted_where_as_many_ai_texts_are_found():
    before = guarded(scores(12), 3)
    shifted = FixedScores(before.control + 100, before.ai + 100, 4.5, before.guard + 100)
    assert decide(before, shifted).guard_after.k == 3


def test_other_guard_texts_are_refused():
    with pytest.raises(MetricError, match="50 guard texts before and 0 after"):
        decide(guarded(scores(12), 3), scores(2))


def test_guard_texts_keep_no_round_that_control_texts_revert():
    found = decide(guarded(scores(12), 30), guarded(scores(12), 0))
    assert not found.is_kept
    assert found.guard_after.k == 0


def test_without_guard_texts_nothing_is_said_of_them():
    found = decide(scores(12), scores(2))
    assert (found.guard_before, found.guard_after) == (None, None)
    assert "guard" not in found.rule + found.reason


def test_a_detector_never_beats_itself():
    # Its operating point lies in a gap between AI scores, in which some people score.
    control = np.concatenate([np.full(20, 4.7), np.zeros(80)])
    same = FixedScores(control, AI, 4.5)
    found = decide(same, same)
    assert (found.fpr_before.k, found.fpr_after.k, found.is_kept) == (0, 0, False)


def test_a_fall_that_chance_may_do_reverts_unless_asked_for():
    assert not decide(scores(3), scores(0)).is_kept
    assert "no more than chance may do" in decide(scores(3), scores(0)).reason
    assert decide(scores(3), scores(0), alpha=0.2).is_kept
    assert not decide(scores(3), scores(3), alpha=1).is_kept


def test_the_rate_is_held_not_the_threshold():
    # The second detector says 100 more of every text: nothing changed.
    before = scores(12)
    shifted = FixedScores(before.control + 100, before.ai + 100, 4.5)
    found = decide(before, shifted)
    assert found.fpr_after.k == 12
    assert found.threshold_after == pytest.approx(105, abs=1e-6)
    # It flags fewer people only because it finds fewer AI texts: at the same rate, it flags as many.
    timid = FixedScores(before.control - 5, before.ai - 5, 4.5)
    assert not (timid.control > timid.threshold).any()
    assert decide(before, timid).fpr_after.k == 12


def test_mcnemar_is_the_sum_of_the_binomial_tail():
    before, after = scores(12), scores(6, mixed=8)  # 8 mended, 2 broken
    found = decide(before, after)
    assert (found.n_mended, found.n_broken) == (8, 2)
    assert found.p_value == pytest.approx(sum(comb(10, k) for k in (8, 9, 10)) / 2**10)


def test_a_group_counts_once():
    one_book = ["book"] * 12 + [f"g{i}" for i in range(88)]
    found = decide(scores(12), scores(0), groups=one_book)
    assert found.p_value == pytest.approx(0.5)  # twelve chapters of one book are one piece of evidence
    assert not found.is_kept
    pairs = [f"g{i // 2}" for i in range(100)]
    assert decide(scores(12), scores(0), groups=pairs).p_value == pytest.approx(0.5**6)
    assert decide(scores(12), scores(0), groups=pairs).is_kept


def test_no_control_texts_keep_no_round():
    found = decide(scores(0, n=0), scores(0, n=0))
    assert (found.is_kept, found.p_value) == (False, None)
    assert "no control texts" in found.reason


def test_a_detector_that_finds_nothing_gives_nothing_to_hold():
    found = decide(scores(12, threshold=99), scores(2))
    assert not found.is_kept
    assert (found.p_value, found.fpr_after.value) == (None, None)
    assert "finds none of 10 AI texts" in found.reason


def test_impossible_settings_are_refused():
    with pytest.raises(ConfigError, match="alpha is 0"):
        decide(scores(1), scores(1), alpha=0)
    with pytest.raises(ConfigError, match="11 of 10 AI texts"):
        threshold_finding(AI, 11)
    with pytest.raises(MetricError, match="groups have shape"):
        decide(scores(1), scores(1), groups=["a"])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-3, 3) | st.floats(-3, 3), min_size=1, max_size=20), st.data())
def test_the_threshold_is_the_highest_that_finds_as_many(ai, data):
    n_found = data.draw(st.integers(1, len(ai)))
    threshold = threshold_finding(ai, n_found)
    assert sum(score > threshold for score in ai) >= n_found
    assert all(sum(score > higher for score in ai) < n_found for higher in ai if higher > threshold)

"""Each metric against a slow plain version, on samples with many ties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, ks_2samp
from sklearn import metrics as reference

from tain.evaluation.bootstrap import Bootstrap
from tain.evaluation.decisions import rates_at
from tain.evaluation.delong import auroc_df, auroc_with_interval, compare_aurocs
from tain.evaluation.drift import score_shift
from tain.evaluation.intervals import clopper_pearson, logit_interval, rate_in_groups, upper_bound, wilson
from tain.evaluation.multiclass import class_measures
from tain.evaluation.paired import mcnemar
from tain.evaluation.prevalence import rogan_gladen
from tain.evaluation.probabilities import brier, ece
from tain.evaluation.ranking import auprc, auroc, pauroc, tpr_at_fpr
from tain.evaluation.thresholds import fit_threshold

TIED_SCORES = st.integers(-4, 4).map(float) | st.floats(-50, 50)
TARGETS = st.sampled_from([0.001, 0.01, 0.05, 0.1, 0.29, 0.5, 0.9])


@st.composite
def two_classes(draw):
    human = draw(st.lists(TIED_SCORES, min_size=1, max_size=25))
    ai = draw(st.lists(TIED_SCORES, min_size=1, max_size=25))
    return np.array(human + ai), np.array([False] * len(human) + [True] * len(ai))


@st.composite
def counts(draw):
    n = draw(st.integers(1, 500))
    return draw(st.integers(0, n)), n


@given(two_classes())
def test_auroc_counts_the_pairs_won(sample):
    scores, is_ai = sample
    pairs = [(a > h) + (a == h) / 2 for a in scores[is_ai] for h in scores[~is_ai]]
    assert auroc(scores, is_ai) == pytest.approx(np.mean(pairs))


@settings(max_examples=40)
@given(two_classes())
def test_areas_equal_those_of_scikit_learn(sample):
    scores, is_ai = sample
    assert auprc(scores, is_ai) == pytest.approx(reference.average_precision_score(is_ai, scores))
    for max_fpr in (0.05, 0.5):
        expected = reference.roc_auc_score(is_ai, scores, max_fpr=max_fpr)
        assert pauroc(scores, is_ai, max_fpr=max_fpr) == pytest.approx(expected)


@given(st.lists(TIED_SCORES, min_size=1, max_size=40), TARGETS)
def test_the_threshold_is_the_lowest_that_keeps_to_the_target(human, target):
    scores = np.array(human)
    allowed = [t for t in scores if (scores > t).sum() <= target * scores.size + 1e-9]
    assert fit_threshold(scores, target_fpr=target) == min(allowed)


@given(two_classes(), TARGETS)
def test_tpr_at_fpr_is_the_best_of_all_thresholds_that_keep_to_it(sample, target):
    scores, is_ai = sample
    human, ai = scores[~is_ai], scores[is_ai]
    kept = [t for t in human if (human > t).sum() <= target * human.size + 1e-9]
    found = tpr_at_fpr(scores, is_ai, target_fpr=target)
    assert found.tpr.value == max((ai > t).mean() for t in kept)
    assert found.fpr.value <= target + 1e-12


@settings(max_examples=40)
@given(two_classes(), TIED_SCORES)
def test_rates_equal_those_of_scikit_learn(sample, threshold):
    scores, is_ai = sample
    called = scores > threshold
    rates = rates_at(scores, is_ai, threshold=threshold)
    assert rates.accuracy.value == pytest.approx(reference.accuracy_score(is_ai, called))
    assert rates.balanced_accuracy.value == pytest.approx(reference.balanced_accuracy_score(is_ai, called))
    assert rates.f1.value == pytest.approx(reference.f1_score(is_ai, called, zero_division=0.0))
    assert rates.recall.value == pytest.approx(reference.recall_score(is_ai, called))
    assert rates.f1_macro.value == pytest.approx(reference.f1_score(is_ai, called, average="macro", zero_division=0.0))
    assert rates.f1_micro.value == pytest.approx(reference.f1_score(is_ai, called, average="micro"))
    if called.any():
        assert rates.precision.value == pytest.approx(reference.precision_score(is_ai, called))
    assert rates.fpr.k == (called & ~is_ai).sum()
    assert rates.fnr.k + rates.recall.k == is_ai.sum()


@given(counts())
def test_intervals_equal_those_of_scipy(count):
    k, n = count
    test = binomtest(k, n)
    exact, score = test.proportion_ci(method="exact"), test.proportion_ci(method="wilson")
    assert clopper_pearson(k, n) == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert wilson(k, n) == pytest.approx((score.low, score.high), abs=1e-9)
    one_sided = binomtest(k, n, alternative="less").proportion_ci(method="exact")
    assert upper_bound(k, n) == pytest.approx(one_sided.high, abs=1e-9)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_calibration_equals_plain_loops(rows):
    p_ai, is_ai = map(np.array, zip(*rows, strict=True))
    assert brier(p_ai, is_ai) == pytest.approx(reference.brier_score_loss(is_ai, p_ai, labels=[False, True]))
    gap = 0.0
    for i in range(10):
        inside = [(p, y) for p, y in rows if min(int(p * 10), 9) == i]
        gap += abs(sum(p for p, _ in inside) - sum(y for _, y in inside))
    assert ece(p_ai, is_ai) == pytest.approx(gap / len(rows), abs=1e-9)


@settings(max_examples=40)
@given(two_classes(), st.integers(2, 6))
def test_the_variance_of_auroc_equals_the_sum_over_groups_of_pair_shares(sample, n_groups):
    scores, is_ai = sample
    groups = np.arange(scores.size) % n_groups
    wins = (scores[is_ai][:, None] > scores[~is_ai]) + (scores[is_ai][:, None] == scores[~is_ai]) / 2
    share = np.zeros(scores.size)
    share[is_ai] = (wins.mean(axis=1) - wins.mean()) / is_ai.sum()
    share[~is_ai] = (wins.mean(axis=0) - wins.mean()) / (~is_ai).sum()
    present = np.unique(groups)
    variance = sum(share[groups == g].sum() ** 2 for g in present) * present.size / max(present.size - 1, 1)
    found = auroc_with_interval(scores, is_ai, groups=groups)
    if 0 < found.value < 1:
        expected = logit_interval(found.value, variance**0.5, df=auroc_df(scores, is_ai, groups=groups))
        assert (found.low, found.high) == pytest.approx(expected, abs=1e-6)


@settings(max_examples=40)
@given(two_classes(), st.lists(st.integers(-4, 4), min_size=50, max_size=50))
def test_the_difference_of_two_aurocs_is_the_difference_and_turns_with_them(sample, others):
    scores, is_ai = sample
    other = np.array(others[: scores.size], dtype=float)
    forth, back = compare_aurocs(scores, other, is_ai), compare_aurocs(other, scores, is_ai)
    assert forth.difference.value == pytest.approx(auroc(scores, is_ai) - auroc(other, is_ai))
    assert back.difference.value == pytest.approx(-forth.difference.value)
    assert back.p_value == pytest.approx(forth.p_value)
    assert 0 <= forth.p_value <= 1
    assert forth.difference.low <= forth.difference.value <= forth.difference.high


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_mcnemar_is_the_binomial_test_of_the_texts_that_one_alone_decides_right(rows):
    first, second = np.array(rows).T
    found = mcnemar(first, second)
    only = int((first & ~second).sum()), int((second & ~first).sum())
    assert (found.n_only_first, found.n_only_second) == only
    if found.is_exact:
        expected = binomtest(only[0], sum(only)).pvalue if sum(only) else 1.0
        assert found.p_value == pytest.approx(expected)
    assert found.difference.value == pytest.approx(first.mean() - second.mean())


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_many_classes_equal_scikit_learn(rows):
    called, truth = np.array(rows).T
    names = ("a", "b", "c", "d")
    found = class_measures(called, truth, names=names, bootstrap=Bootstrap(3))
    assert found.accuracy.value == pytest.approx(reference.accuracy_score(truth, called))
    assert np.array_equal(found.confusion, reference.confusion_matrix(truth, called, labels=range(4)))
    if set(truth) == set(range(4)):
        macro = reference.f1_score(truth, called, average="macro", zero_division=0.0)
        assert found.macro_f1.value == pytest.approx(macro)
        assert found.balanced_accuracy.value == pytest.approx(reference.balanced_accuracy_score(truth, called))
    else:
        assert "There are no texts of" in found.macro_f1.reason


@settings(max_examples=30)
@given(st.lists(TIED_SCORES, min_size=30, max_size=60), st.lists(TIED_SCORES, min_size=1, max_size=60))
def test_the_gap_of_two_distributions_is_scipys(here, known):
    expected = ks_2samp(here, known, method="asymp")
    found = score_shift(here, known)
    assert found.ks == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)


@given(counts(), st.integers(1, 6))
def test_groups_of_equal_copies_count_once_and_single_texts_each(count, n_copies):
    k, n = count
    hits = np.arange(n) < k
    alone = rate_in_groups(hits, None, of="texts")
    assert (alone.low, alone.high) == pytest.approx(wilson(k, n))
    copied = rate_in_groups(np.tile(hits, n_copies), np.tile(np.arange(n), n_copies), of="texts")
    assert copied.value == alone.value
    assert copied.low <= alone.low + 1e-9
    assert copied.high >= alone.high - 1e-9


@given(st.floats(0, 1), st.floats(0, 0.5), st.floats(0.51, 1))
def test_a_share_is_recovered_from_the_flags_it_gives(share, fpr, tpr):
    flagged = share * tpr + (1 - share) * fpr
    assert rogan_gladen(flagged, fpr=fpr, tpr=tpr) == pytest.approx(share, abs=1e-9)

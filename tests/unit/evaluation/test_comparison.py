import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.bootstrap import Bootstrap
from tain.evaluation.comparison import Rival, compare, draws_of, ranking_of
from tain.evaluation.ranking import auroc
from tain.evaluation.slices import ScoredTexts

FEW = Bootstrap(60)


def texts(n=300, shift=1.5, seed=0):
    rng = np.random.default_rng(seed)
    is_ai = np.arange(n) % 2 == 1
    return ScoredTexts(rng.normal(size=n) + shift * is_ai, is_ai, np.arange(n) // 2)


def test_a_ranking_has_intervals_and_refuses_what_the_sample_cannot_support():
    sample = texts()
    ranking = ranking_of(sample, draws_of(sample, bootstrap=FEW))
    assert ranking.auroc.low < ranking.auroc.value < ranking.auroc.high
    at_5, at_1 = ranking.tpr_at_fpr[:2]
    assert at_5.tpr.low <= at_5.tpr.value <= at_5.tpr.high
    assert at_5.fpr.n == 150
    assert at_1.tpr.reason == "150 human texts cannot support a false positive rate of 0.01; 299 or more are needed."


def test_full_separation_is_not_certainty():
    sample = texts(shift=100.0)
    found = ranking_of(sample, draws_of(sample, bootstrap=FEW)).auroc
    assert found.value == 1.0
    assert 0.97 < found.low < 1.0


def test_one_class_gives_reasons_instead_of_numbers():
    human = texts().select(~texts().is_ai)
    ranking = ranking_of(human, draws_of(human, bootstrap=FEW))
    assert "Add texts labelled ai" in ranking.auroc.reason
    assert ranking.tpr_at_fpr[0].tpr.reason == "There are no AI texts."


def test_the_difference_is_ours_minus_theirs_on_shared_texts():
    ours, theirs = texts(), texts(shift=0.2, seed=1).scores
    theirs[:10] = np.nan
    found = compare(ours, Rival("weak", theirs), bootstrap=FEW, our_draws=None)
    shared = ours.select(~np.isnan(theirs))
    expected = auroc(shared.scores, shared.is_ai) - auroc(theirs[10:], shared.is_ai)
    assert found.auroc_difference.value == pytest.approx(expected)
    assert found.auroc_difference.low > 0
    assert found.p_auroc < 0.05
    assert found.p_auroc_bootstrap < 0.05
    assert found.n_unscored == 10
    assert found.own_auroc.value == auroc(shared.scores, shared.is_ai)
    assert found.decisions == ()
    assert (found.n_human, found.n_ai) == (145, 145)
    assert list(found.tpr_differences) == [0.05]


def test_draws_made_before_give_the_same_comparison():
    ours, theirs = texts(), texts(seed=1).scores
    anew = compare(ours, Rival("other", theirs), bootstrap=FEW, our_draws=None)
    again = compare(ours, Rival("other", theirs), bootstrap=FEW, our_draws=draws_of(ours, bootstrap=FEW))
    assert again == anew
    assert again.auroc_difference.low is not None


def test_one_class_has_no_difference():
    human = texts().select(~texts().is_ai)
    found = compare(human, Rival("same", human.scores), bootstrap=FEW, our_draws=None)
    assert "all 150 scored texts are human" in found.auroc_difference.reason
    assert found.p_auroc is None


def test_another_number_of_scores_is_refused():
    with pytest.raises(MetricError, match=r"weak has scores of shape \(2,\), but there are 300 texts"):
        compare(texts(), Rival("weak", np.zeros(2)), bootstrap=FEW, our_draws=None)


def test_decisions_are_compared_at_the_rates_that_both_store():
    ours, theirs = texts(), texts(shift=0.2, seed=1).scores
    rival = Rival("weak", theirs, {0.05: 1.5, 0.01: 2.0})
    found = compare(ours, rival, bootstrap=FEW, our_draws=None, thresholds={0.05: 1.4, 0.001: 4.0}).decisions
    assert [(point.target_fpr, point.threshold) for point in found] == [(0.05, 1.5)]
    tests = {test.of: test for test in found[0].tests}
    assert list(tests) == ["human texts", "AI texts", "all texts"]
    ours_right, theirs_right = ours.scores[ours.is_ai] > 1.4, theirs[ours.is_ai] > 1.5
    assert tests["AI texts"].n_only_first == (ours_right & ~theirs_right).sum()
    assert tests["AI texts"].difference.value == pytest.approx(ours_right.mean() - theirs_right.mean())
    assert found[0].tpr.value == theirs_right.mean()
    assert found[0].fpr.k == (theirs[~ours.is_ai] > 1.5).sum()
    assert tests["AI texts"].p_value < 0.01

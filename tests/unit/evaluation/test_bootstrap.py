import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.bootstrap import (
    Bootstrap,
    confusion_draws,
    paired_difference,
    percentile_interval,
    ranking_draws,
)
from tain.evaluation.ranking import auprc, auroc, pauroc
from tain.evaluation.samples import as_groups


def sample(n=60, seed=0):
    rng = np.random.default_rng(seed)
    is_ai = rng.random(n) < 0.5
    scores = np.round(rng.normal(size=n) + is_ai, 1)  # rounded, so that there are ties
    return scores, is_ai, rng.integers(n // 3, size=n)


def test_each_draw_equals_the_metric_on_the_texts_it_names():
    scores, is_ai, groups = sample()
    bootstrap = Bootstrap(n_draws=20, seed=3)
    draws = ranking_draws(scores, is_ai, groups=groups, target_fprs=(0.05, 0.2), bootstrap=bootstrap)
    index, n_groups = as_groups(groups, n=60)
    weights = np.concatenate(list(bootstrap.weights(n_groups, n_texts=60)))
    for i, weight in enumerate(weights):
        rows = np.repeat(np.arange(60), weight[index])
        assert draws.auroc[i] == pytest.approx(auroc(scores[rows], is_ai[rows]))
        assert draws.auprc[i] == pytest.approx(auprc(scores[rows], is_ai[rows]))
        assert draws.pauroc[i] == pytest.approx(pauroc(scores[rows], is_ai[rows]))
        for target in (0.05, 0.2):
            expected = tpr_on_average(scores[rows], is_ai[rows], target)
            assert draws.tpr[target][i] == pytest.approx(expected)


def tpr_on_average(scores, is_ai, target):
    """With j of n human texts above a threshold, a new one exceeds it with (j + 1) / (n + 1) on average."""
    human, ai = -np.sort(-scores[~is_ai]), scores[is_ai]
    rates = [(j + 1) / (human.size + 1) for j in range(human.size)]
    found = [(ai > threshold).mean() for threshold in human]
    return np.interp(target, [0.0, *rates], [0.0, *found])


def test_each_confusion_draw_counts_the_texts_it_names():
    scores, is_ai, groups = sample()
    bootstrap = Bootstrap(n_draws=5)
    draws = confusion_draws(scores > 0.5, is_ai, groups=groups, bootstrap=bootstrap)
    index, n_groups = as_groups(groups, n=60)
    for i, weight in enumerate(np.concatenate(list(bootstrap.weights(n_groups, n_texts=60)))):
        of_text = weight[index]
        assert draws["tp"][i] == of_text[(scores > 0.5) & is_ai].sum()
        assert sum(counts[i] for counts in draws.values()) == of_text.sum()


def test_draws_do_not_depend_on_the_size_of_a_block(monkeypatch):
    scores, is_ai, groups = sample()
    whole = ranking_draws(scores, is_ai, groups=groups, bootstrap=Bootstrap(50))
    monkeypatch.setattr("tain.evaluation.bootstrap.BLOCK_CELLS", 1)
    assert np.array_equal(whole.auroc, ranking_draws(scores, is_ai, groups=groups, bootstrap=Bootstrap(50)).auroc)


def test_texts_that_move_together_widen_the_interval():
    scores, is_ai, _ = sample(n=100)
    copies = [np.tile(array, 4) for array in (scores, is_ai, np.arange(100))]
    alone = percentile_interval(ranking_draws(copies[0], copies[1]).auroc)
    together = percentile_interval(ranking_draws(copies[0], copies[1], groups=copies[2]).auroc)
    assert together[1] - together[0] > 1.6 * (alone[1] - alone[0])


def test_draws_without_a_class_are_left_out_and_too_many_leave_no_interval():
    draws = ranking_draws([0.0, 1.0], [0, 1], bootstrap=Bootstrap(200)).auroc
    assert 0.3 < np.isnan(draws).mean() < 0.7
    assert percentile_interval(np.array([0.1, np.nan, np.nan])) is None


def test_a_detector_does_not_differ_from_itself():
    scores, is_ai, groups = sample()
    draws = ranking_draws(scores, is_ai, groups=groups, target_fprs=(0.1,))
    gap = paired_difference(draws, draws, point={"auroc": 0.0, 0.1: 0.0})
    assert (gap.auroc.low, gap.auroc.high, gap.p_auroc) == (0.0, 0.0, 1.0)
    assert gap.tpr[0.1].value == 0.0


def test_a_clear_difference_is_seen():
    scores, is_ai, groups = sample(n=300)
    noise = np.random.default_rng(1).normal(size=300)
    gap = paired_difference(
        ranking_draws(scores + 2 * is_ai, is_ai, groups=groups),
        ranking_draws(noise, is_ai, groups=groups),
        point={"auroc": auroc(scores + 2 * is_ai, is_ai) - auroc(noise, is_ai)},
    )
    assert gap.auroc.low > 0.2
    assert gap.p_auroc < 0.01


def test_unlike_draws_are_not_compared():
    scores, is_ai, _ = sample()
    draws = [ranking_draws(scores, is_ai, bootstrap=Bootstrap(n)) for n in (10, 20)]
    with pytest.raises(MetricError, match="not drawn alike"):
        paired_difference(*draws, point={"auroc": 0.0})


def test_one_class_and_one_draw_are_refused():
    with pytest.raises(MetricError, match="all 1 scored texts are ai"):
        ranking_draws([0.0], [1])
    with pytest.raises(MetricError, match="n_draws is 1"):
        Bootstrap(1)

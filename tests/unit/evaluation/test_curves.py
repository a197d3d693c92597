import numpy as np

from tain.evaluation.curves import N_BINS, N_ROC_POINTS, curves_of
from tain.evaluation.ranking import roc_curve


def test_the_histogram_holds_every_text():
    scores, is_ai = np.random.default_rng(0).normal(size=500), np.arange(500) < 200
    curves = curves_of(scores, is_ai)
    assert len(curves.bin_edges) == N_BINS + 1
    assert (sum(curves.ai_counts), sum(curves.human_counts)) == (200, 300)


def test_the_thinned_curve_keeps_its_ends_and_lies_on_the_whole_one():
    rng = np.random.default_rng(0)
    is_ai = rng.random(20_000) < 0.5
    scores = rng.normal(size=20_000) + is_ai
    curves, whole = curves_of(scores, is_ai), roc_curve(scores, is_ai)
    points = list(zip(curves.roc_fpr, curves.roc_tpr, strict=True))
    assert len(points) <= N_ROC_POINTS + 2
    assert points[0] == (0.0, 0.0)
    assert points[-1] == (1.0, 1.0)
    assert set(points) <= set(zip(whole.fpr.tolist(), whole.tpr.tolist(), strict=True))


def test_one_class_has_a_histogram_and_no_curve():
    curves = curves_of(np.array([1.0, 2.0]), np.array([False, False]))
    assert sum(curves.human_counts) == 2
    assert curves.roc_fpr == ()


def test_no_texts_have_an_empty_histogram():
    curves = curves_of(np.empty(0), np.empty(0, dtype=bool))
    assert curves.human_counts == curves.ai_counts == (0,)

"""A small seeded version of benchmarks/interval_coverage: nominal 95% intervals hold the truth about that often."""

import numpy as np
import pytest
from benchmarks.interval_coverage import simulation as sim

from tain.evaluation.bootstrap import Bootstrap
from tain.evaluation.intervals import clopper_pearson, wilson

FEW = Bootstrap(150)


def rng():
    return np.random.default_rng(11)


@pytest.mark.parametrize("n", [200, 600])
def test_rates_hold_the_truth_as_often_as_they_say_on_average(n):
    shares = np.exp(np.linspace(np.log(5 / n), np.log(0.5), 40))
    found = sim.exact_coverage(wilson, n, shares)
    assert 0.945 < np.mean(found) < 0.96
    assert min(found) > 0.92
    assert min(sim.exact_coverage(clopper_pearson, n, shares)) >= 0.95


def test_an_interval_that_knows_of_groups_holds_the_truth_where_one_that_does_not_fails():
    known, plain = sim.grouped_rate(rng(), 400, n_groups=80, size=5, share=0.2, likeness=0.3)
    assert 0.92 < known < 0.98
    assert plain < 0.9


@pytest.mark.parametrize("auroc", [0.9, 0.98])
@pytest.mark.parametrize("is_paired", [False, True])
def test_the_auroc_of_few_texts_is_held(auroc, is_paired):
    assert 0.92 < sim.auroc_closed(rng(), 400, n=100, auroc=auroc, is_paired=is_paired) < 0.985


def test_the_drawn_auroc_is_held_more_often_than_by_percentiles():
    ours, plain = sim.auroc_drawn(rng(), 200, FEW, n=100, auroc=0.98, is_paired=False)
    assert 0.92 < ours < 0.99
    assert plain < ours


def test_tpr_at_one_percent_is_held():
    assert 0.9 < sim.tpr_at_fpr(rng(), 150, FEW, n=300, target=0.01, tpr=0.6) < 0.985


def test_differences_are_held_and_no_difference_is_seldom_called_one():
    held, rejected = sim.auroc_difference(rng(), 300, n=100, aurocs=(0.95, 0.95), is_paired=True)
    assert held > 0.92
    assert rejected < 0.08
    held, rejected = sim.decision_difference(rng(), 300, n=300, first=0.6, second=0.6, both=0.5)
    assert held > 0.92
    assert rejected < 0.08


def test_f1_and_its_kind_are_held():
    found = sim.decisions(rng(), 250, FEW, n=200, fpr=0.05, tpr=0.8)
    assert min(found.values()) > 0.91
    assert max(found.values()) < 0.985


def test_a_corrected_share_is_held():
    assert 0.92 < sim.prevalence_of(rng(), 400, n=800, share=0.2, fpr=0.02, tpr=0.7, n_known=500) < 0.985

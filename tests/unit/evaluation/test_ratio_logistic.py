"""Columns weighed by naive Bayes and as they are: the definition, written out."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from tain.evaluation.baselines.ratio_logistic import RatioLogistic


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return rng.random((40, 6)) * (rng.random((40, 6)) < 0.5), np.arange(40) % 2


def test_it_is_the_mean_of_both_models(rows):
    x, y = rows
    p, q = (1 + (x[y == label] > 0).sum(axis=0) for label in (1, 0))
    ratios = np.log((p / p.sum()) / (q / q.sum()))
    weighed = LogisticRegression(C=30.0, solver="liblinear", random_state=0).fit(x * ratios, y)
    plain = LogisticRegression(C=10.0, solver="liblinear", random_state=0).fit(x, y)
    mean = (weighed.decision_function(x * ratios) + plain.decision_function(x)) / 2
    found = RatioLogistic(random_state=0).fit(sparse.csr_matrix(x), y)
    np.testing.assert_allclose(found.decision_function(x), mean, atol=1e-9)
    np.testing.assert_allclose(x @ found.coef_[0] + found.intercept_, mean, atol=1e-9)


def test_classes_that_are_alike_are_not_told_apart(rows):
    x, y = rows
    x[:, 0] = 1.0
    even = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)])
    x[:, 1:] = np.tile(x[y == 0][:, 1:], (2, 1))[np.argsort(even)]
    assert np.abs(RatioLogistic().fit(sparse.csr_matrix(x), y).coef_).max() < 1e-4

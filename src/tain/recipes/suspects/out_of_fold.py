"""Probabilities of each text's label by a model that did not learn from it or its group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tain.core.errors import MetricError

STRENGTH = 0.01  # firmly held back: wrong labels are there to be learned by heart


def out_of_fold(
    states: NDArray[np.floating],
    labels: NDArray[np.integer],
    groups: NDArray[np.integer],
    *,
    names: tuple[str, ...],
    n_folds: int = 5,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Logistic regression on what stands for each text, one fold after the other held out.

    Args:
        states: Shape (n, d).
        labels: Class index of each, shape (n,).
        groups: Group index of each, shape (n,); a group is held out whole.
        names: Of the labels.
        n_folds: Two or more.
        seed: Of the folds.

    Returns:
        Shape (n, n_labels), rows sum to 1.

    Raises:
        MetricError: If a label comes from fewer groups than there are folds.
    """
    for index, name in enumerate(names):
        if (n_groups := np.unique(groups[labels == index]).size) < n_folds:
            raise MetricError(
                f"Texts labelled {name} come from {n_groups} group(s), fewer than the {n_folds} folds. Give more "
                "texts, or lower --folds."
            )
    found = np.zeros((len(labels), len(names)))
    for rest, held in StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(states, labels, groups):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=2000))
        model.fit(states[rest], labels[rest])
        found[np.ix_(held, model.classes_)] = model.predict_proba(states[held])
    return found

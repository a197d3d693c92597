"""Which training texts a classifier sees: fewer where it must, and folds that keep groups whole."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedGroupKFold

from tain.core.errors import MetricError
from tain.evaluation.samples import Indices

N_FOLDS = 3


def drawn(classes: Indices, *, most: int | None, seed: int) -> Indices:
    """The places of the texts to keep, rising: all of them, or a random part with the shares of the classes.

    Args:
        classes: Shape (n,), class indices.
        most: The most to keep; every class keeps at least one. None keeps all.
        seed: Of the draw.
    """
    if most is None or classes.size <= most:
        return np.arange(classes.size)
    rng = np.random.default_rng(seed)
    kept = []
    for name in np.unique(classes):
        places = np.flatnonzero(classes == name)
        kept.append(rng.choice(places, max(1, places.size * most // classes.size), replace=False))
    return np.sort(np.concatenate(kept))


def calibrated(model: Any, classes: Indices, groups: Indices, *, seed: int, name: str) -> Any:  # noqa: ANN401 (scikit-learn)
    """A classifier that turns its margins into probabilities by Platt's method, on texts held out in turn.

    Args:
        model: Fitted to all texts; its margins stay what they were.
        classes: Shape (n,), class indices.
        groups: Shape (n,); texts of one group share a fold.
        seed: Of the folds.
        name: Of the detector, for an error.

    Raises:
        MetricError: If a class comes from fewer than three groups.
    """
    for index in np.unique(classes):
        n_groups = np.unique(groups[classes == index]).size
        if n_groups < N_FOLDS:
            raise MetricError(
                f"{name}: probabilities are calibrated over {N_FOLDS} folds, but class {index} has texts of {n_groups} "
                f"group(s). Give texts of {N_FOLDS} or more groups."
            )
    folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    splits = list(folds.split(classes, classes, groups))
    return CalibratedClassifierCV(model, method="sigmoid", cv=splits, ensemble=False)

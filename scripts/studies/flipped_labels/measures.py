"""What is reported of a ranking: how it finds the flips, and how it goes with the exact one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import roc_auc_score

INSPECTED = tuple(round(0.05 * step, 2) for step in range(21))
Scores = NDArray[np.float64]


def measured(scores: dict[str, Scores], is_flipped: NDArray[np.bool_]) -> dict[str, dict[str, Any]]:
    """Of each ranking its AUC, its recall by share inspected, and its correlation with `exact`."""
    exact = scores["exact"]
    return {
        name: {
            "auc": float(roc_auc_score(is_flipped, own)),
            "recall": recall(own, is_flipped),
            "pearson": float(pearsonr(own, exact).statistic),
            "spearman": float(spearmanr(own, exact).statistic),
        }
        for name, own in scores.items()
    }


def recall(scores: Scores, is_flipped: NDArray[np.bool_]) -> list[float]:
    """The share of flips among the first texts, for each share inspected."""
    found = np.concatenate([[0], np.cumsum(is_flipped[np.argsort(-scores, kind="stable")])])
    return [float(found[round(share * len(scores))] / found[-1]) for share in INSPECTED]


def suspects(scores: Scores, n: int) -> NDArray[np.intp]:
    """Places of the so many most suspect texts."""
    return np.argsort(-scores, kind="stable")[:n]

"""What a model of so many texts does on the tested corpora."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tain.core.example import Corpus
from tain.evaluation.intervals import Rate, rate
from tain.evaluation.ranking import auroc, tpr_at_fpr

Floats = NDArray[np.float64]


def measured(corpus: Corpus, scores: Floats, *, threshold: float, target_fpr: float) -> dict[str, Any]:
    """The measures of one corpus.

    Args:
        corpus: With texts of both classes.
        scores: Of its texts.
        threshold: Fixed beforehand.
        target_fpr: What it was set for.
    """
    is_ai = np.array([example.label == "ai" for example in corpus])
    flagged = scores > threshold
    return {
        "auroc": auroc(scores, is_ai),
        "tpr_at_target": tpr_at_fpr(scores, is_ai, target_fpr=target_fpr).tpr.value,
        "fpr": _counted(rate(int(flagged[~is_ai].sum()), int((~is_ai).sum()), of="human texts")),
        "tpr": _counted(rate(int(flagged[is_ai].sum()), int(is_ai.sum()), of="AI texts")),
        "loss": balanced_loss(scores, is_ai),
    }


def balanced_loss(scores: Floats, is_ai: NDArray[np.bool_]) -> float:
    """Mean cross-entropy in nats of scores read as log-odds of AI, both classes counting alike.

    Args:
        scores: Shape (n,).
        is_ai: With both classes, shape (n,).
    """
    losses = np.logaddexp(0.0, np.where(is_ai, -scores, scores))
    return float((losses[is_ai].mean() + losses[~is_ai].mean()) / 2)


def _counted(found: Rate) -> dict[str, float | int | None]:
    return {"k": found.k, "n": found.n, "rate": found.value, "low": found.low, "high": found.high}

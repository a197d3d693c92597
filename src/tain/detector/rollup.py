"""From the scores of windows to the score of a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def roll_up(scores: NDArray[np.floating], n_tokens: Sequence[int]) -> float:
    """The score of a text: the mean of its windows' logits, each counted by its tokens.

    Every token has one vote. A maximum would raise the false positive rate with the number of windows; a mean lowers
    the spread of long texts, so thresholds fitted on shorter ones hold for them.

    Args:
        scores: One logit per window, shape (n_windows,), n_windows at least 1.
        n_tokens: Tokens in each window, special ones not counted.

    Returns:
        A number that float32 holds exactly, so that storing it loses nothing.
    """
    weights = np.maximum(np.asarray(n_tokens, dtype=np.float64), 1)
    return float(np.float32((scores.astype(np.float64) * weights).sum() / weights.sum()))

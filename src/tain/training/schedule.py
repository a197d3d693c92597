"""The learning rate over time: a linear rise, then half a cosine down to zero."""

from __future__ import annotations

import math


def warmup_cosine(step: int, *, n_steps: int, warmup_share: float) -> float:
    """The share of the peak rate at a step, between 0 and 1.

    Args:
        step: From 0.
        n_steps: Steps of the whole training.
        warmup_share: Share of the steps over which the rate rises; at least one step.
    """
    n_warmup = max(1, round(warmup_share * n_steps))
    if step < n_warmup:
        return (step + 1) / n_warmup
    done = (step - n_warmup) / max(1, n_steps - n_warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

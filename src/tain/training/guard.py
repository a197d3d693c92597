"""Notices when a training has diverged."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from statistics import median

WINDOW = 50  # losses the median is taken over
PATIENCE = 3  # high losses in a row that count: one hard batch is no divergence
FLOOR = 0.05  # nats; below it, ratios of losses say nothing


@dataclass
class DivergenceGuard:
    """Compares each loss with the median of the recent ones.

    Attributes:
        factor: How many times the median counts as high.
        recent: The last losses.
        n_high: High losses in a row so far.
    """

    factor: float
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    n_high: int = 0

    def has_diverged(self, loss: float) -> bool:
        """Whether the training should go back: the loss is not finite, or has stayed high.

        Args:
            loss: Loss of the newest step, in nats.
        """
        if not math.isfinite(loss):
            return True
        is_full = len(self.recent) == WINDOW
        is_high = is_full and loss > self.factor * max(median(self.recent), FLOOR)
        self.n_high = self.n_high + 1 if is_high else 0
        if not is_high:
            self.recent.append(loss)
        return self.n_high >= PATIENCE

    def state(self) -> dict[str, list[float] | int]:
        """What a checkpoint keeps."""
        return {"recent": list(self.recent), "n_high": self.n_high}

    def restore(self, state: dict[str, list[float] | int]) -> None:
        """Go back to a kept state."""
        recent, n_high = state["recent"], state["n_high"]
        assert isinstance(recent, list)
        assert isinstance(n_high, int)
        self.recent = deque(recent, maxlen=WINDOW)
        self.n_high = n_high

"""Notices when a training has diverged."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from statistics import median

WINDOW = 50  # losses the median is taken over
PATIENCE = 3  # high losses in a row that count: one hard batch is no divergence


@dataclass
class DivergenceGuard:
    """Compares each loss with the median of the recent ones, and with what guessing would cost.

    Small batches of texts that are nearly learnt have losses of .001 and of .3, and neither says anything.

    Attributes:
        factor: How many times the median counts as high.
        floor: In nats; no loss below it does.
        recent: The last losses.
        n_high: High losses in a row so far.
    """

    factor: float
    floor: float
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
        is_high = is_full and loss > max(self.factor * median(self.recent), self.floor)
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

"""How long the rest of a study will take, from the cells that are done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

TRAINING_COST = 3.0  # a step reads a text forward and backward, an evaluation only forward


@dataclass(frozen=True)
class Work:
    """What a cell has to do.

    Attributes:
        who: The contestant and backbone.
        n_chars: Characters read, those of training texts counted threefold; texts are counted up to the most tokens.
    """

    who: str
    n_chars: float


def work_of(who: str, *, n_trained: float, n_scored: float, mean_chars: float) -> Work:
    """What a cell has to do.

    Args:
        who: The contestant and backbone.
        n_trained: Training texts, each as often as it is passed over.
        n_scored: Validation and test texts, each as often as it is scored.
        mean_chars: Of a text.
    """
    return Work(who, (TRAINING_COST * n_trained + n_scored) * mean_chars)


def forecast_s(pending: Iterable[Work], done: Sequence[tuple[Work, float]]) -> float | None:
    """Seconds that the pending work takes, or None before anything was measured.

    A contestant that was measured sets its own pace, others that of all.

    Args:
        pending: What is to do.
        done: What was done, and its seconds.
    """
    if not done:
        return None
    paces: dict[str, list[float]] = {}
    for work, seconds in done:
        paces.setdefault(work.who, []).append(seconds / work.n_chars)
    general = median(pace for own in paces.values() for pace in own)
    return sum(work.n_chars * (median(paces[work.who]) if work.who in paces else general) for work in pending)


def told(seconds: float) -> str:
    """A span for a person, such as 40 s, 12 min or 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

"""Evidence against labels: for each text a score, higher where the label is more likely wrong, and a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tain.analysis.suspects.confident import Confident, Labels, Vector, confident
from tain.analysis.suspects.neighbours import disagreement
from tain.core.errors import ConfigError, DataError


@dataclass(frozen=True)
class Evidence:
    """What one look at the texts says of their labels.

    Attributes:
        name: Of the kind of evidence.
        scores: Of each text, shape (n,); higher is more suspect.
        reasons: Of each text; empty where this evidence alone would not raise it.
    """

    name: str
    scores: Vector
    reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse scores that cannot be ranked.

        Raises:
            DataError: If there are none, one is NaN or infinite, or reasons are of another number.
        """
        if self.scores.ndim != 1 or not len(self.scores) or len(self.reasons) != len(self.scores):
            raise DataError(
                f"{self.name}: scores have shape {self.scores.shape} with {len(self.reasons)} reasons; expected (n,) "
                "and n, above 0."
            )
        if not np.isfinite(self.scores).all():
            place = int(np.argmin(np.isfinite(self.scores)))
            raise DataError(f"{self.name}: the score of text {place} (from 0) is NaN or infinite.")


def by_influence(influence: NDArray[np.floating], *, share: float = 0.05, kind: str = "influence") -> Evidence:
    """Texts that harm, by influence on a validation loss or on their own.

    Args:
        influence: Above 0 where more weight on the text raises the validation loss, as estimators of
            `tain.analysis.influence` give it; or self-influence, large where the model could not have known.
        share: Of the texts, those with the largest influence that get a reason, if theirs is above 0.
        kind: What it is called in the reason.

    Raises:
        ConfigError: If the share is outside.
        DataError: If a number is none.
    """
    if not 0 < share <= 1:
        raise ConfigError(f"share is {share}, expected a number above 0 and at most 1, such as 0.05.")
    scores = np.asarray(influence, dtype=np.float64)
    if not scores.size or not np.isfinite(scores).all():
        raise DataError(f"{kind}: scores must be numbers, and there must be some.")
    edge = np.quantile(scores, 1 - share, method="higher")
    line = f"its {kind} is among the highest {share:.0%}"
    return Evidence(kind, scores, tuple(line if score >= edge and score > 0 else "" for score in scores))


def by_confidence(probabilities: NDArray[np.floating], labels: Labels, *, names: Sequence[str]) -> Evidence:
    """Texts whose label a model that did not learn from them finds improbable: their out-of-fold loss.

    Args:
        probabilities: Out of fold, shape (n, n_labels).
        labels: Class index of each, shape (n,).
        names: Of the labels.

    Raises:
        DataError: If shapes do not fit, or a number is no probability.
    """
    found = confident(probabilities, labels)
    return Evidence("out_of_fold", found.loss, tuple(_doubts(found, labels, np.asarray(probabilities), names)))


def by_neighbours(
    states: NDArray[np.floating],
    labels: Labels,
    *,
    names: Sequence[str],
    groups: Labels | None = None,
    n_neighbours: int = 10,
) -> Evidence:
    """Texts whose nearest texts have another label.

    Args:
        states: Shape (n, d).
        labels: Class index of each, shape (n,).
        names: Of the labels.
        groups: Texts that are no evidence against each other, such as a human text and its mirrors.
        n_neighbours: k.

    Raises:
        ConfigError: If k is below 1.
        DataError: If shapes do not fit, or a number is none.
    """
    scores = disagreement(states, labels, groups=groups, n_neighbours=n_neighbours)
    lines = (
        f"{score:.0%} of the texts most like it are not labelled {names[label]}" if score > 0.5 else ""
        for score, label in zip(scores, labels, strict=True)
    )
    return Evidence("neighbours", scores, tuple(lines))


def _doubts(found: Confident, labels: Labels, p: NDArray[np.floating], names: Sequence[str]) -> list[str]:
    return [
        ""
        if likely in (-1, label)
        else f"a model that did not learn from it gives {names[label]} {p[place, label]:.1%} and {names[likely]} "
        f"{p[place, likely]:.1%}"
        for place, (likely, label) in enumerate(zip(found.likely, labels, strict=True))
    ]

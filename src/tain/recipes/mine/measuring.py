"""What a detector does to the texts that judge every round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tain.core.example import Example
from tain.detector import Detector
from tain.evaluation.intervals import Rate, rate
from tain.evaluation.ranking import auroc
from tain.mining.control import CONTROL, GUARD, MEASUREMENT
from tain.mining.decision import FixedScores, threshold_finding
from tain.mining.pool_scores import Floats, PoolScores
from tain.recipes.mine.scoring import DetectorScorer, score_all
from tain.recipes.mine.texts import PreparedTexts

NEVER_FLAGGED = -1e30  # the score of a text that is too short for a detector
UNNAMED = "no domain"


@dataclass(frozen=True)
class Measured:
    """The scores of one detector.

    Attributes:
        fixed: Of control, guard and AI validation texts, with its operating point.
        measurement: Of the texts that decide nothing, shape (n,).
    """

    fixed: FixedScores
    measurement: Floats

    def scores(self, part: str) -> Floats:
        """The scores of the control, the guard or the measurement texts."""
        return {CONTROL: self.fixed.control, GUARD: self.fixed.guard, MEASUREMENT: self.measurement}[part]

    @property
    def tpr(self) -> Rate:
        """AI validation texts found at the operating point."""
        return rate(self.fixed.n_found, self.fixed.ai.size, of="AI texts")

    @property
    def auroc(self) -> float:
        """Of control and AI validation texts."""
        scores = np.concatenate([self.fixed.control, self.fixed.ai])
        return auroc(scores, np.arange(scores.size) >= self.fixed.control.size)

    def fpr(self, part: str, *, n_found: int, of: Sequence[bool] | None = None) -> Rate:
        """Human texts flagged at the highest threshold that finds so many AI validation texts.

        Args:
            part: control, guard or measurement.
            n_found: AI texts to find; 0 gives no rate.
            of: Which texts to count; None counts all.
        """
        if not n_found:
            return rate(0, 0, of="AI texts found to hold")
        flags = self.scores(part) > threshold_finding(self.fixed.ai, n_found)
        chosen = flags if of is None else flags[np.asarray(of, dtype=np.bool_)]
        return rate(int(chosen.sum()), chosen.size, of="texts")

    def flagged(self, part: str, *, of: Sequence[bool] | None = None) -> Rate:
        """Human texts flagged at the detector's own operating point; arguments as in `fpr`."""
        flags = self.scores(part) > self.fixed.threshold
        chosen = flags if of is None else flags[np.asarray(of, dtype=np.bool_)]
        return rate(int(chosen.sum()), chosen.size, of="texts")


def measure(
    detector: Detector, texts: PreparedTexts, store: PoolScores, *, target_fpr: float, is_quiet: bool = False
) -> Measured:
    """The scores of a detector on the texts that judge.

    Args:
        detector: Saved.
        texts: Prepared.
        store: Of every score.
        target_fpr: Of its operating point.
        is_quiet: No progress bars.
    """
    scorer = DetectorScorer(detector, store)

    def scores(examples: Sequence[Example], title: str) -> Floats:
        found = score_all(scorer, examples, store, title=f"Measuring on {title}", is_quiet=is_quiet)
        return np.where(np.isnan(found), NEVER_FLAGGED, found)

    control = scores(texts.held[CONTROL], CONTROL)
    ai = scores(texts.valid_ai, "AI texts")
    guard = scores(texts.guard, GUARD) if texts.guard else np.empty(0)
    fixed = FixedScores(control, ai, detector.point(target_fpr).threshold, guard)
    return Measured(fixed, scores(texts.held[MEASUREMENT], MEASUREMENT))


def domains_of(examples: Sequence[Example]) -> dict[str, list[bool]]:
    """For each domain, by name, which texts are of it."""
    names = [example.domain or UNNAMED for example in examples]
    return {name: [own == name for own in names] for name in sorted(set(names))}

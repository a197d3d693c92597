"""Operating points and probabilities, fitted to the scores of texts that trained nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import exp, log, log1p

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import ConfigError, DataError
from tain.detector.settings import CalibrationRecord, Lengths, ProbabilityMap
from tain.evaluation.overlap import Hashes
from tain.evaluation.thresholds import TARGET_FPRS, OperatingPoint, fit_operating_points, n_needed, supports

Scores = NDArray[np.float32]
EVEN_ODDS = 0.5
_MAX_STEPS = 100


@dataclass(frozen=True)
class ScoredTexts:
    """Texts of one kind, as the detector in the making scored them.

    Attributes:
        scores: Logits, shape (n,).
        n_words: Words in each, shape (n,).
        n_too_short: Texts that got no score and are not counted in n.
        sha256: Hash of the texts.
        hashes: One of each text, shape (n,), by which it is known again.
    """

    scores: Scores
    n_words: NDArray[np.int64]
    n_too_short: int = 0
    sha256: str = ""
    hashes: Hashes = field(default_factory=lambda: np.empty(0, dtype=np.uint64))


@dataclass(frozen=True)
class Calibration:
    """What turns a score into a label, a probability and a piece of evidence.

    Attributes:
        record: The part that stands in `detector.json`.
        human_scores: Of the human calibration texts, ascending.
        ai_scores: Of the AI ones, ascending; may be empty.
    """

    record: CalibrationRecord
    human_scores: Scores
    ai_scores: Scores

    def point(self, target_fpr: float) -> OperatingPoint:
        """The operating point of a target: the stored one, or one fitted to the stored scores.

        Args:
            target_fpr: Between 0 and 1.

        Raises:
            ConfigError: If there are too few human texts behind the detector for this target.
        """
        for point in self.record.points:
            if abs(point.target_fpr - target_fpr) < 1e-9:
                return point
        require_support(len(self.human_scores), target_fpr)
        fitted = fit_operating_points(self.human_scores, targets=(target_fpr,), data_sha256=self.record.human_sha256)
        return fitted.points[0]

    def n_higher(self, score: float) -> int:
        """How many human calibration texts scored higher."""
        return int(len(self.human_scores) - np.searchsorted(self.human_scores, np.float32(score), side="right"))

    def p_ai(self, score: float, *, prior: float = EVEN_ODDS) -> float | None:
        """The probability that a text is AI, or None when no AI texts were there to fit it.

        Args:
            score: Logit.
            prior: Share of AI texts among those that are checked, between 0 and 1.
        """
        line = self.record.probability
        return None if line is None else with_prior(_sigmoid(line.slope * score + line.intercept), prior)


def require_support(n_human: int, target_fpr: float) -> None:
    """Return only if so many human texts can support a false positive rate.

    Args:
        n_human: Human texts that are long enough.
        target_fpr: Asked for.

    Raises:
        ConfigError: With the number that is needed.
    """
    if not 0 < target_fpr < 1:
        raise ConfigError(f"The false positive rate is {target_fpr}; expected a share such as 0.01 for 1%.")
    if not supports(n_human, target_fpr):
        raise ConfigError(
            f"A false positive rate of {target_fpr:.4g} needs {n_needed(target_fpr):,} human texts or more; there are "
            f"{n_human:,}. Ask for a higher rate, or calibrate with more human texts: tain calibrate --human FILE."
        )


def with_prior(p_ai: float, prior: float) -> float:
    """A probability for another share of AI texts, by Bayes' rule: prior odds multiply.

    Args:
        p_ai: At even odds, between 0 and 1.
        prior: Share of AI texts where the detector is used, between 0 and 1.

    Raises:
        ConfigError: If the prior is not between 0 and 1.
    """
    if not 0 < prior < 1:
        raise ConfigError(f"The prior is {prior}; expected the share of AI texts, such as 0.1, between 0 and 1.")
    p = min(max(p_ai, 1e-12), 1 - 1e-12)
    return _sigmoid(log(p) - log1p(-p) + log(prior) - log1p(-prior))


def fit_calibration(
    human: ScoredTexts,
    *,
    ai: ScoredTexts | None = None,
    targets: Iterable[float] = TARGET_FPRS,
    earlier: ProbabilityMap | None = None,
) -> Calibration:
    """The calibration that these texts support.

    Args:
        human: Texts by people.
        ai: Texts by language models; without them the earlier probability map stays.
        targets: False positive rates to fit, where the number of texts supports them.
        earlier: Probability map of the detector that is calibrated anew.

    Raises:
        DataError: If the human texts support none of the targets.
    """
    ordered = sorted(set(targets), reverse=True)
    fitted = fit_operating_points(human.scores, targets=ordered, data_sha256=human.sha256)
    if not fitted.points:
        raise DataError(
            f"{len(human.scores):,} human texts of enough words support no operating point; the loosest asked for, "
            f"{ordered[0]:.4g}, needs {n_needed(ordered[0]):,}. Give more human texts."
        )
    has_ai = ai is not None and len(ai.scores) > 0
    record = CalibrationRecord(
        points=fitted.points,
        refused={f"{target:g}": reason for target, reason in fitted.refused.items()},
        n_human=len(human.scores),
        n_ai=len(ai.scores) if ai else 0,
        n_too_short=human.n_too_short + (ai.n_too_short if ai else 0),
        human_sha256=human.sha256,
        ai_sha256=ai.sha256 if ai else "",
        words=_lengths(human.n_words),
        probability=fit_probability(human.scores, ai.scores) if ai and has_ai else earlier,
        note="" if has_ai or earlier is None else "The probability map is from the calibration before this one.",
    )
    return Calibration(record, np.sort(human.scores), np.sort(ai.scores) if ai else np.empty(0, dtype=np.float32))


def fit_probability(human_scores: Scores, ai_scores: Scores) -> ProbabilityMap:
    """The logistic line between two samples, each kind weighing one half, so that its prior is even.

    Targets are drawn in from 0 and 1 as Platt does, so that samples which do not overlap have a finite line.

    Args:
        human_scores: Shape (n_human,), n_human at least 1.
        ai_scores: Shape (n_ai,), n_ai at least 1.

    Raises:
        DataError: If AI texts do not score higher than human ones.

    Source:
        Platt 1999, Probabilistic outputs for support vector machines. Differs: classes weigh the same.
    """
    x = np.concatenate([human_scores, ai_scores]).astype(np.float64)
    n_human, n_ai = len(human_scores), len(ai_scores)
    target = np.repeat([1 / (n_human + 2), (n_ai + 1) / (n_ai + 2)], [n_human, n_ai])
    weight = np.repeat([0.5 / n_human, 0.5 / n_ai], [n_human, n_ai])
    slope, intercept = _fit_line(x, target, weight)
    if not slope > 0:
        raise DataError(
            f"The {n_ai:,} AI texts do not score higher than the {n_human:,} human ones (slope {slope:.3g}), so no "
            "probability can be fitted. Are the files the right way round?"
        )
    return ProbabilityMap(slope=slope, intercept=intercept, n_human=n_human, n_ai=n_ai)


def _fit_line(x: NDArray[np.float64], target: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[float, float]:
    # Newton on standardised scores; the loss is convex and the targets keep its minimum finite.
    mean, spread = x.mean(), x.std() or 1.0
    design = np.stack([(x - mean) / spread, np.ones_like(x)], axis=1)
    line = np.zeros(2)
    for _ in range(_MAX_STEPS):
        p = 1 / (1 + np.exp(-design @ line))
        gradient = design.T @ (weight * (p - target))
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        line -= step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    return float(line[0] / spread), float(line[1] - line[0] * mean / spread)


def texts_sha256(texts: Sequence[str]) -> str:
    """A hash of texts in order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\x1e")
    return digest.hexdigest()


def _lengths(n_words: NDArray[np.int64]) -> Lengths:
    low, median, high = np.quantile(n_words, [0.01, 0.5, 0.99], method="inverted_cdf")
    return Lengths(low=int(low), median=int(median), high=int(high))


def _sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))

"""Thresholds fitted to human scores, and the operating points that a Detector stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from math import ceil, floor, isfinite, log, log1p
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import MetricError
from tain.evaluation.intervals import CONFIDENCE, upper_bound
from tain.evaluation.samples import as_scores

TARGET_FPRS = (0.05, 0.01, 0.005, 0.001)
DEFAULT_FPR = 0.01
_MOST_TEXTS = 10**15


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold and what is known about it. A text is called AI when its score is above the threshold.

    Attributes:
        target_fpr: The false positive rate asked for, between 0 and 1.
        threshold: In units of the score (a logit).
        n_human: Human texts that it was fitted to.
        n_above: How many of them score above it.
        fpr_upper: One-sided 95% Clopper–Pearson bound of the false positive rate.
        data_sha256: Hash of the human texts; empty when not known.
    """

    target_fpr: float
    threshold: float
    n_human: int
    n_above: int
    fpr_upper: float
    data_sha256: str = ""

    def to_dict(self) -> dict[str, float | int | str]:
        """The fields by name, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> OperatingPoint:
        """The operating point that `to_dict` wrote.

        Args:
            values: The fields by name.

        Raises:
            MetricError: If a field is missing or unknown, or a number is out of its range.
        """
        names = [field.name for field in fields(cls)]
        if sorted(values) != sorted(names):
            raise MetricError(f"An operating point has the fields {sorted(values)}; expected {sorted(names)}.")
        point = cls(**values)
        is_sane = 0 < point.target_fpr < 1 and isfinite(point.threshold) and 0 <= point.n_above <= point.n_human
        if not is_sane:
            raise MetricError(
                f"The operating point {point} is impossible. Expected a target between 0 and 1, a finite threshold "
                "and no more texts above it than there are. Calibrate again."
            )
        return point


@dataclass(frozen=True, slots=True)
class FittedPoints:
    """What a human sample supports, and what it does not.

    Attributes:
        points: One operating point per supported target, in the order asked for.
        refused: The reason for each target left out.
    """

    points: tuple[OperatingPoint, ...]
    refused: Mapping[float, str]


def n_needed(target_fpr: float, *, confidence: float = CONFIDENCE) -> int:
    """The fewest human texts that could show a rate below the target, were none of them flagged.

    Args:
        target_fpr: Between 0 and 1.
        confidence: Between 0 and 1.

    Returns:
        At most 10^15: a target that asks for more is out of everybody's reach, and may be too small to divide by.

    Raises:
        MetricError: If the target is not between 0 and 1.
    """
    check_target(target_fpr)
    return ceil(min(log(1 - confidence) / log1p(-target_fpr), _MOST_TEXTS))


def supports(n: int, target_fpr: float, *, confidence: float = CONFIDENCE) -> bool:
    """Whether n human texts are enough to speak of a target at all.

    With no error among n texts the bound is 1 - (1 - confidence)^(1/n); above the target, nothing that the
    sample shows could support it.

    Args:
        n: Human texts.
        target_fpr: Between 0 and 1.
        confidence: Between 0 and 1.

    Raises:
        MetricError: If the target is not between 0 and 1.
    """
    return n >= n_needed(target_fpr, confidence=confidence)


def shortage(n: int, target_fpr: float) -> str | None:
    """The reason why n human texts do not support a target, or None when they do.

    Args:
        n: Human texts.
        target_fpr: Between 0 and 1.

    Raises:
        MetricError: If the target is not between 0 and 1.
    """
    if supports(n, target_fpr):
        return None
    return (
        f"{n:,} human texts cannot support a false positive rate of {target_fpr:g}; "
        f"{n_needed(target_fpr):,} or more are needed."
    )


def n_allowed(n: int, target_fpr: float) -> int:
    """The most human texts that may score above a threshold: the whole part of target x n.

    Args:
        n: Human texts, at least 1.
        target_fpr: Between 0 and 1.

    Raises:
        MetricError: If the target is not between 0 and 1.
    """
    check_target(target_fpr)
    # 0.29 * 100 is 28.999999999999996 in floats; the smallest real gap is far wider than the nudge.
    return min(floor(target_fpr * n + 1e-9), n - 1)


def fit_threshold(human_scores: ArrayLike, *, target_fpr: float) -> float:
    """The lowest threshold that flags no more than the target share of the human texts.

    An exact order statistic: with k texts allowed above, the (k+1)-th highest score. A text is flagged when it
    scores above the threshold, so ties at it are never flagged and the count never exceeds k.

    Args:
        human_scores: Shape (n,), n at least 1, finite.
        target_fpr: Between 0 and 1.

    Raises:
        MetricError: If there are no scores, one is not finite, or the target is not between 0 and 1.
    """
    scores = as_scores(human_scores, name="human_scores")
    if not scores.size:
        raise MetricError("No threshold can be fitted: there are no human scores. Give texts written by people.")
    position = scores.size - 1 - n_allowed(scores.size, target_fpr)
    return float(np.partition(scores, position)[position])


def fit_operating_points(
    human_scores: ArrayLike, *, targets: Sequence[float] = TARGET_FPRS, data_sha256: str = ""
) -> FittedPoints:
    """Operating points for the targets that the number of human texts supports.

    Args:
        human_scores: Shape (n,), finite; of texts that trained nothing.
        targets: False positive rates, each between 0 and 1.
        data_sha256: Hash of the texts.

    Raises:
        MetricError: If a score is not finite or a target is not between 0 and 1.
    """
    scores = as_scores(human_scores, name="human_scores")
    refused = {target: reason for target in targets if (reason := shortage(scores.size, target)) is not None}
    points = [_fit_point(scores, target, data_sha256) for target in targets if target not in refused]
    return FittedPoints(tuple(points), refused)


def check_target(target_fpr: float) -> None:
    """Refuse a target that is no share.

    Args:
        target_fpr: Asked for by a caller.

    Raises:
        MetricError: If it is not between 0 and 1.
    """
    if not 0 < target_fpr < 1:
        raise MetricError(f"The target false positive rate is {target_fpr}; expected a share such as 0.01 for 1%.")


def _fit_point(scores: ArrayLike, target_fpr: float, data_sha256: str) -> OperatingPoint:
    human = np.asarray(scores, dtype=np.float64)
    threshold = fit_threshold(human, target_fpr=target_fpr)
    n_above = int((human > threshold).sum())
    bound = upper_bound(n_above, human.size)
    return OperatingPoint(target_fpr, threshold, human.size, n_above, bound, data_sha256)

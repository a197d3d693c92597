"""AUROC and the difference of two, with intervals in closed form: no draws, so that a hundred slices cost nothing."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata, t

from tain.evaluation.intervals import CONFIDENCE, Estimate, clopper_pearson, logit_interval, t_quantile
from tain.evaluation.ranking import auroc
from tain.evaluation.samples import Flags, Floats, as_groups, as_sample


@dataclass(frozen=True, slots=True)
class AurocTest:
    """Whether two AUROCs on the same texts differ.

    Attributes:
        difference: The first minus the second.
        p_value: Two-sided, that they do not differ; 1 where no text is ranked differently.
    """

    difference: Estimate
    p_value: float


def auroc_df(scores: ArrayLike, is_ai: ArrayLike, *, groups: ArrayLike | None = None) -> float:
    """The degrees of freedom of the variance of the AUROC: few where a few texts make up most of it.

    Near an AUROC of 1 almost every text is ranked without fault, and the variance rests on the handful that are not.
    Student's t with these degrees of freedom makes up for it.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.
        groups: Shape (n,), one name per text; None makes each text its own group.

    Raises:
        MetricError: If a class is absent, or scores, labels and groups do not fit.

    Source:
        Satterthwaite 1946, Biometrics Bulletin 2(6), with the fourth moments of the shares.
    """
    values, flags = as_sample(scores, is_ai)
    return _df(_by_group(_shares(values, flags), groups))


def auroc_with_interval(
    scores: ArrayLike, is_ai: ArrayLike, *, groups: ArrayLike | None = None, confidence: float = CONFIDENCE
) -> Estimate:
    """The AUROC and its interval, taken on the logit scale so that it stays between 0 and 1.

    Texts of one group may move together: each text's share in the AUROC is how many of the other class it beats, and
    shares are summed by group before they are squared.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.
        groups: Shape (n,), one name per text; None makes each text its own group.
        confidence: Between 0 and 1.

    Raises:
        MetricError: If a class is absent, or scores, labels and groups do not fit.

    Source:
        DeLong et al. 1988, Biometrics 44(3); Obuchowski 1997, Biometrics 53(2). Differs: one sum over all groups,
        with the factor G / (G - 1), as in a sandwich estimate.
    """
    values, flags = as_sample(scores, is_ai)
    area = auroc(values, flags)
    shares = _by_group(_shares(values, flags), groups)
    if not 0 < area < 1:
        n_fewer = int(min(flags.sum(), (~flags).sum()))
        return Estimate(area, *separated_interval(area, n_fewer=n_fewer, confidence=confidence))
    return Estimate(area, *logit_interval(area, sqrt(_variance(shares)), df=_df(shares), confidence=confidence))


def compare_aurocs(
    first: ArrayLike,
    second: ArrayLike,
    is_ai: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    confidence: float = CONFIDENCE,
) -> AurocTest:
    """The difference of two detectors' AUROCs on the same texts, its interval and DeLong's test.

    Args:
        first: Scores of the one detector, shape (n,).
        second: Scores of the other, shape (n,).
        is_ai: Shape (n,), true for AI.
        groups: Shape (n,), one name per text; None makes each text its own group.
        confidence: Between 0 and 1.

    Raises:
        MetricError: If a class is absent, or scores, labels and groups do not fit.

    Source:
        DeLong et al. 1988, Biometrics 44(3); Obuchowski 1997, Biometrics 53(2). Differs: Student's t in place of the
        normal, as in `auroc_df`.
    """
    ours, flags = as_sample(first, is_ai)
    theirs, _ = as_sample(second, is_ai)
    gap = auroc(ours, flags) - auroc(theirs, flags)
    shares = _by_group(_shares(ours, flags) - _shares(theirs, flags), groups)
    error = sqrt(_variance(shares))
    if not error:
        return AurocTest(Estimate(gap, gap, gap), 1.0 if gap == 0 else 0.0)
    df = max(_df(shares), 1.0)
    half = t_quantile(df, confidence=confidence) * error
    p_value = 2 * float(t.sf(abs(gap) / error, df))
    return AurocTest(Estimate(gap, max(-1.0, gap - half), min(1.0, gap + half)), p_value)


def separated_interval(area: float, *, n_fewer: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of an AUROC of exactly 0 or 1, where every other way says that there is no doubt.

    Taken as that of a rate without exceptions among the texts of the rarer class: wide, and never of no width.

    Args:
        area: 0 or 1.
        n_fewer: Texts of the rarer class, at least 1.
        confidence: Between 0 and 1.

    Raises:
        MetricError: If there are no texts.
    """
    return clopper_pearson(n_fewer if area else 0, n_fewer, confidence=confidence)


def _shares(values: Floats, flags: Flags) -> Floats:
    area = auroc(values, flags)
    n_ai = int(flags.sum())
    n_human = flags.size - n_ai
    overall = rankdata(values)
    shares = np.empty(values.size)
    shares[flags] = ((overall[flags] - rankdata(values[flags])) / n_human - area) / n_ai
    shares[~flags] = (1 - (overall[~flags] - rankdata(values[~flags])) / n_ai - area) / n_human
    return shares


def _by_group(shares: Floats, groups: ArrayLike | None) -> Floats:
    index, n_groups = as_groups(groups, n=shares.size)
    return np.asarray(np.bincount(index, weights=shares, minlength=n_groups), dtype=np.float64)


def _variance(by_group: Floats) -> float:
    return float(np.sum(by_group**2) * by_group.size / max(by_group.size - 1, 1))


def _df(by_group: Floats) -> float:
    square = float(np.sum(by_group**2))
    doubt = float(np.sum(by_group**4)) - square**2 / by_group.size
    return 2 * square**2 / doubt if doubt > 1e-12 * square**2 else float(by_group.size)

"""The interval of an AUROC in closed form, for the many slices where drawing samples would take too long."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, rankdata

from tain.evaluation.intervals import CONFIDENCE, Estimate, clopper_pearson
from tain.evaluation.ranking import auroc
from tain.evaluation.samples import as_groups, as_sample


def auroc_variance(scores: ArrayLike, is_ai: ArrayLike, *, groups: ArrayLike | None = None) -> float:
    """The variance of the AUROC, with texts of one group allowed to move together.

    Each text's share in the AUROC is how many of the other class it beats; shares are summed by group before they
    are squared.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.
        groups: Shape (n,), one name per text; None makes each text its own group.

    Raises:
        MetricError: If a class is absent, or scores, labels and groups do not fit.

    Source:
        DeLong et al. 1988, Biometrics 44(3); Obuchowski 1997, Biometrics 53(2). Differs: one sum over all groups,
        with the factor G / (G - 1), as in a sandwich estimate.
    """
    values, flags = as_sample(scores, is_ai)
    area = auroc(values, flags)
    index, n_groups = as_groups(groups, n=values.size)
    n_ai = int(flags.sum())
    n_human = flags.size - n_ai
    overall = rankdata(values)
    shares = np.empty(values.size)
    shares[flags] = ((overall[flags] - rankdata(values[flags])) / n_human - area) / n_ai
    shares[~flags] = (1 - (overall[~flags] - rankdata(values[~flags])) / n_ai - area) / n_human
    by_group = np.bincount(index, weights=shares, minlength=n_groups)
    return float(np.sum(by_group**2) * n_groups / max(n_groups - 1, 1))


def auroc_with_interval(
    scores: ArrayLike, is_ai: ArrayLike, *, groups: ArrayLike | None = None, confidence: float = CONFIDENCE
) -> Estimate:
    """The AUROC and its interval, taken on the logit scale so that it stays between 0 and 1.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.
        groups: Shape (n,), one name per text; None makes each text its own group.
        confidence: Between 0 and 1.

    Raises:
        MetricError: If a class is absent, or scores, labels and groups do not fit.
    """
    values, flags = as_sample(scores, is_ai)
    area = auroc(values, flags)
    if not 0 < area < 1:
        n_fewer = int(min(flags.sum(), (~flags).sum()))
        return Estimate(area, *separated_interval(area, n_fewer=n_fewer, confidence=confidence))
    half = float(norm.ppf((1 + confidence) / 2)) * sqrt(auroc_variance(values, flags, groups=groups))
    centre, width = log(area / (1 - area)), half / (area * (1 - area))
    return Estimate(area, _logistic(centre - width), _logistic(centre + width))


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


def _logistic(x: float) -> float:
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))

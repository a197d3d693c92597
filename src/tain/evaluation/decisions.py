"""What a threshold does: accuracy, precision, recall and the two error rates, each with its counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from tain.evaluation.intervals import Estimate, Rate, rate, rate_in_groups
from tain.evaluation.samples import Flags, as_groups, as_sample


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of the four outcomes; AI is the positive class.

    Attributes:
        tp: AI texts called AI.
        fp: Human texts called AI.
        fn: AI texts called human.
        tn: Human texts called human.
    """

    tp: int
    fp: int
    fn: int
    tn: int


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates at one threshold.

    Attributes:
        confusion: The four counts.
        accuracy: Right calls among all texts.
        balanced_accuracy: Mean of recall and of the share of human texts called human.
        precision: AI texts among those called AI.
        recall: AI texts called AI, among AI texts. Also called TPR.
        f1: Harmonic mean of precision and recall of the AI class.
        f1_macro: Mean of the F1 of both classes.
        f1_micro: F1 over both classes together, which is accuracy: every text gets one call.
        fpr: Human texts called AI, among human texts.
        fnr: AI texts called human, among AI texts.
    """

    confusion: Confusion
    accuracy: Rate
    balanced_accuracy: Estimate
    precision: Rate
    recall: Rate
    f1: Estimate
    f1_macro: Estimate
    f1_micro: Rate
    fpr: Rate
    fnr: Rate


def confusion_at(scores: ArrayLike, is_ai: ArrayLike, *, threshold: float) -> Confusion:
    """The four counts at a threshold; a text is called AI when it scores above it.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.
        threshold: In units of the score.

    Raises:
        MetricError: If scores and labels do not fit.
    """
    values, flags = as_sample(scores, is_ai)
    called = values > threshold
    counts = (called & flags, called & ~flags, ~called & flags, ~called & ~flags)
    return Confusion(*(int(np.count_nonzero(mask)) for mask in counts))


def rates_of(confusion: Confusion) -> Rates:
    """The rates that four counts define, each with its interval, or with the reason why it is undefined.

    Args:
        confusion: The four counts.

    Raises:
        MetricError: If a count is below 0.
    """
    tp, fp, fn, tn = confusion.tp, confusion.fp, confusion.fn, confusion.tn
    accuracy = rate(tp + tn, tp + fp + fn + tn, of="scored texts")
    return Rates(
        confusion,
        accuracy=accuracy,
        balanced_accuracy=balanced_accuracy(confusion),
        precision=rate(tp, tp + fp, of="texts called AI"),
        recall=rate(tp, tp + fn, of="AI texts"),
        f1=f1(confusion),
        f1_macro=f1_macro(confusion),
        f1_micro=accuracy,
        fpr=rate(fp, fp + tn, of="human texts"),
        fnr=rate(fn, tp + fn, of="AI texts"),
    )


def rates_at(scores: ArrayLike, is_ai: ArrayLike, *, threshold: float, groups: ArrayLike | None = None) -> Rates:
    """The rates at a threshold that was fitted elsewhere.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.
        threshold: In units of the score.
        groups: Shape (n,), one name per text; texts of one group go together. None makes each text its own group.

    Raises:
        MetricError: If scores, labels and groups do not fit.
    """
    values, flags = as_sample(scores, is_ai)
    rates = rates_of(confusion_at(values, flags, threshold=threshold))
    index, n_groups = as_groups(groups, n=values.size)
    if n_groups == values.size:
        return rates
    called = values > threshold

    def share(hits: Flags, among: Flags, of: str) -> Rate:
        return rate_in_groups(hits[among], index[among], of=of)

    accuracy = share(called == flags, np.ones_like(flags), "scored texts")
    return replace(
        rates,
        accuracy=accuracy,
        f1_micro=accuracy,
        precision=share(flags, called, "texts called AI"),
        recall=share(called, flags, "AI texts"),
        fpr=share(called, ~flags, "human texts"),
        fnr=share(~called, flags, "AI texts"),
    )


def balanced_accuracy(confusion: Confusion) -> Estimate:
    """The mean of the two classes' recalls, or the reason why there is none.

    Args:
        confusion: The four counts.
    """
    n_ai, n_human = confusion.tp + confusion.fn, confusion.fp + confusion.tn
    if not (n_ai and n_human):
        return Estimate(None, reason=f"There are no {'human' if n_ai else 'AI'} texts.")
    return Estimate((confusion.tp / n_ai + confusion.tn / n_human) / 2)


def f1(confusion: Confusion) -> Estimate:
    """The harmonic mean of precision and recall of the AI class, or the reason why there is none.

    Args:
        confusion: The four counts.
    """
    if not confusion.tp + confusion.fn:
        return Estimate(None, reason="There are no AI texts.")
    return Estimate(2 * confusion.tp / (2 * confusion.tp + confusion.fp + confusion.fn))


def f1_macro(confusion: Confusion) -> Estimate:
    """The mean of the F1 of the AI class and that of the human class, or the reason why there is none.

    Args:
        confusion: The four counts.
    """
    mirrored = Confusion(confusion.tn, confusion.fn, confusion.fp, confusion.tp)
    of_ai, of_human = f1(confusion).value, f1(mirrored).value
    if of_ai is None or of_human is None:
        return Estimate(None, reason=f"There are no {'AI' if of_ai is None else 'human'} texts.")
    return Estimate((of_ai + of_human) / 2)

"""Two contestants on the same test texts with the same seeds: how far apart, and whether chance could do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tain.core.errors import MetricError
from tain.evaluation.bootstrap import Bootstrap, percentile_interval
from tain.evaluation.paired import mcnemar
from tain.recipes.studies.tuning.measures import Floats, Predictions, draws, measure

DRAWS_PER_PAIR = 100


@dataclass(frozen=True)
class Gap:
    """The first contestant minus the second.

    Attributes:
        measure: What is compared.
        value: The mean of the seeds' differences; None where a seed does not define it.
        low: Lower end of the 95% interval.
        high: Upper end.
        p: Two-sided, that there is no difference.
    """

    measure: str
    value: float | None
    low: float | None
    high: float | None
    p: float | None


def accuracy_gap(first: Sequence[Predictions], second: Sequence[Predictions]) -> Gap:
    """McNemar's test over all seeds; a text, those of its group and their repetitions under other seeds are one group.

    It speaks of other texts like these, of the same trainings; the spread over seeds speaks of other trainings.

    Args:
        first: By seed.
        second: By the same seeds, of the same texts.

    Raises:
        MetricError: If the texts differ.
    """
    _require_same_texts(first, second)
    right = [np.concatenate([own.is_right for own in side]) for side in (first, second)]
    own = first[0].groups
    groups = np.tile(np.arange(len(first[0].ids)) if own is None else own, len(first))
    found = mcnemar(*right, groups=groups)
    difference = found.difference
    return Gap("accuracy", difference.value, difference.low, difference.high, found.p_value)


class Drawn(dict[int, Floats]):
    """What was drawn of one measure already, by the identity of the predictions: every pair asks for it anew."""


def difference(first: Predictions, second: Predictions, name: str) -> float | None:
    """One measure of the first minus that of the second, or None where the texts do not define it.

    Args:
        first: Of one seed.
        second: Of the same seed.
        name: Of the measure.
    """
    one, other = measure(first, name), measure(second, name)
    return None if one is None or other is None else one - other


def enough_draws(n_draws: int, *, n_pairs: int) -> int:
    """As many draws as asked for, or more where Holm could find nothing with so few.

    The least p-value of n draws is 2 / (n + 1), and Holm multiplies it by the number of pairs; with 100 draws for each
    pair that stays below 0.02.

    Args:
        n_draws: At least.
        n_pairs: Read together.
    """
    return max(n_draws, DRAWS_PER_PAIR * n_pairs)


def measure_gap(
    first: Sequence[Predictions],
    second: Sequence[Predictions],
    name: str,
    *,
    bootstrap: Bootstrap,
    drawn: Drawn | None = None,
) -> Gap:
    """A paired bootstrap over the test texts: every draw has the same texts for both and for all seeds.

    Args:
        first: By seed.
        second: By the same seeds, of the same texts.
        name: Of the measure.
        bootstrap: How to draw.
        drawn: Draws of this measure by this bootstrap, to which new ones are added; None keeps none.

    Raises:
        MetricError: If the texts differ.
    """
    _require_same_texts(first, second)
    values = [[measure(own, name) for own in side] for side in (first, second)]
    if any(value is None for side in values for value in side):
        return Gap(name, None, None, None, None)
    means = [float(np.mean([value for value in side if value is not None])) for side in values]
    kept = Drawn() if drawn is None else drawn
    for own in (*first, *second):
        if id(own) not in kept:
            kept[id(own)] = draws(own, name, bootstrap=bootstrap)
    gaps = np.mean([kept[id(own)] for own in first], axis=0) - np.mean([kept[id(own)] for own in second], axis=0)
    low, high = percentile_interval(gaps) or (None, None)
    defined = gaps[~np.isnan(gaps)]
    n_tail = min(int((defined <= 0).sum()), int((defined >= 0).sum()))
    p = min(1.0, 2 * (n_tail + 1) / (defined.size + 1)) if defined.size else None
    return Gap(name, means[0] - means[1], low, high, p)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """The p-values, so raised that with all of them read together one in twenty errs at 0.05.

    Args:
        p_values: None stays None and does not count.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6(2).
    """
    order = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    found: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for place, (p, index) in enumerate(order):
        highest = max(highest, min(1.0, p * (len(order) - place)))
        found[index] = highest
    return found


def _require_same_texts(first: Sequence[Predictions], second: Sequence[Predictions]) -> None:
    if len(first) != len(second) or not first:
        raise MetricError(
            f"{len(first)} and {len(second)} seeds cannot be paired; expected the same ones, one or more."
        )
    for one, other in zip(first, second, strict=True):
        if one.ids != first[0].ids or other.ids != first[0].ids or not np.array_equal(one.labels, other.labels):
            raise MetricError("The contestants were tested on other texts. Use another --output.")

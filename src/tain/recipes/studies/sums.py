"""Contestants whose scores are a weighted sum of others'."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tain.recipes.studies.contestants import Floats, Scores


def weighted_sum(summands: Sequence[Scores], weights: Sequence[float]) -> Scores:
    """The scores of every text, each contestant's so many times, added.

    Args:
        summands: Of the contestants, on the same texts.
        weights: One for each.
    """

    def added(columns: Sequence[Floats]) -> Floats:
        return np.asarray(np.tensordot(weights, columns, axes=1), dtype=np.float64)

    calibration = added([summand.calibration for summand in summands])
    return Scores(calibration, {name: added([each.tests[name] for each in summands]) for name in summands[0].tests})

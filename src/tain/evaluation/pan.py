"""PAN's measures, as the evaluator of its shared task on generative AI detection computes them.

An answer is a number from 0 to 1: above one half means AI, below it human, and one half itself leaves the text
unanswered. A text without any answer counts as one half.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import DataError, sample
from tain.evaluation.bootstrap import Bootstrap, percentile_interval, ranking_draws
from tain.evaluation.intervals import Estimate, Rate, rate
from tain.evaluation.ranking import auroc
from tain.evaluation.samples import Flags, Floats, as_groups, as_sample

UNANSWERED = 0.5
PARTS = ("auroc", "brier", "c_at_1", "f1", "f05u")
"""What the mean is taken over."""

DEFAULT_BOOTSTRAP = Bootstrap()

Id = str | int


@dataclass(frozen=True, slots=True)
class PanMeasures:
    """PAN's measures with intervals. PAN rounds them to three digits; these are not rounded.

    Attributes:
        answered: Texts with an answer other than one half.
        auroc: Area under the ROC curve, unanswered texts at one half.
        brier: One minus the Brier score, answers cut to 0 to 1.
        c_at_1: Accuracy that credits each unanswered text with the share of right answers.
        f1: Of the AI class; an unanswered text was not called AI.
        f05u: F0.5 that counts every unanswered text as a missed AI text.
        mean: Of the five above.
        fpr: Human texts above one half.
        fnr: AI texts not above one half.
        fpr_2025: Human texts at or above one half: in its table of confusions PAN'25's evaluator calls one half AI.
        fnr_2025: AI texts below one half, of the same table.
    """

    answered: Rate
    auroc: Estimate
    brier: Estimate
    c_at_1: Estimate
    f1: Estimate
    f05u: Estimate
    mean: Estimate
    fpr: Rate
    fnr: Rate
    fpr_2025: Rate
    fnr_2025: Rate


def align(answers: Mapping[Id, float], gold: Mapping[Id, bool]) -> tuple[Floats, Flags]:
    """Answers and truth in one order; a text without an answer gets one half.

    Args:
        answers: By id.
        gold: True for AI, by id.

    Raises:
        DataError: If there is an answer to a text that the gold file does not have; PAN refuses such a file.
    """
    odd = [each for each in answers if each not in gold]
    if odd:
        raise DataError(
            f"{len(odd):,} of {len(answers):,} answers are to texts that the gold file does not have, such as "
            f"{sample(repr(odd[0]))}. Expected the ids of the gold file; PAN refuses the whole file otherwise."
        )
    values = np.array([answers.get(each, UNANSWERED) for each in gold], dtype=np.float64)
    return values, np.array(list(gold.values()), dtype=np.bool_)


def pan_measures(
    answers: ArrayLike, is_ai: ArrayLike, *, groups: ArrayLike | None = None, bootstrap: Bootstrap = DEFAULT_BOOTSTRAP
) -> PanMeasures:
    """PAN's measures, each with an interval or with the reason why it is undefined.

    Args:
        answers: Shape (n,), 0 to 1; one half where there is none.
        is_ai: Shape (n,), true for AI.
        groups: Shape (n,), one name per text; texts of one group are drawn together. None draws single texts.
        bootstrap: How to draw.

    Raises:
        MetricError: If an answer is not finite, or answers, labels and groups do not fit.

    Source:
        pan-webis-de/pan-code, clef25/generative-authorship-verification, evaluator.py; c@1 from Peñas and Rodrigo
        2011, ACL; F0.5u from Bevendorff et al. 2019, NAACL. Differs: where a measure is undefined, PAN's mean takes 0
        for it; here the mean is undefined too, and says what PAN would print.
    """
    values, flags = as_sample(answers, is_ai)
    points, draws = _points_and_draws(values, flags, groups, bootstrap)
    estimates = {name: _estimate(name, points[name], draws.get(name), flags) for name in PARTS}
    above, not_below = values > UNANSWERED, values >= UNANSWERED
    n_ai = int(flags.sum())
    return PanMeasures(
        answered=rate(int((values != UNANSWERED).sum()), values.size, of="texts"),
        **estimates,
        mean=_mean(estimates, draws),
        fpr=rate(int((above & ~flags).sum()), flags.size - n_ai, of="human texts"),
        fnr=rate(int((~above & flags).sum()), n_ai, of="AI texts"),
        fpr_2025=rate(int((not_below & ~flags).sum()), flags.size - n_ai, of="human texts"),
        fnr_2025=rate(int((~not_below & flags).sum()), n_ai, of="AI texts"),
    )


def _points_and_draws(
    values: Floats, is_ai: Flags, groups: ArrayLike | None, bootstrap: Bootstrap
) -> tuple[dict[str, float], dict[str, Floats]]:
    index, n_groups = as_groups(groups, n=values.size)
    per_group = np.zeros((n_groups, 8))
    np.add.at(per_group, index, _contributions(values, is_ai))
    points = {name: float(value[0]) for name, value in _marks(per_group.sum(axis=0, keepdims=True)).items()}
    if not is_ai.any() or is_ai.all():
        return points | {"auroc": float("nan")}, {}
    # Blocks of one size, so that the draws are those of the AUROC and the mean can be taken draw by draw.
    blocks = [weights.astype(np.float64) @ per_group for weights in bootstrap.weights(n_groups, n_texts=values.size)]
    areas = ranking_draws(values, is_ai, groups=groups, bootstrap=bootstrap).auroc
    return points | {"auroc": auroc(values, is_ai)}, {"auroc": areas, **_marks(np.concatenate(blocks))}


def _contributions(values: Floats, is_ai: Flags) -> Floats:
    """What each text adds to the sums that `_marks` takes, shape (n, 8)."""
    above, unanswered = values > UNANSWERED, values == UNANSWERED
    columns = (
        np.ones(values.size),
        is_ai,
        above & is_ai,
        above & ~is_ai,
        (values < UNANSWERED) & is_ai,
        unanswered,
        (above == is_ai) & ~unanswered,
        (np.clip(values, 0.0, 1.0) - is_ai) ** 2,
    )
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _marks(sums: Floats) -> dict[str, Floats]:
    """The measures but for the AUROC, for each row of sums; NaN where undefined."""
    n, n_ai, tp, fp, fn, n_unanswered, n_right, squares = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "brier": 1 - squares / n,
            "c_at_1": (n_right + n_unanswered * n_right / n) / n,
            "f1": 2 * tp / (tp + fp + n_ai),
            "f05u": 1.25 * tp / (1.25 * tp + 0.25 * (fn + n_unanswered) + fp),
        }


def _estimate(name: str, value: float, draws: Floats | None, is_ai: Flags) -> Estimate:
    if not np.isnan(value):
        low, high = (percentile_interval(draws) if draws is not None else None) or (None, None)
        return Estimate(value, low, high)
    if not is_ai.size:
        return Estimate(None, reason="There are no texts.")
    if name == "auroc":
        return Estimate(None, reason=f"There are no {'human' if is_ai.any() else 'AI'} texts.")
    return Estimate(None, reason="There are no AI texts, and none was called AI.")


def _mean(parts: Mapping[str, Estimate], draws: Mapping[str, Floats]) -> Estimate:
    missing = [name for name in PARTS if parts[name].value is None]
    values = [parts[name].value or 0.0 for name in PARTS]
    if missing:
        first = parts[missing[0]].reason
        printed = f" PAN takes 0 for it and prints {np.mean(values):.3f}." if len(missing) < len(PARTS) else ""
        return Estimate(None, reason=f"{', '.join(missing)} undefined: {first}{printed}")
    low, high = percentile_interval(np.mean([draws[name] for name in PARTS], axis=0)) or (None, None)
    return Estimate(float(np.mean(values)), low, high)

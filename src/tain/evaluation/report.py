"""From scores to a Report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import MetricError
from tain.core.version import VERSION
from tain.evaluation.bootstrap import N_DRAWS, Bootstrap, confusion_draws, interval_of_draws, mean_draws
from tain.evaluation.comparison import Rival, compare, draws_of, estimate, ranking_of
from tain.evaluation.curves import curves_of
from tain.evaluation.decisions import Rates, rates_at
from tain.evaluation.intervals import Estimate, rate
from tain.evaluation.pan import UNANSWERED, PanMeasures, pan_measures
from tain.evaluation.parts import Calibration, Counts, PointResult, PoolRow, SliceTable
from tain.evaluation.probabilities import brier, ece, ece_draws, reliability
from tain.evaluation.samples import Floats, as_groups, as_is_ai
from tain.evaluation.schema import Report
from tain.evaluation.slices import Names, ScoredTexts, pool_table, slice_table
from tain.evaluation.thresholds import DEFAULT_FPR, OperatingPoint

__all__ = ["Report", "evaluate_scores"]

POOL_SLICES = ("pool", "source", "domain")


def evaluate_scores(
    scores: ArrayLike,
    is_ai: ArrayLike,
    *,
    operating_points: Sequence[OperatingPoint] = (),
    groups: ArrayLike | None = None,
    slices: Mapping[str, Names] | None = None,
    pools: Names | None = None,
    baseline_scores: Mapping[str, ArrayLike] | None = None,
    baseline_thresholds: Mapping[str, Mapping[float, float]] | None = None,
    probabilities: ArrayLike | None = None,
    provenance: Mapping[str, Any] | None = None,
    default_fpr: float = DEFAULT_FPR,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> Report:
    """What a detector's scores on labelled texts are worth.

    Error rates are taken at the operating points that the detector stores, which saw none of these texts; nothing
    is fitted here, and one half is no threshold. A number that the texts do not define is None, with the reason.

    Args:
        scores: Shape (n,), higher means AI; NaN where the detector abstained.
        is_ai: Shape (n,), true for AI.
        operating_points: As stored with the detector; may be empty.
        groups: Shape (n,), one name per text; a human text and its mirrors share one. None: every text alone.
        slices: For each property, such as domain or generator, one value per text; None where it is not known.
        pools: The kind of human text, per text. None takes the slice called pool, source or domain, if there is one.
        baseline_scores: For each other detector, shape (n,); NaN where it abstained.
        baseline_thresholds: For other detectors with stored operating points, their thresholds by the false positive
            rate that they were set for; decisions at the rates that both store are compared.
        probabilities: Shape (n,), calibrated probability of AI; NaN where there is none.
        provenance: Model, data, hashes, versions; JSON values.
        default_fpr: Slices are measured at the operating point with the target nearest to it.
        n_draws: Of each bootstrap, 2 or more.
        seed: Of the bootstrap.

    Raises:
        MetricError: If an array has another length than the scores, or a label or probability is out of range.
    """
    texts = _texts(scores, is_ai, groups)
    scored = texts.select(texts.has_score)
    bootstrap = Bootstrap(n_draws, seed)
    points = _point_results(scored, operating_points, default_fpr, bootstrap)
    threshold = next((result.point.threshold for result in points if result.is_default), None)
    draws = draws_of(scored, bootstrap=bootstrap)
    return Report(
        tain_version=VERSION,
        counts=_counts(texts),
        ranking=ranking_of(scored, draws),
        operating_points=points,
        calibration=_calibration(probabilities, texts, bootstrap),
        pan=_pan(probabilities, texts, bootstrap),
        slices=_slice_tables(slices or {}, texts, threshold),
        human_pools=_pools(pools, slices or {}, texts, points),
        comparisons=tuple(
            compare(texts, rival, bootstrap=bootstrap, our_draws=draws, thresholds=_thresholds(operating_points))
            for rival in _rivals(baseline_scores or {}, baseline_thresholds or {})
        ),
        curves=curves_of(scored.scores, scored.is_ai),
        n_draws=n_draws,
        seed=seed,
        provenance=dict(provenance or {}),
    )


def _texts(scores: ArrayLike, is_ai: ArrayLike, groups: ArrayLike | None) -> ScoredTexts:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or np.isinf(values).any():
        raise MetricError(
            f"scores have shape {values.shape} and {int(np.isinf(values).sum())} infinite values; "
            "expected one finite number per text, or NaN where the detector abstained."
        )
    return ScoredTexts(values, as_is_ai(is_ai, n=values.size), as_groups(groups, n=values.size)[0])


def _counts(texts: ScoredTexts) -> Counts:
    has_score, is_ai = texts.has_score, texts.is_ai
    n_ai, n_human = int((has_score & is_ai).sum()), int((has_score & ~is_ai).sum())
    return Counts(
        n=is_ai.size,
        n_human=n_human,
        n_ai=n_ai,
        n_groups=np.unique(texts.groups[has_score]).size,
        coverage=rate(n_human + n_ai, is_ai.size, of="texts"),
        coverage_human=rate(n_human, int((~is_ai).sum()), of="human texts"),
        coverage_ai=rate(n_ai, int(is_ai.sum()), of="AI texts"),
    )


def _point_results(
    scored: ScoredTexts, points: Sequence[OperatingPoint], default_fpr: float, bootstrap: Bootstrap
) -> tuple[PointResult, ...]:
    if not points:
        return ()
    default = min(points, key=lambda point: abs(point.target_fpr - default_fpr))
    return tuple(
        PointResult(point=point, is_default=point is default, rates=_rates(scored, point.threshold, bootstrap))
        for point in points
    )


def _rates(scored: ScoredTexts, threshold: float, bootstrap: Bootstrap) -> Rates:
    rates = rates_at(scored.scores, scored.is_ai, threshold=threshold, groups=scored.groups)
    if rates.f1.value is None or rates.balanced_accuracy.value is None:
        return rates
    drawn = confusion_draws(scored.scores > threshold, scored.is_ai, groups=scored.groups, bootstrap=bootstrap)
    tp, fp, fn, tn = (drawn[name].astype(np.float64) for name in ("tp", "fp", "fn", "tn"))
    with np.errstate(invalid="ignore"):  # a draw without a class is NaN, and left out
        f1 = 2 * tp / (2 * tp + fp + fn)
        f1_human = 2 * tn / (2 * tn + fp + fn)
        balanced = (tp / (tp + fn) + tn / (tn + fp)) / 2
    n_least = int(min(scored.is_ai.sum(), (~scored.is_ai).sum()))

    def with_interval(found: Estimate, draws: Floats) -> Estimate:
        return found if found.value is None else interval_of_draws(found.value, draws, n_least=n_least)

    return replace(
        rates,
        f1=with_interval(rates.f1, f1),
        f1_macro=with_interval(rates.f1_macro, (f1 + f1_human) / 2),
        balanced_accuracy=with_interval(rates.balanced_accuracy, balanced),
    )


def _calibration(probabilities: ArrayLike | None, texts: ScoredTexts, bootstrap: Bootstrap) -> Calibration:
    if probabilities is None:
        missing = Estimate(None, reason="The detector gives no probabilities.")
        return Calibration(brier=missing, ece=missing, bins=())
    p_ai = np.asarray(probabilities, dtype=np.float64)
    if p_ai.shape != texts.scores.shape:
        raise MetricError(f"probabilities have shape {p_ai.shape}, but there are {texts.scores.size} scores.")
    known = ~np.isnan(p_ai)
    p_ai, is_ai, groups = p_ai[known], texts.is_ai[known], texts.groups[known]
    bins = tuple(reliability(p_ai, is_ai)) if p_ai.size else ()
    score, error = estimate(lambda: brier(p_ai, is_ai)), estimate(lambda: ece(p_ai, is_ai))
    if score.value is not None and error.value is not None:
        draws = mean_draws((p_ai - is_ai) ** 2, groups=groups, bootstrap=bootstrap)
        gaps = ece_draws(p_ai, is_ai, groups=groups, bootstrap=bootstrap)
        score = interval_of_draws(score.value, draws, n_least=p_ai.size)
        error = interval_of_draws(error.value, gaps, n_least=p_ai.size)
    return Calibration(brier=score, ece=error, bins=bins)


def _pan(probabilities: ArrayLike | None, texts: ScoredTexts, bootstrap: Bootstrap) -> PanMeasures | None:
    answers = np.asarray([] if probabilities is None else probabilities, dtype=np.float64)
    if np.isnan(answers).all():
        return None
    unanswered = np.where(np.isnan(answers), UNANSWERED, answers)
    return pan_measures(unanswered, texts.is_ai, groups=texts.groups, bootstrap=bootstrap)


def _thresholds(points: Sequence[OperatingPoint]) -> dict[float, float]:
    return {point.target_fpr: point.threshold for point in points}


def _rivals(scores: Mapping[str, ArrayLike], thresholds: Mapping[str, Mapping[float, float]]) -> Iterator[Rival]:
    for name, values in scores.items():
        yield Rival(name, np.asarray(values, dtype=np.float64), thresholds.get(name, {}))


def _slice_tables(slices: Mapping[str, Names], texts: ScoredTexts, threshold: float | None) -> tuple[SliceTable, ...]:
    tables = (slice_table(name, values, texts=texts, threshold=threshold) for name, values in slices.items())
    return tuple(table for table in tables if table.rows)


def _pools(
    pools: Names | None, slices: Mapping[str, Names], texts: ScoredTexts, points: Sequence[PointResult]
) -> tuple[PoolRow, ...]:
    named = pools if pools is not None else next((slices[name] for name in POOL_SLICES if name in slices), None)
    if named is None:
        return ()
    worst_at = next((i for i, result in enumerate(points) if result.is_default), 0)
    return pool_table(named, texts=texts, thresholds=[r.point.threshold for r in points], worst_at=worst_at)

"""What attacks do to a detector: the texts it still finds, and the people it then flags."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import MetricError
from tain.evaluation.attacked_rows import MODEL_WRITTEN, UNATTACKED, AttackRow, AtThreshold, attack_name
from tain.evaluation.delong import auroc_with_interval
from tain.evaluation.intervals import Estimate, Rate, rate, rate_in_groups
from tain.evaluation.samples import Floats, as_groups, as_is_ai
from tain.evaluation.slices import N_SMALL, ScoredTexts
from tain.evaluation.thresholds import DEFAULT_FPR, OperatingPoint, fit_threshold, shortage

FIXED_FPRS = (0.05, 0.01)
_WRITTEN_BY_A_MODEL = "What this attack makes of a human text was written by a language model."


@dataclass(frozen=True, slots=True)
class _Threshold:
    target_fpr: float
    value: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Test:
    clean_human: ScoredTexts
    all_human: ScoredTexts
    stored: Sequence[_Threshold]
    fitted: Sequence[_Threshold]


def attack_table(
    clean_scores: ArrayLike,
    attacked_scores: Mapping[str, ArrayLike],
    is_ai: ArrayLike,
    *,
    points: Sequence[OperatingPoint] = (),
    groups: ArrayLike | None = None,
    fixed_fprs: Sequence[float] = FIXED_FPRS,
    model_written: Collection[str] = MODEL_WRITTEN,
) -> tuple[AttackRow, ...]:
    """One row for the texts as they were, then one for each attack, the most harmful first.

    Harm is what an attack takes from the TPR and adds to the FPR at the stored operating point of 1%, or at the first
    one; without any, at the first fixed FPR.

    Args:
        clean_scores: Shape (n,), of the unattacked texts; NaN where the detector abstained.
        attacked_scores: By attack, shape (n,): of the same texts in the same order; NaN where the detector abstained.
        is_ai: Shape (n,), true for AI.
        points: As stored; they saw none of these texts.
        groups: Shape (n,), one name per text; None makes each text its own group.
        fixed_fprs: Each between 0 and 1.
        model_written: Attacks under which a human text is no human text: they have no FPR and add no negatives.

    Raises:
        MetricError: If scores, labels and groups do not fit, or an attack's name means that there was none.
    """
    clean = _as_scores(clean_scores, name="clean_scores")
    flags = as_is_ai(is_ai, n=clean.size)
    index, _ = as_groups(groups, n=clean.size)
    attacked = {name: _as_scores(scores, name=name, n=clean.size) for name, scores in _named(attacked_scores).items()}
    copies = {name: ScoredTexts(scores, flags, index) for name, scores in attacked.items()}
    return _rows(ScoredTexts(clean, flags, index), copies, points, fixed_fprs, model_written)


def attack_table_of_rows(
    scores: ArrayLike,
    attacks: Sequence[object],
    is_ai: ArrayLike,
    *,
    points: Sequence[OperatingPoint] = (),
    groups: ArrayLike | None = None,
    fixed_fprs: Sequence[float] = FIXED_FPRS,
    model_written: Collection[str] = MODEL_WRITTEN,
) -> tuple[AttackRow, ...]:
    """The same for texts that came attacked, as RAID's do: each stands under one attack, or under none.

    Args:
        scores: Shape (n,); NaN where the detector abstained.
        attacks: Shape (n,), what was done to each text, as a column holds it.
        is_ai: Shape (n,), true for AI.
        points: As stored; they saw none of these texts.
        groups: Shape (n,), one name per text; None makes each text its own group.
        fixed_fprs: Each between 0 and 1.
        model_written: As in `attack_table`.

    Raises:
        MetricError: If scores, attacks, labels and groups do not fit.
    """
    values = _as_scores(scores, name="scores")
    index, _ = as_groups(groups, n=values.size)
    texts = ScoredTexts(values, as_is_ai(is_ai, n=values.size), index)
    names = np.array([attack_name(attack) for attack in attacks], dtype=object)
    if names.shape != values.shape:
        raise MetricError(f"There are {names.size:,} attacks for {values.size:,} scores; expected one for each.")
    attacked = {name: texts.select(names == name) for name in sorted(set(names) - {UNATTACKED})}
    return _rows(texts.select(names == UNATTACKED), attacked, points, fixed_fprs, model_written)


def _rows(
    clean: ScoredTexts,
    attacked: Mapping[str, ScoredTexts],
    points: Sequence[OperatingPoint],
    fixed_fprs: Sequence[float],
    model_written: Collection[str],
) -> tuple[AttackRow, ...]:
    test = _test([clean, *(t for name, t in attacked.items() if name not in model_written)], points, fixed_fprs)
    unattacked = _row(UNATTACKED, clean, test, has_humans=True)
    rows = [_row(name, texts, test, has_humans=name not in model_written) for name, texts in attacked.items()]
    rows.sort(key=lambda row: (-_harm(row, unattacked), row.attack))
    return (unattacked, *rows)


def _named(attacked: Mapping[str, ArrayLike]) -> dict[str, ArrayLike]:
    named = {attack_name(name): scores for name, scores in attacked.items()}
    if UNATTACKED in named or len(named) < len(attacked):
        raise MetricError(
            f"The attacks are named {list(attacked)}; expected different names, none of which says that there was no "
            "attack. Scores of unattacked texts are the clean_scores."
        )
    return named


def _as_scores(scores: ArrayLike, *, name: str, n: int | None = None) -> Floats:
    array = np.asarray(scores, dtype=np.float64)
    if array.ndim != 1 or (n is not None and array.size != n) or np.isinf(array).any():
        raise MetricError(
            f"The scores {name!r} have shape {array.shape} and {int(np.isinf(array).sum())} infinite values; expected "
            f"one finite number per text, shape ({'n' if n is None else n},), or NaN where there is none."
        )
    return array


def _test(copies: Sequence[ScoredTexts], points: Sequence[OperatingPoint], fixed_fprs: Sequence[float]) -> _Test:
    clean_human = _humans(copies[:1])
    stored = [_Threshold(point.target_fpr, point.threshold) for point in points]
    return _Test(clean_human, _humans(copies), stored, [_fitted(clean_human, target) for target in fixed_fprs])


def _humans(copies: Sequence[ScoredTexts]) -> ScoredTexts:
    return _joined([texts.select(texts.has_score & ~texts.is_ai) for texts in copies])


def _joined(parts: Sequence[ScoredTexts]) -> ScoredTexts:
    columns = zip(*((part.scores, part.is_ai, part.groups) for part in parts), strict=True)
    return ScoredTexts(*(np.concatenate(column) for column in columns))


def _fitted(human: ScoredTexts, target: float) -> _Threshold:
    if reason := shortage(human.scores.size, target):
        return _Threshold(target, None, reason)
    return _Threshold(target, fit_threshold(human.scores, target_fpr=target))


def _row(name: str, texts: ScoredTexts, test: _Test, *, has_humans: bool) -> AttackRow:
    counted = texts if has_humans else texts.select(texts.is_ai)
    scored = counted.select(counted.has_score)
    human, ai = scored.select(~scored.is_ai), scored.select(scored.is_ai)
    return AttackRow(
        attack=name,
        n_human=human.scores.size,
        n_ai=ai.scores.size,
        coverage=rate(scored.scores.size, counted.scores.size, of="texts"),
        at_points=tuple(_rates(each, human if has_humans else None, ai) for each in test.stored),
        at_fixed_fprs=tuple(_rates(each, human if has_humans else None, ai) for each in test.fitted),
        auroc_clean_negatives=_auroc(ai, test.clean_human),
        auroc_all_negatives=_auroc(ai, test.all_human),
        is_small=any(0 < part.scores.size < N_SMALL for part in (human, ai)) or not scored.scores.size,
    )


def _rates(threshold: _Threshold, human: ScoredTexts | None, ai: ScoredTexts) -> AtThreshold:
    unknown = Rate(0, 0, None, None, None, reason=_WRITTEN_BY_A_MODEL)
    return AtThreshold(
        target_fpr=threshold.target_fpr,
        threshold=threshold.value,
        tpr=_share(ai, threshold, of="AI texts"),
        fpr=unknown if human is None else _share(human, threshold, of="human texts"),
    )


def _share(texts: ScoredTexts, threshold: _Threshold, *, of: str) -> Rate:
    if threshold.value is None:
        return Rate(0, texts.scores.size, None, None, None, reason=threshold.reason)
    return rate_in_groups(texts.scores > threshold.value, texts.groups, of=of)


def _auroc(ai: ScoredTexts, human: ScoredTexts) -> Estimate:
    both = _joined([ai, human])
    try:
        return auroc_with_interval(both.scores, both.is_ai, groups=both.groups)
    except MetricError as error:
        return Estimate(None, reason=str(error))


def _harm(row: AttackRow, unattacked: AttackRow) -> float:
    results, before = row.at_points or row.at_fixed_fprs, unattacked.at_points or unattacked.at_fixed_fprs
    pairs = list(zip(results, before, strict=True))
    if not pairs:
        return _change(unattacked.auroc_clean_negatives, row.auroc_clean_negatives)
    now, then = next((pair for pair in pairs if pair[0].target_fpr == DEFAULT_FPR), pairs[0])
    return _change(then.tpr, now.tpr) + _change(now.fpr, then.fpr)


def _change(first: Rate | Estimate, second: Rate | Estimate) -> float:
    return 0.0 if first.value is None or second.value is None else first.value - second.value

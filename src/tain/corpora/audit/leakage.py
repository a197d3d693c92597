"""What formatting alone gives away, before and after it is unified."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from tain.core.errors import MetricError
from tain.core.example import Example
from tain.corpora.audit.report import FeatureAurocs, Leakage
from tain.corpora.lengths import match_lengths


class SurfaceScore(Protocol):
    """What a measure of surface features answers."""

    @property
    def combined(self) -> float:
        """AUROC of all features together, cross-validated."""

    @property
    def per_feature(self) -> dict[str, float]:
        """AUROC of each feature alone."""


Measure = Callable[[Sequence[str], Sequence[bool], Sequence[str]], SurfaceScore]
"""Scores texts by their surface: the texts, whether each has the second label, and the group of each."""


def measure_leakage(raw: Sequence[Example], plain: Sequence[Example], measure: Measure) -> Leakage:
    """What surface features give away: raw, normalised, and with lengths matched between labels.

    Args:
        raw: The examples as they came.
        plain: The same, normalised, in the same order.
        measure: Scores texts by their surface.
    """
    names = sorted({example.label for example in raw if example.label is not None}, key=_human_first)
    if len(names) != 2:
        return Leakage(reason=f"needs two labels; found {', '.join(names) or 'none'}")
    labelled = [(one, other) for one, other in zip(raw, plain, strict=True) if one.label is not None]
    plain_texts = [other for _, other in labelled]
    stages = ([one for one, _ in labelled], plain_texts, match_lengths(plain_texts))
    try:
        raw_score, plain_score, matched_score = (_score(stage, names[1], measure) for stage in stages)
    except MetricError as error:
        return Leakage(len(labelled), reason=str(error))
    return Leakage(len(labelled), raw_score, plain_score, matched_score)


def _score(examples: Sequence[Example], second: str, measure: Measure) -> FeatureAurocs:
    texts = [example.text for example in examples]
    score = measure(texts, [e.label == second for e in examples], [e.group or e.id for e in examples])
    return FeatureAurocs(float(score.combined), {name: float(value) for name, value in score.per_feature.items()})


def _human_first(name: str) -> tuple[bool, str]:
    return name != "human", name

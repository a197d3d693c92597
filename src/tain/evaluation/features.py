"""Surface features that no detector should live on, and how far they alone tell AI from human."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from tain.core.errors import MetricError
from tain.evaluation.ranking import auroc
from tain.evaluation.samples import Flags, Floats, Indices, as_groups, as_is_ai, need_both_classes

N_FOLDS = 5

_OPENER = re.compile(
    r"\s*(?:sure\b|certainly\b|of course\b|absolutely\b|here(?:['’]s| is| are)\b|as an ai\b|i['’]m sorry\b)", re.I
)
_MARKDOWN = re.compile(r"^\s{0,3}(?:#{1,6}\s|[-*+]\s|\d+\.\s|>\s|```)|\*\*|__|`", re.M)
_SPACE_BEFORE_MARK = re.compile(r"\s[,.;:!?)]")
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*(?:\s|$)")
_DOUBLE_SPACE = re.compile(r"\S {2,}")
_CURLY = re.compile(r"[‘’“”]")
_STRAIGHT = re.compile(r"[\"']")
_DASH = re.compile(r"[–—]| -- ")
_NEWLINE = re.compile(r"\n")
_COMMA = re.compile(r"[,;:]")
_CAPITAL = re.compile(r"[A-Z]")
_DIGIT = re.compile(r"[0-9]")


def _per_char(pattern: re.Pattern[str]) -> Callable[[str], float]:
    return lambda text: len(pattern.findall(text)) / max(len(text), 1)


_FEATURES: dict[str, Callable[[str], float]] = {
    "n_words": lambda text: np.log1p(len(text.split())),
    "word_length": lambda text: sum(map(len, words := text.split())) / max(len(words), 1),
    "sentence_length": lambda text: np.log1p(len(text.split()) / max(len(_SENTENCE_END.findall(text)), 1)),
    "newlines": _per_char(_NEWLINE),
    "double_spaces": _per_char(_DOUBLE_SPACE),
    "spaces_before_marks": _per_char(_SPACE_BEFORE_MARK),
    "straight_quotes": _per_char(_STRAIGHT),
    "curly_quotes": _per_char(_CURLY),
    "dashes": _per_char(_DASH),
    "commas": _per_char(_COMMA),
    "capitals": _per_char(_CAPITAL),
    "digits": _per_char(_DIGIT),
    "markdown": _per_char(_MARKDOWN),
    "non_ascii": lambda text: (len(text.encode("utf-8", "surrogatepass")) - len(text)) / max(len(text), 1),
    "ends_in_mark": lambda text: float(text.rstrip().endswith((".", "!", "?", '"', "”", "'", "’", ")"))),
    "chat_opener": lambda text: float(_OPENER.match(text) is not None),
}
FEATURE_NAMES = tuple(_FEATURES)


@dataclass(frozen=True, slots=True)
class FeatureAuroc:
    """How well surface features tell the classes apart; 0.5 is not at all.

    Attributes:
        combined: AUROC of all features together, by a logistic regression on texts it was not fitted to.
        per_feature: AUROC of each alone; below 0.5 when human texts have more of it.
    """

    combined: float
    per_feature: dict[str, float] = field(default_factory=dict)

    @property
    def worst(self) -> str:
        """The name of the feature that gives most away, in either direction."""
        return max(self.per_feature, key=lambda name: abs(self.per_feature[name] - 0.5))


def surface_features(texts: Sequence[str]) -> Floats:
    """Length, spacing, marks and openers of each text.

    Args:
        texts: n of them.

    Returns:
        Shape (n, len(FEATURE_NAMES)); counts are per character, lengths in words are logarithms.
    """
    rows = [[feature(text) for feature in _FEATURES.values()] for text in texts]
    return np.array(rows, dtype=np.float64).reshape(len(texts), len(_FEATURES))


def feature_auroc(
    texts: Sequence[str], is_ai: ArrayLike, *, groups: ArrayLike | None = None, seed: int = 0
) -> FeatureAuroc:
    """How far surface features alone explain the labels of a corpus.

    A corpus where this is near 1 teaches a detector its formatting. Measure before and after normalising.

    Args:
        texts: n of them.
        is_ai: Shape (n,), true for AI.
        groups: Shape (n,); texts of one group share a fold. None makes each text its own group.
        seed: Of the folds.

    Raises:
        MetricError: If a class has texts in fewer than five groups, or labels do not fit.
    """
    flags = as_is_ai(is_ai, n=len(texts))
    need_both_classes(flags, metric="The AUROC of surface features")
    index, _ = as_groups(groups, n=len(texts))
    _need_folds(flags, index)
    features = surface_features(texts)
    alone = {name: auroc(features[:, i], flags) for i, name in enumerate(FEATURE_NAMES)}
    return FeatureAuroc(auroc(_held_out_scores(features, flags, index, seed), flags), alone)


def _held_out_scores(features: Floats, flags: Flags, groups: Indices, seed: int) -> Floats:
    scores = np.empty(flags.size)
    folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(features, flags, groups):
        scores[test] = _model(seed).fit(features[train], flags[train]).decision_function(features[test])
    return scores


def _model(seed: int) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=seed))


def _need_folds(flags: Flags, groups: Indices) -> None:
    for name, mask in (("ai", flags), ("human", ~flags)):
        n_groups = np.unique(groups[mask]).size
        if n_groups < N_FOLDS:
            raise MetricError(
                f"Surface features are measured over {N_FOLDS} folds, but the {name} texts come from {n_groups} "
                f"group(s). Give texts of {N_FOLDS} or more groups."
            )

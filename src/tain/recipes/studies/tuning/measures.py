"""Accuracy and a task's own metric, of one test and of every bootstrap draw of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tain.core.example import DETECTION, LabelSet
from tain.evaluation.bootstrap import Bootstrap, ranking_draws
from tain.evaluation.ranking import auroc, tpr_at_fpr
from tain.evaluation.samples import as_groups
from tain.evaluation.thresholds import supports
from tain.recipes.studies.tuning.configuration import TuningTask

Floats = NDArray[np.float64]
TARGET_FPR = 0.01
TITLES = {
    "accuracy": "accuracy",
    "matthews": "Matthews correlation",
    "macro_f1": "macro-F1",
    "auroc": "AUROC",
    "tpr_at_1_fpr": "TPR at 1% FPR",
}
OF_METRIC = {
    "accuracy": ("accuracy",),
    "matthews": ("matthews",),
    "macro_f1": ("macro_f1",),
    "detection": ("auroc", "tpr_at_1_fpr"),
}
"""The measures of each metric; the first one chooses."""


@dataclass(frozen=True)
class Predictions:
    """What a trained contestant says of a part.

    Attributes:
        ids: Of the texts, shape (n,).
        labels: Class indices, shape (n,).
        logits: Shape (n, n_classes).
        groups: Name of each text's group, whose texts are not independent, shape (n,); None: each is its own.
    """

    ids: tuple[str, ...]
    labels: NDArray[np.int64]
    logits: Floats
    groups: NDArray[np.int64] | None = None

    @property
    def called(self) -> NDArray[np.int64]:
        """The class with the highest logit, shape (n,)."""
        return np.asarray(self.logits.argmax(axis=1), dtype=np.int64)

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """Shape (n,)."""
        return np.asarray(self.called == self.labels)


def measures_of(task: TuningTask, labels: LabelSet) -> tuple[str, ...]:
    """The names of a task's own measures; the first one chooses the learning rate.

    Args:
        task: Its metric may be auto.
        labels: Of the task.
    """
    if task.metric != "auto":
        return OF_METRIC[task.metric]
    if labels == DETECTION:
        return OF_METRIC["detection"]
    return OF_METRIC["macro_f1" if len(labels) > 2 else "accuracy"]


def measure(predictions: Predictions, name: str) -> float | None:
    """One measure, or None where the texts do not define it.

    The Matthews correlation of a contestant that always calls the same class is 0. Macro-F1 is the mean over the
    classes that have texts.

    Args:
        predictions: Of at least one text.
        name: In `TITLES`.
    """
    if name in ("auroc", "tpr_at_1_fpr"):
        scores, is_ai = predictions.logits[:, 1] - predictions.logits[:, 0], predictions.labels == 1
        if is_ai.all() or not is_ai.any():
            return None
        if name == "auroc":
            return auroc(scores, is_ai)
        return tpr_at_fpr(scores, is_ai, target_fpr=TARGET_FPR).tpr.value if _resolves(is_ai) else None
    value = float(_of_counts(name, _per_text(predictions).sum(axis=0))[0])
    return None if np.isnan(value) else value


def mean_loss(predictions: Predictions) -> float:
    """The mean cross-entropy, in nats."""
    shifted = predictions.logits - predictions.logits.max(axis=1, keepdims=True)
    own = shifted[np.arange(len(predictions.labels)), predictions.labels]
    return float((np.log(np.exp(shifted).sum(axis=1)) - own).mean())


def draws(predictions: Predictions, name: str, *, bootstrap: Bootstrap) -> Floats:
    """One measure in every draw of the texts, shape (n_draws,); NaN where a draw does not define it.

    Args:
        predictions: Of at least one text.
        name: In `TITLES`.
        bootstrap: Equal ones draw the same texts, so that two contestants can be compared in pairs.
    """
    if name in ("auroc", "tpr_at_1_fpr"):
        scores, is_ai = predictions.logits[:, 1] - predictions.logits[:, 0], predictions.labels == 1
        if is_ai.all() or not is_ai.any() or (name != "auroc" and not _resolves(is_ai)):
            return np.full(bootstrap.n_draws, np.nan)
        found = ranking_draws(scores, is_ai, groups=predictions.groups, target_fprs=[TARGET_FPR], bootstrap=bootstrap)
        return found.auroc if name == "auroc" else found.tpr[TARGET_FPR]
    index, n = as_groups(predictions.groups, n=len(predictions.labels))
    per_group = np.zeros((n, 3 * predictions.logits.shape[1]))
    np.add.at(per_group, index, _per_text(predictions))
    blocks = [_of_counts(name, w.astype(np.float64) @ per_group) for w in bootstrap.weights(n, n_texts=n)]
    return np.concatenate(blocks)


def _resolves(is_ai: NDArray[np.bool_]) -> bool:
    return supports(int((~is_ai).sum()), TARGET_FPR)


def _per_text(predictions: Predictions) -> Floats:
    """For each text which class it is, is called and is rightly called, shape (n, 3 * n_classes): sums are enough."""
    n_classes = predictions.logits.shape[1]
    eye = np.eye(n_classes)
    true, called = eye[predictions.labels], eye[predictions.called]
    return np.hstack([true * called, called, true])


def _of_counts(name: str, counts: Floats) -> Floats:
    right, calls, texts = np.split(np.atleast_2d(counts), 3, axis=1)
    n = texts.sum(axis=1)
    if name == "accuracy":
        return np.asarray(right.sum(axis=1) / n)
    if name == "macro_f1":
        has_texts = texts > 0
        f1 = np.divide(2 * right, calls + texts, out=np.zeros_like(right), where=has_texts)
        return np.asarray(f1.sum(axis=1) / has_texts.sum(axis=1))
    # Gorodkin 2004, which for two classes is Matthews' own.
    agreement = right.sum(axis=1) * n - (calls * texts).sum(axis=1)
    scale = np.sqrt((n**2 - (calls**2).sum(axis=1)) * (n**2 - (texts**2).sum(axis=1)))
    return np.asarray(np.divide(agreement, scale, out=np.zeros_like(agreement), where=scale > 0))


def measured(predictions: Predictions, names: tuple[str, ...]) -> Mapping[str, float | None]:
    """Accuracy and the named measures."""
    return {name: measure(predictions, name) for name in dict.fromkeys(("accuracy", *names))}

"""Which of the weights seen during a training are the best, judged on validation texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import DataError
from tain.core.example import DETECTION, LabelSet
from tain.evaluation.ranking import auroc, tpr_at_fpr


@dataclass(frozen=True, slots=True)
class ValidationScore:
    """How good weights are; compared by `key`, higher is better.

    Attributes:
        key: (TPR at the target FPR, AUROC) for detection, (accuracy, minus the mean loss) otherwise.
        metrics: The same by name, for the history.
    """

    key: tuple[float, float]
    metrics: dict[str, float]


def judge(
    logits: NDArray[np.float32], labels: NDArray[np.int32], *, label_set: LabelSet, target_fpr: float
) -> ValidationScore:
    """Score validation logits.

    Args:
        logits: Shape (n_texts, n_labels).
        labels: Class indices, shape (n_texts,).
        label_set: Decides the metric.
        target_fpr: FPR at which detection is compared.

    Raises:
        DataError: If the validation texts hold one class only.
    """
    present = np.unique(labels)
    if len(present) < 2:
        raise DataError(
            f"The validation texts are all {label_set.names[int(present[0])]}. Give --valid with both classes, "
            "or more groups, so that both reach the split."
        )
    if label_set == DETECTION:
        scores = logits[:, 1] - logits[:, 0]
        tpr = tpr_at_fpr(scores, labels == 1, target_fpr=target_fpr).tpr.value
        area = auroc(scores, labels == 1)
        return ValidationScore((float(tpr or 0.0), area), {"eval/tpr": float(tpr or 0.0), "eval/auroc": area})
    shifted = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    accuracy, loss = float((logits.argmax(axis=1) == labels).mean()), float(losses.mean())
    return ValidationScore((accuracy, -loss), {"eval/accuracy": accuracy, "eval/loss": loss})

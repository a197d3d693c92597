"""A method of which nothing trains, such as label words with a frozen network: prepared, judged, and that is all."""

from __future__ import annotations

from typing import Any

import torch

from tain.methods import Method
from tain.models import Backbone
from tain.training.classifier import Classifier
from tain.training.config import TrainingConfig
from tain.training.engine import TrainingResult
from tain.training.folder import RunFolder
from tain.training.hardware import pick_device
from tain.training.selection import judge
from tain.training.shown_texts import show_texts
from tain.training.store import TokenStore


def without_training(
    backbone: Backbone,
    method: Method[Any],
    *,
    train: TokenStore,
    valid: TokenStore,
    config: TrainingConfig,
    run: RunFolder,
    seed: int,
) -> TrainingResult:
    """The classifier as the method prepares it, with its validation score at step 0.

    Args:
        backbone: Changed in place by the method.
        method: Trains nothing.
        train: Texts that the method may look at.
        valid: Texts to judge by.
        config: Of it, the size of batches and the false positive rate to judge at.
        run: Opened Run folder, which gets the score in its history.
        seed: Chooses the texts that the method looks at.
    """
    torch.set_num_threads(run.threads)
    show_texts(method, backbone, train, seed=seed)
    model = method.prepare(backbone, seed=seed).to(pick_device()).eval()
    longest = int(max(train.lengths.max(), valid.lengths.max()))
    classifier = Classifier(backbone, method, model, longest)
    rows = [valid[index] for index in range(len(valid))]
    logits = classifier.logits(rows, batch_tokens=2 * config.batch_tokens)
    score = judge(logits, valid.labels, label_set=backbone.labels, target_fpr=config.target_fpr)
    run.log({"step": 0, **score.metrics})
    return TrainingResult(classifier, score.key, 0, 0, 0, None)

"""What the head of a network reads of each text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tain.analysis.influence.blocks import Block
from tain.analysis.influence.representation import label_features
from tain.core.errors import MethodError
from tain.core.progress import progress
from tain.models.backbone import HEAD_NAMES
from tain.models.pooling import pool
from tain.recipes.explain.subject import Subject
from tain.recipes.explain.texts import Texts


def representation_block(subject: Subject, train: Texts, valid: Texts, *, is_quiet: bool = False) -> Block:
    """Representations with labels, as one block.

    Args:
        subject: Whose network reads.
        train: Training texts.
        valid: Validation texts with their weights.
        is_quiet: No progress bars.

    Raises:
        MethodError: If the network has no head to read for.
    """
    n_labels = len(subject.labels)
    found = {
        name: label_features(_states(subject, texts, name, is_quiet=is_quiet), texts.targets, n_labels=n_labels)
        for name, texts in {"train": train, "valid": valid}.items()
    }
    return Block("representation", found["train"], valid.weights @ found["valid"].astype(np.float64))


def _states(subject: Subject, texts: Texts, title: str, *, is_quiet: bool) -> NDArray[np.float32]:
    rows: list[NDArray[np.float32]] = []
    places: list[NDArray[np.int64]] = []
    with (
        progress(f"reading {title} texts", len(texts), is_quiet=is_quiet) as advance,
        _listening(subject.classifier.model) as heard,
        torch.inference_mode(),
    ):
        for chosen, inputs, _ in texts.batches(subject, n_parameters=1):
            subject.classifier.model(**inputs)
            rows.append(_one_vector(heard.pop(), inputs["attention_mask"], subject).float().cpu().numpy())
            heard.clear()
            places.append(chosen)
            advance(len(chosen))
    return np.concatenate(rows)[np.argsort(np.concatenate(places))]


@contextmanager
def _listening(model: nn.Module) -> Iterator[list[torch.Tensor]]:
    heard: list[torch.Tensor] = []
    heads = [module for name, module in model.named_modules() if name.rpartition(".")[2] in HEAD_NAMES]
    if not heads:
        raise MethodError(
            f"--estimator representation: {type(model).__name__} has no head whose input could be compared. Use "
            "hessian_free or datainf."
        )

    def hook(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        del module
        heard.append(arguments[0].detach())

    handle = heads[0].register_forward_pre_hook(hook)
    try:
        yield heard
    finally:
        handle.remove()


def _one_vector(states: torch.Tensor, mask: torch.Tensor, subject: Subject) -> torch.Tensor:
    # Heads named score belong to decoders, whose answer is read at the last token; others read the first.
    if states.ndim == 2:
        return states
    return pool(states, mask, "last" if subject.classifier.backbone.head_name == "score" else "first")

"""Gradients of a classifier: of the training texts one by one and on disk, of the validation texts their mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tain.analysis.gradients.projection import Projection
from tain.analysis.gradients.store import FORMAT, GradientStore, StoredBlock, build_store
from tain.analysis.gradients.taking import N_PROOF, GradientTaker, Objective, Way
from tain.analysis.influence.blocks import Block, Vector
from tain.core.progress import progress
from tain.methods import Method
from tain.recipes.explain.subject import Subject
from tain.recipes.explain.texts import Texts


@dataclass(frozen=True, slots=True)
class ProjectionSettings:
    """How wide blocks are made narrow.

    Attributes:
        dimension: Numbers kept of each block; None keeps all.
        seed: Of the random map.
    """

    dimension: int | None = None
    seed: int = 0


class Gradients:
    """Gradients of one classifier at one set of weights.

    Attributes:
        taker: Of the training texts.
        maps: The projection of each block.
        way: How those that were last asked for were taken.
    """

    def __init__(
        self, subject: Subject, names: Sequence[str], projection: ProjectionSettings, *, is_quiet: bool = False
    ) -> None:
        """Take nothing yet.

        Args:
            subject: What is derived.
            names: Parameters to derive by.
            projection: Of each block.
            is_quiet: No progress bars.

        Raises:
            MethodError: If nothing of the network was trained.
        """
        self.subject, self.names, self.projection, self.is_quiet = subject, names, projection, is_quiet
        self.taker = GradientTaker(subject.classifier.model, names, loss_sum(subject.classifier.method))
        self.way: Way = "texts"
        device = next(subject.classifier.model.parameters()).device
        self.maps = [
            Projection(
                block.n_parameters,
                dimension=projection.dimension or block.n_parameters,
                seed=projection.seed,
                index=index,
                device=device,
            )
            for index, block in enumerate(self.taker.blocks)
        ]

    def store(self, texts: Texts, folder: Path, *, weights_sha256: str) -> GradientStore:
        """The gradient of each text's loss, on disk; taken only if they are not there yet.

        Args:
            texts: Training texts.
            folder: Gets a folder for these texts, weights and projection.
            weights_sha256: Hash of the weights they are taken at.

        Raises:
            ConfigError: If the disk has no room.
        """
        blocks = [
            StoredBlock(block.name, block.n_parameters, each.width)
            for block, each in zip(self.taker.blocks, self.maps, strict=True)
        ]
        made_of = [FORMAT, weights_sha256, texts.sha256, self.projection.dimension, self.projection.seed, *self.names]
        key = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:20]
        return build_store(folder / key, blocks, lambda: self._rows(self.taker, texts, "gradients"), n_texts=len(texts))

    def mean(self, texts: Texts, objective: Objective) -> list[Vector]:
        """The weighted mean gradient of some texts, for each block.

        Args:
            texts: With their weights.
            objective: From logits and targets to the sum of what is derived.
        """
        total = [np.zeros(each.width) for each in self.maps]
        taker = GradientTaker(self.subject.classifier.model, self.names, objective)
        for places, rows in self._rows(taker, texts, "validation gradients"):
            for own, found in zip(total, rows, strict=True):
                own += texts.weights[places] @ found.astype(np.float64)
        return total

    def _rows(
        self, taker: GradientTaker, texts: Texts, title: str
    ) -> Iterator[tuple[NDArray[np.int64], list[NDArray[np.float32]]]]:
        self.way = taker.prove(*texts.batch(texts.few(N_PROOF), self.subject))
        with progress(title, len(texts), is_quiet=self.is_quiet) as advance:
            for places, inputs, targets in texts.batches(self.subject, n_parameters=taker.n_parameters):
                found = taker.take(inputs, targets)
                yield places, [each(rows).cpu().numpy() for each, rows in zip(self.maps, found, strict=True)]
                advance(len(places))


def loss_sum(method: Method) -> Objective:  # type: ignore[type-arg]  # of any settings
    """The sum of the losses that a method trains by, each text with weight 1."""

    def objective(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return len(targets) * method.loss(logits, targets, torch.ones_like(logits[:, 0]))

    return objective


def blocks_of(
    store: GradientStore, valid: Sequence[Vector], *, rate: float = 1.0, is_quiet: bool = False
) -> Iterator[Block]:
    """Training gradients from disk beside those of the validation texts.

    Args:
        store: Of the training texts.
        valid: Mean validation gradient of each block.
        rate: Sum of learning rates that they stand for.
        is_quiet: No progress bar.
    """
    with progress("scoring", len(store.blocks), unit="blocks", is_quiet=is_quiet) as advance:
        for index, (block, vector) in enumerate(zip(store.blocks, valid, strict=True)):
            yield Block(block.name, store.rows(index), vector, block.n_parameters, rate)
            advance(1)

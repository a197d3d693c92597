"""Texts as the network reads them, with what is asked of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tain.core.example import Corpus
from tain.models import TokenIds, collate
from tain.recipes.explain.subject import Subject

CPU_BATCH_TOKENS = 512  # what layers hand on stays in the cache: for short texts a fourth faster than 1,024
GPU_BATCH_TOKENS = 16384
BATCH_BYTES = 1 << 28


@dataclass(frozen=True)
class Texts:
    """Tokenised texts and their labels.

    Attributes:
        rows: Token ids of each.
        targets: Class index of each, shape (n_texts,).
        weights: Share of each in a mean, shape (n_texts,), sum 1.
    """

    rows: Sequence[TokenIds]
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        """The number of texts."""
        return len(self.rows)

    @property
    def sha256(self) -> str:
        """Hash of token ids and labels, in order."""
        digest = hashlib.sha256()
        for row, target in zip(self.rows, self.targets, strict=True):
            digest.update(np.array([int(target), len(row), *row], dtype="<i8").tobytes())
        return digest.hexdigest()

    def plan(self, *, n_parameters: int, batch_tokens: int = CPU_BATCH_TOKENS) -> list[NDArray[np.int64]]:
        """Places of the texts of each batch, like lengths together.

        Args:
            n_parameters: Numbers in one text's gradient; all of a batch take at most 256 MB.
            batch_tokens: Largest padded size of a batch; a longer text goes alone.
        """
        lengths = np.array([len(row) for row in self.rows])
        order = np.argsort(lengths, kind="stable")
        most = max(1, BATCH_BYTES // (4 * max(1, n_parameters)))
        batches, start = [], 0
        for end in range(1, len(order) + 1):
            n = end - start
            if end == len(order) or n == most or (n + 1) * lengths[order[end]] > batch_tokens:
                batches.append(order[start:end])
                start = end
        return batches

    def few(self, n: int) -> NDArray[np.int64]:
        """Places of a few texts from the shortest to the longest; of a thousand, so that a proof stays cheap."""
        lengths = np.array([len(row) for row in self.rows[:1000]])
        order = np.argsort(lengths, kind="stable")
        chosen: NDArray[np.int64] = order[np.unique(np.linspace(0, len(order) - 1, n).astype(int))]
        return chosen

    def batch(self, places: NDArray[np.int64], subject: Subject) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Inputs and targets of some texts, on the device of the network."""
        device = next(subject.classifier.model.parameters()).device
        pad_id = subject.classifier.backbone.tokenizer.pad_token_id
        inputs = collate([self.rows[place] for place in places], pad_id=pad_id)
        targets = torch.from_numpy(self.targets[places])
        return {key: value.to(device) for key, value in inputs.items()}, targets.to(device)

    def batches(
        self, subject: Subject, *, n_parameters: int
    ) -> Iterator[tuple[NDArray[np.int64], dict[str, torch.Tensor], torch.Tensor]]:
        """Places, inputs and targets, batch by batch."""
        is_cpu = next(subject.classifier.model.parameters()).device.type == "cpu"
        batch_tokens = CPU_BATCH_TOKENS if is_cpu else GPU_BATCH_TOKENS
        for places in self.plan(n_parameters=n_parameters, batch_tokens=batch_tokens):
            yield (places, *self.batch(places, subject))


def labelled_texts(corpus: Corpus, subject: Subject) -> Texts:
    """The texts of a corpus, each with its own label and the same weight."""
    targets = np.array([subject.labels.index(str(example.label)) for example in corpus], dtype=np.int64)
    return Texts(subject.token_rows(corpus.texts), targets, np.full(len(corpus), 1 / len(corpus)))

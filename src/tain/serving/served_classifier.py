"""A Classifier with any labels as a server reads with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import DataError
from tain.core.files import sha256_of
from tain.core.version import VERSION
from tain.corpora.normalise import LATEST, get_normaliser
from tain.detector.folder import RUN_MODEL
from tain.detector.verdict import ModelId
from tain.serving.served import Apply, Logits, Share, Side, Work
from tain.training.classifier import FILE, Classifier, load_classifier


@dataclass
class ServedClassifier:
    """A Classifier with its network in memory. It reads a text at once or not at all, as it was measured.

    Attributes:
        classifier: Its adapter folded in.
        id: Named as its folder; its version is that of tain, as a Classifier has none.
        share: Its part in a network that others read with too.
    """

    classifier: Classifier
    id: ModelId
    share: Share | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Its classes."""
        return self.classifier.labels.names

    @property
    def max_tokens(self) -> int:
        """The longest text it reads."""
        return self.classifier.max_tokens

    def prepare(self, texts: Sequence[str], *, cut: Side | None = None) -> Work:
        """One row for each text.

        Raises:
            DataError: If one is longer than the network reads and may not be cut.
        """
        normaliser = get_normaliser(LATEST)
        rows = self.classifier.token_ids([normaliser.normalise(text).text for text in texts])
        if cut is None:
            self._refuse_long(rows)
        return Work([self._fitted(row, cut) for row in rows], None)

    def outputs(self, rows: Sequence[Sequence[int]], *, batch_tokens: int) -> Logits:
        """The logits of each row, shape (n_rows, n_labels)."""
        return self.from_logits(self.classifier.logits(rows, batch_tokens=batch_tokens))

    def from_logits(self, logits: Logits) -> Logits:
        """Nothing is made of them."""
        return logits

    def finish(self, work: Work, outputs: Logits) -> list[Logits]:
        """The logits of each text, shape (n_labels,)."""
        return list(outputs)

    def class_scores(self, reading: Logits, apply: Apply) -> NDArray[np.float64] | None:
        """A number for each label, shape (n_labels,)."""
        logits = reading.astype(np.float64)
        if apply == "none":
            return logits
        if apply == "sigmoid":
            return np.asarray(1 / (1 + np.exp(-logits)))
        odds = np.exp(logits - logits.max())
        return np.asarray(odds / odds.sum())

    def _refuse_long(self, rows: Sequence[Sequence[int]]) -> None:
        long = [f"text {i} has {len(row):,}" for i, row in enumerate(rows) if len(row) > self.max_tokens]
        if long:
            raise DataError(
                f"{self.id.name} reads {self.max_tokens:,} tokens at once; {', '.join(long[:5])}. Send less, or ask "
                "for truncate, which leaves the rest of a text unread."
            )

    def _fitted(self, row: Sequence[int], cut: Side | None) -> Sequence[int]:
        n = self.max_tokens
        if len(row) <= n:
            return row
        # The first and the last token open and close the input, and stay whichever end goes.
        return [*row[: n - 1], row[-1]] if cut == "right" else [row[0], *row[len(row) - n + 1 :]]


def open_classifier(folder: Path) -> ServedClassifier:
    """A Classifier with its weights in memory, on the accelerator if there is one.

    Args:
        folder: That `save_classifier` wrote.

    Raises:
        DetectorError: If it is none, or does not answer as it did when it was saved.
    """
    import torch

    merged = load_classifier(folder).merge()
    if torch.cuda.is_available():
        merged.model.to("cuda")
    place = folder.resolve()
    name = place.parent.name if place.name == RUN_MODEL else place.name
    return ServedClassifier(merged, ModelId(name, VERSION, sha256_of(folder / FILE)))

"""What a server reads texts with: a model in three steps, so that windows of many requests go through it together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import ConfigError
from tain.detector.folder import find_classifier
from tain.detector.verdict import ModelId

Logits = NDArray[np.float32]
Apply = Literal["softmax", "sigmoid", "none"]
"""What turns raw scores of labels into the numbers that are sent."""
Side = Literal["right", "left"]
"""Which end of a text is left out where it is to be cut."""


@dataclass(frozen=True, slots=True)
class Work:
    """Texts, ready for the network.

    Attributes:
        rows: Token ids of their windows.
        parts: What the model needs to put the answers together.
    """

    rows: Sequence[Sequence[int]]
    parts: Any

    @property
    def n_tokens(self) -> int:
        """In all rows, special ones included."""
        return sum(map(len, self.rows))


class Network(Protocol):
    """What several models read with: rows of all of them go through it in one pass."""

    def logits(self, pairs: Sequence[tuple[Any, Sequence[int]]], *, batch_tokens: int = ...) -> Sequence[Logits]:
        """The logits of each row by its own adapter, in order. No row depends on its neighbours."""


@dataclass(frozen=True, slots=True)
class Share:
    """A model's part in a network that others read with too.

    Attributes:
        network: Of them all.
        adapter: What of it is this model's own.
    """

    network: Network
    adapter: Any


class Served(Protocol):
    """A model that a server holds."""

    @property
    def id(self) -> ModelId:
        """Its name, version and hash."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Its classes."""

    @property
    def max_tokens(self) -> int:
        """The most it reads at once."""

    @property
    def share(self) -> Share | None:
        """Its part in a network that others read with too; None where it reads alone."""

    def prepare(self, texts: Sequence[str], *, cut: Side | None = None) -> Work:
        """The texts as rows of tokens.

        Args:
            texts: Raw.
            cut: End to leave out of a text that is longer than the network reads at once; None leaves nothing out.

        Raises:
            TainError: If a text cannot be read.
        """

    def outputs(self, rows: Sequence[Sequence[int]], *, batch_tokens: int) -> Logits:
        """What the network says of each row, shape (n_rows, ...). No row depends on its neighbours."""

    def from_logits(self, logits: Logits) -> Logits:
        """What `outputs` gives where a shared network gave logits of shape (n_rows, n_labels)."""

    def finish(self, work: Work, outputs: Logits) -> list[Any]:
        """One reading for each text."""

    def class_scores(self, reading: Any, apply: Apply) -> NDArray[np.float64] | None:  # noqa: ANN401 (each model's own)
        """A number for each label, or None where the text is too short for any."""


def open_models(folders: Sequence[Path], *, engine: Literal["auto", "torch"] = "auto") -> dict[str, Served]:
    """The models of a server by name, in order, their weights in memory.

    Args:
        folders: Of detectors, classifiers and Runs; none takes the detector that ships.
        engine: auto imports torch only for a network that needs it.

    Raises:
        ConfigError: If two have the same name.
        DetectorError: If a folder is no model, or was changed.
    """
    from tain.serving.served_detector import open_detector

    if not folders:
        ours = open_detector(None, engine=engine)
        return {ours.id.name: ours}
    found: dict[str, Served] = {}
    for folder in folders:
        model = _open(folder, engine)
        if model.id.name in found:
            raise ConfigError(
                f"{folder}: there is a model named {model.id.name!r} already. Requests choose a model by its name; "
                "calibrate or train it again under another."
            )
        found[model.id.name] = model
    return found


def _open(folder: Path, engine: Literal["auto", "torch"]) -> Served:
    from tain.serving.served_detector import is_detector, open_detector

    classifier = find_classifier(folder)
    if classifier is None or is_detector(folder):
        return open_detector(folder, engine=engine)
    from tain.serving.served_classifier import open_classifier

    return open_classifier(classifier)

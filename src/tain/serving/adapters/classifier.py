"""A Classifier that is an adapter over a network which others read with too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tain.core.example import LabelSet
from tain.methods import build_method
from tain.methods.mixed.adapter import Adapter
from tain.methods.mixed.network import MixedNetwork
from tain.methods.mixed.reading import read_adapter
from tain.models import TokenIds
from tain.training.classifier import Classifier, check_probe

_ANY_ROW = [0, 0]


@dataclass
class AdapterClassifier(Classifier):
    """Texts in, logits out, by one adapter.

    Attributes:
        network: Shared.
        adapter: Its own.
    """

    network: MixedNetwork
    adapter: Adapter

    def logits(
        self,
        rows: Sequence[TokenIds],
        *,
        batch_tokens: int = 8192,
        advance: Callable[[int], None] | None = None,
    ) -> NDArray[np.float32]:
        """The logits of tokenised texts by this adapter alone, shape (n_rows, n_labels)."""
        pairs = [(self.adapter, row) for row in rows]
        found = self.network.logits(pairs, batch_tokens=batch_tokens, advance=advance)
        return np.stack(found) if found else np.empty((0, len(self.labels)), dtype=np.float32)

    def merge(self) -> Classifier:
        """Itself: the network is not this adapter's to change."""
        return self


def read_classifier(place: Path, description: Mapping[str, Any], network: MixedNetwork) -> AdapterClassifier:
    """The Classifier of a folder, over a network that is in memory.

    Args:
        place: Where it lies.
        description: Of `read_description`.
        network: Of the base and pooling that the description names.

    Raises:
        MethodError: If it cannot be mixed with others.
        DetectorError: If it does not answer as it did when it was saved.
    """
    labels = LabelSet(tuple(description["labels"]))
    adapter = read_adapter(place, network.backbone, n_labels=len(labels))
    classifier = AdapterClassifier(
        replace(network.backbone, labels=labels),
        build_method(description["method"]),
        network.backbone.model,
        int(description["max_tokens"]),
        network,
        adapter,
    )
    # Two of each row, as a network that does not read row by row shows it only where there are several.
    probe = {name: [*values, *values] for name, values in description["probe"].items()}
    check_probe(classifier, place, probe)
    classifier.logits([_ANY_ROW, _ANY_ROW])
    return classifier

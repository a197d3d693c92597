"""A trained Backbone with its adapter and head: scored, saved so that it proves itself, and loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import nn

from tain.core.errors import DetectorError, TrainingError
from tain.core.example import LabelSet
from tain.core.files import read_json, whole_folder, write_json
from tain.methods import Method, build_method
from tain.models import Backbone, TokenIds, collate, load_backbone, logits_of
from tain.models.batch import by_length

FORMAT = 1
FILE = "classifier.json"
PROBE_TOKENS = 64
TOLERANCE = 1e-5
CACHED_TOKENS = 2048  # on a processor, larger batches only leave its cache


@dataclass
class Classifier:
    """Texts in, logits out.

    Attributes:
        backbone: Where the tokenizer, labels and limits come from.
        method: How it was trained, and how it is saved and merged.
        model: In eval mode.
        max_tokens: The longest input it is meant to read at once.
    """

    backbone: Backbone
    method: Method[Any]
    model: nn.Module
    max_tokens: int

    @property
    def labels(self) -> LabelSet:
        """The classes, in the order of the logits."""
        return self.backbone.labels

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text with special tokens. Nothing is cut: long texts are the caller's to window."""
        if not texts:
            return []
        ids: list[list[int]] = self.backbone.tokenizer(list(texts), truncation=False, verbose=False)["input_ids"]
        return ids

    def logits(
        self,
        rows: Sequence[TokenIds],
        *,
        batch_tokens: int = 8192,
        advance: Callable[[int], None] | None = None,
    ) -> NDArray[np.float32]:
        """The logits of tokenised texts, in the order given.

        Args:
            rows: Token ids with special tokens.
            batch_tokens: Padded size of a batch, at most 2,048 on a processor; rows are sorted by length, so little is
                padding.
            advance: Told the number of rows done.

        Returns:
            Shape (n_rows, n_labels), float32.
        """
        device = next(self.model.parameters()).device
        budget = min(batch_tokens, CACHED_TOKENS) if device.type == "cpu" else batch_tokens
        out = np.empty((len(rows), len(self.labels)), dtype=np.float32)
        with torch.inference_mode():
            for chosen in by_length([len(row) for row in rows], batch_tokens=budget):
                batch = collate([rows[index] for index in chosen], pad_id=self.backbone.tokenizer.pad_token_id)
                out[chosen] = logits_of(self.model, {k: v.to(device) for k, v in batch.items()}).cpu().numpy()
                if advance:
                    advance(len(chosen))
        return out

    def merge(self) -> Classifier:
        """The same classifier as one plain network: equal scores, less work for each."""
        if not self.method.can_merge:
            return self
        merged: nn.Module = self.method.merge(self.model)
        return Classifier(self.backbone, self.method, merged.train(False), self.max_tokens)


def save_classifier(classifier: Classifier, folder: Path, *, probe_rows: Sequence[TokenIds]) -> None:
    """Write a Classifier folder, then load it and compare; it appears only if both agree.

    Args:
        classifier: What to save.
        folder: Replaced if it exists.
        probe_rows: A few tokenised texts whose logits are kept, so that every later load can be checked.

    Raises:
        TrainingError: If what was written does not answer as the model in memory does.
    """
    rows = [list(map(int, row[:PROBE_TOKENS])) for row in probe_rows]
    classifier.model.eval()
    logits = classifier.logits(rows)
    with whole_folder(folder) as part:
        write_classifier(classifier, part, rows=rows, logits=logits)
        reloaded = load_classifier(part, is_checked=False).logits(rows)
        gap = float(np.abs(reloaded - logits).max())
        if not gap <= TOLERANCE:
            raise TrainingError(
                f"{folder}: the saved classifier answers {gap:.2g} apart from the trained one, expected at most "
                f"{TOLERANCE}. Nothing was written. Please report this with the method and base."
            )


def write_classifier(
    classifier: Classifier, folder: Path, *, rows: list[list[int]], logits: NDArray[np.float32]
) -> None:
    """Write the parts of a Classifier into an existing folder.

    Args:
        classifier: What to write.
        folder: Files are added to it.
        rows: Tokenised texts to check loads with.
        logits: What the classifier answers to them.
    """
    backbone = classifier.backbone
    classifier.method.save(classifier.model, folder)
    backbone.tokenizer.save_pretrained(str(folder))
    value = {
        "format": FORMAT,
        "base": backbone.name,
        "labels": list(backbone.labels.names),
        "pooling": backbone.pooling,
        "max_tokens": classifier.max_tokens,
        "method": {"kind": classifier.method.kind, **classifier.method.config.model_dump(mode="json")},
        "probe": {"token_ids": rows, "logits": logits.astype(float).round(6).tolist()},
    }
    write_json(folder / FILE, value)


def load_classifier(folder: Path, *, is_checked: bool = True) -> Classifier:
    """The classifier of a folder that `save_classifier` wrote.

    Args:
        folder: Where it lies.
        is_checked: Compare the logits of the kept probe texts, so that a changed base, a lost head or
            another tokenizer is noticed here and not in a verdict.

    Raises:
        DetectorError: If the folder is no classifier, or does not answer as it did when it was saved.
    """
    value = read_description(folder)
    method = build_method(value["method"])
    backbone = load_backbone(value["base"], LabelSet(tuple(value["labels"])), pooling=value["pooling"])
    try:
        model = method.load(backbone, folder).requires_grad_(False).eval()
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DetectorError(
            f"{folder}: its weights cannot be loaded ({reason}). Copy the folder again from where it came from, or "
            "train again."
        ) from error
    classifier = Classifier(backbone, method, model, value["max_tokens"])
    if is_checked:
        check_probe(classifier, folder, value["probe"])
    return classifier


def read_description(folder: Path) -> dict[str, Any]:
    """What a Classifier folder says of itself: base, labels, pooling, method, probe.

    Raises:
        DetectorError: If the folder is no classifier, or of another format.
    """
    if not (folder / FILE).is_file():
        raise DetectorError(
            f"{folder} is no classifier of tain: {FILE} is missing. Give the folder `tain train` wrote."
        )
    value: dict[str, Any] = read_json(folder / FILE)
    if value.get("format") != FORMAT:
        raise DetectorError(f"{folder / FILE} has format {value.get('format')!r}, expected {FORMAT}. Update tain.")
    return value


def check_probe(classifier: Classifier, folder: Path, probe: Mapping[str, Any]) -> None:
    """Return only if a classifier answers as it did when it was saved.

    Args:
        classifier: As loaded.
        folder: Where it was saved.
        probe: Token ids and logits that were kept.

    Raises:
        DetectorError: If it answers otherwise.
    """
    gap = float(np.abs(classifier.logits(probe["token_ids"]) - np.asarray(probe["logits"])).max(initial=0.0))
    if not gap <= 1e-3:  # other processors round otherwise; a lost head is off by far more
        raise DetectorError(
            f"{folder}: answers {gap:.2g} apart from what it answered when it was saved. "
            f"Its weights, or those of its base {classifier.backbone.name}, were changed."
        )

"""A merged classifier as one ONNX file, and its answers by onnxruntime."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tain.models import collate
from tain.training.classifier import Classifier

INPUTS = ("input_ids", "attention_mask")


class _Logits(nn.Module):
    """The network with plain tensors in and out."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits


def write_onnx(classifier: Classifier, file: Path) -> None:
    """Write a classifier whose inputs may have any number of texts and tokens.

    Args:
        classifier: Merged.
        file: Written.
    """
    example = collate([[1, 2, 3, 4], [1, 2, 3]], pad_id=0)
    sizes = {0: torch.export.Dim("n_texts"), 1: torch.export.Dim("n_tokens", max=classifier.max_tokens)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own workings
        torch.onnx.export(
            _Logits(classifier.model).eval(),
            tuple(example[name] for name in INPUTS),
            str(file),
            input_names=list(INPUTS),
            output_names=["logits"],
            dynamic_shapes=dict.fromkeys(INPUTS, sizes),
            external_data=False,
            verbose=False,
            dynamo=True,
        )


def run_onnx(file: Path, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """The logits of tokenised texts by onnxruntime, all in one batch, shape (n_rows, n_labels)."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    batch = collate(rows, pad_id=0)
    (logits,) = session.run(["logits"], {name: batch[name].numpy() for name in INPUTS})
    found: NDArray[np.float32] = np.asarray(logits, dtype=np.float32)
    return found

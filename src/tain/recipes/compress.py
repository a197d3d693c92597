"""Compression of a trained classifier: its linear layers in a few bits, with or without low rank beside them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tain.core.errors import ConfigError, DataError, DetectorError
from tain.core.files import read_json, refuse_overwrite
from tain.core.progress import hushed
from tain.corpora.columns import ColumnMap
from tain.corpora.reading import read_examples
from tain.detector.folder import find_classifier, find_detector, read_settings
from tain.detector.ngrams import NGRAMS
from tain.detector.seen import SEEN
from tain.methods import build_method
from tain.methods.lq_lora import FILE as WEIGHTS
from tain.methods.lq_lora import LqLora, quantised_layers
from tain.methods.method import is_head
from tain.methods.quantised import weight_bytes
from tain.methods.targets import target_linears
from tain.models import Backbone, TokenIds, load_backbone
from tain.training.classifier import FILE, Classifier, load_classifier, save_classifier

MOST_TEXTS = 256
CALIBRATE = "No operating point of a detector holds for the compressed network. Calibrate it: tain calibrate --model {}"
BASE_STAYS = "The folder holds what differs from the base {}, which is still needed to load it."


@dataclass(frozen=True, slots=True)
class CompressedMatrix:
    """What became of one weight matrix.

    Attributes:
        name: Of the layer.
        shape: (d_out, d_in).
        layout: Bits and block sizes.
        bits: Per weight, scales counted, of the bytes as they are.
        adapter_bits: Per weight, of the low-rank part.
        error: |W - Q - L1 L2| / |W|.
    """

    name: str
    shape: tuple[int, int]
    layout: str
    bits: float
    adapter_bits: float
    error: float


@dataclass(frozen=True, slots=True)
class LogitChange:
    """How far the answers moved.

    Attributes:
        n_texts: Texts that were asked.
        largest: Largest change of a logit.
        mean: Mean absolute change of a logit.
        n_flipped: Texts whose likeliest class is another.
    """

    n_texts: int
    largest: float
    mean: float
    n_flipped: int


@dataclass(frozen=True, slots=True)
class Compressed:
    """A compressed classifier.

    Attributes:
        folder: Where it lies.
        matrices: What became of each matrix.
        bits: Per weight of all matrices, scales counted.
        adapter_bits: Per weight, of the low-rank parts.
        matrix_bytes_before: Of the matrices as they were.
        matrix_bytes: Of the matrices now, low-rank parts included.
        network_bytes_before: Of every weight of the network as it was, embeddings included.
        network_bytes: Of every weight of the network now.
        file_bytes: Of the file of weights that was written.
        logits: How far the answers moved; None when there were no texts to ask.
        notes: What a user of the folder should know.
    """

    folder: Path
    matrices: tuple[CompressedMatrix, ...]
    bits: float
    adapter_bits: float
    matrix_bytes_before: int
    matrix_bytes: int
    network_bytes_before: int
    network_bytes: int
    file_bytes: int
    logits: LogitChange | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """A JSON value."""
        return {**asdict(self), "folder": str(self.folder)}


def compress(
    model: Path,
    *,
    output: Path,
    settings: Mapping[str, Any],
    texts: Sequence[str] = (),
    text_column: str | None = None,
    seed: int = 0,
    force: bool = False,
    is_quiet: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Compressed:
    """Write a classifier whose linear layers are quantised. Nothing is trained.

    What the classifier's training changed is folded into its weights first, so whatever method trained it, the result
    is a folder of the method `lq_lora` that `load_classifier`, `tain calibrate` and every other reader loads.

    Args:
        model: Classifier folder, Run or detector folder.
        output: Folder to write.
        settings: Of the method `lq_lora`: `bits`, `rank`, `targets`, `data_aware` and so on; `rank` is 0 if absent.
        texts: Files of texts to weigh errors by (with `data_aware`) and to measure the change of logits on, the first
            256; none takes the few that are kept in the classifier.
        text_column: Column of the text.
        seed: Of what is drawn at random.
        force: Replace the output if it exists.
        is_quiet: No progress bars.
        tell: Told what is going on, a line at a time.

    Raises:
        ConfigError: If the output exists, a setting is impossible, or the method of the classifier cannot be folded in.
        DataError: If the texts cannot be read.
        DetectorError: If there is no classifier.
        MethodError: If the budget is too small, or the rank too large for a layer.
    """
    refuse_overwrite(output, force=force)
    method = _method(settings)
    folder = _find(model)
    classifier = load_classifier(folder)
    _require_whole(classifier, folder)
    rows = _rows(classifier, folder, texts, text_column, is_quiet=is_quiet)
    plain = classifier.merge()
    before = _logits(plain, rows)
    network_bytes_before = weight_bytes(plain.model)
    tell(f"Quantising the linear layers of {folder}.")
    with hushed(is_quiet):
        made, matrices = _quantise(plain, method, rows, seed=seed)
    save_classifier(made, output, probe_rows=rows[: _n_probes(folder)])
    _copy_beside(folder, output)
    return _report(output, matrices, made, network_bytes_before, _change(before, _logits(made, rows)))


def _require_whole(classifier: Classifier, folder: Path) -> None:
    method = classifier.method
    if not method.can_merge or not method.merges_to_stock:
        raise ConfigError(
            f"{folder}: the method {method.kind} cannot be folded into the weights of a plain network, so quantised "
            "weights would not be those it was trained with. Train with bits instead: tain train --method lq_lora."
        )
    if getattr(method.config, "layers", None) is not None:
        raise ConfigError(
            f"{folder}: a student of some layers of {classifier.backbone.name} cannot be compressed, as what is "
            "written stands beside the whole base. Use a student with a base of its own."
        )


def _method(settings: Mapping[str, Any]) -> LqLora:
    method = build_method({"kind": LqLora.kind, "rank": 0, **settings})
    assert isinstance(method, LqLora), "the registry holds one method of this kind"
    return method


def _find(model: Path) -> Path:
    if (found := find_classifier(model)) is not None:
        return found
    try:
        folder = find_detector(model)
        read_settings(folder)  # checks every file against its hash
    except DetectorError as error:
        raise DetectorError(
            f"{model}: there is nothing to compress. Expected a Run, its `model` folder or a detector's folder. {error}"
        ) from error
    return folder


def _probe(folder: Path) -> list[list[int]]:
    rows: list[list[int]] = read_json(folder / FILE)["probe"]["token_ids"]
    return rows


def _n_probes(folder: Path) -> int:
    return max(1, len(_probe(folder)))


def _rows(
    classifier: Classifier, folder: Path, texts: Sequence[str], text_column: str | None, *, is_quiet: bool
) -> list[list[int]]:
    if not texts:
        return _probe(folder)
    columns = ColumnMap(text=text_column) if text_column else None
    examples = read_examples(texts, columns=columns, labels=None, is_quiet=is_quiet)
    chosen = [example.text for example in islice(examples, MOST_TEXTS)]
    if not chosen:
        raise DataError(f"--texts {', '.join(texts)}: there is no text in it. Give other files.")
    rows: list[list[int]] = classifier.backbone.tokenizer(
        chosen, truncation=True, max_length=classifier.max_tokens, verbose=False
    )["input_ids"]
    return rows


def _logits(classifier: Classifier, rows: Sequence[TokenIds]) -> NDArray[np.float32]:
    return classifier.logits(rows) if rows else np.empty((0, len(classifier.labels)), dtype=np.float32)


def _quantise(
    plain: Classifier, method: LqLora, rows: Sequence[TokenIds], *, seed: int
) -> tuple[Classifier, tuple[CompressedMatrix, ...]]:
    backbone: Backbone = replace(plain.backbone, model=plain.model)  # type: ignore[arg-type]
    dense = target_linears(backbone, method.config.targets)
    # No labels: how far the answers of a trained network move is asked of the network itself.
    method.look_at(backbone, rows, None)
    model = method.prepare(backbone, seed=seed).requires_grad_(False).eval()
    method.kept = _changed(model, plain.backbone)
    made = Classifier(backbone, method, model, plain.max_tokens)
    layers = quantised_layers(model)
    return made, tuple(_matrix(name, linear.weight, layers[name]) for name, linear in dense.items())


def _changed(model: nn.Module, backbone: Backbone) -> frozenset[str]:
    # Whatever the training changed besides the matrices and the head: embeddings, norms, biases.
    base = load_backbone(backbone.name, backbone.labels, pooling=backbone.pooling).model
    known = dict(base.named_parameters())
    shared = {name: p for name, p in model.named_parameters() if name in known and not is_head(name)}
    return frozenset(name for name, parameter in shared.items() if not torch.equal(parameter, known[name]))


def _matrix(name: str, weight: torch.Tensor, layer: Any) -> CompressedMatrix:  # noqa: ANN401 (a QuantisedLinear)
    n_weights = weight.numel()
    thin = [part for part in (layer.lora_A, layer.lora_B) if part is not None]
    lost = (weight.float() - layer.weight).norm() / weight.float().norm().clamp_min(1e-30)
    return CompressedMatrix(
        name=name,
        shape=(layer.out_features, layer.in_features),
        layout=str(layer.layout),
        bits=8 * layer.packed.n_bytes / n_weights,
        adapter_bits=8 * sum(part.nbytes for part in thin) / n_weights,
        error=float(lost),
    )


def _change(before: NDArray[np.float32], after: NDArray[np.float32]) -> LogitChange | None:
    if not len(before):
        return None
    gap = np.abs(after - before)
    n_flipped = int((before.argmax(1) != after.argmax(1)).sum())
    return LogitChange(len(before), float(gap.max()), float(gap.mean()), n_flipped)


def _copy_beside(source: Path, folder: Path) -> None:
    # What stands beside a network and is added to its score, and which texts it has seen, stay as they are.
    for name in (NGRAMS, SEEN):
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)


def _report(
    output: Path,
    matrices: tuple[CompressedMatrix, ...],
    made: Classifier,
    network_bytes_before: int,
    change: LogitChange | None,
) -> Compressed:
    sizes = [each.shape[0] * each.shape[1] for each in matrices]
    n_weights = sum(sizes)
    bits, adapter_bits = (
        sum(getattr(each, part) * size for each, size in zip(matrices, sizes, strict=True)) / n_weights
        for part in ("bits", "adapter_bits")
    )
    network_bytes = weight_bytes(made.model)
    matrix_bytes = round((bits + adapter_bits) * n_weights / 8)
    return Compressed(
        folder=output,
        matrices=matrices,
        bits=bits,
        adapter_bits=adapter_bits,
        matrix_bytes_before=network_bytes_before - (network_bytes - matrix_bytes),
        matrix_bytes=matrix_bytes,
        network_bytes_before=network_bytes_before,
        network_bytes=network_bytes,
        file_bytes=(output / WEIGHTS).stat().st_size,
        logits=change,
        notes=(BASE_STAYS.format(made.backbone.name), CALIBRATE.format(output)),
    )

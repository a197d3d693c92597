"""What happens in the process that measures one network: embed, read off, and look at how far its weights moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import polars as pl

from tain.core.errors import MethodError
from tain.core.example import LabelSet
from tain.core.files import read_json, whole_file, write_json
from tain.recipes.studies.forgetting.answering import answer
from tain.recipes.studies.forgetting.configuration import EMBEDDED
from tain.recipes.studies.forgetting.retention import Floats, Retention, cosines, probe, retrieve
from tain.recipes.studies.forgetting.texts import RetainedTexts

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from tain.models.causal import CausalModel
    from tain.training.classifier import Classifier

CHANGE = "change.json"
CHANGES = (
    "n_matrices", "effective_rank", "effective_rank_low", "effective_rank_high", "full_rank", "relative_frobenius",
)  # fmt: skip
BATCH_TOKENS = 4096
Pooling = Literal["native", "mean", "first", "last"]


@dataclass(frozen=True)
class MeasureJob:
    """One network to measure.

    Attributes:
        base: Backbone that is measured as it comes; None measures `model`.
        pooling: Of the backbone.
        model: Folder of a trained Classifier.
        folder: Gets a file for each task, and of a trained one what became of its weights.
        tasks: What is to be retained.
    """

    base: str | None
    pooling: Pooling
    model: Path
    folder: Path
    tasks: tuple[RetainedTexts, ...]

    @property
    def missing(self) -> list[RetainedTexts]:
        """The tasks that are not measured yet."""
        return [task for task in self.tasks if not _file(self.folder, task).is_file()]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return not self.missing and (self.base is not None or (self.folder / CHANGE).is_file())


def measure_job(job: MeasureJob) -> None:
    """Do what is missing of a network.

    Raises:
        TainError: If it cannot be loaded.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    missing = job.missing
    if embedded := [task for task in missing if task.task.kind in EMBEDDED]:
        embed = _remembered(_embedder(_network(job)))
        for task in embedded:
            _keep(_retention(task, embed), _file(job.folder, task))
    if asked := [task for task in missing if task.task.kind not in EMBEDDED]:
        model = _decoder(job)
        for task in asked:
            found = answer(model, task)
            with whole_file(_written_file(job.folder, task)) as part:
                found.written.write_parquet(part)
            _keep(Retention(task.ids, task.labels, found.said, task.task.kind), _file(job.folder, task))
    if job.base is None and not (job.folder / CHANGE).is_file():
        write_json(job.folder / CHANGE, _change(job.model))


def kept(folder: Path, task: RetainedTexts) -> Retention | None:
    """What a network was found to retain, or None where it was not measured yet.

    Args:
        folder: Of the network's measurements.
        task: What is to be retained.
    """
    file = _file(folder, task)
    if not file.is_file():
        return None
    frame = pl.read_parquet(file)
    labels, said = (frame[name].to_numpy() for name in ("label", "said"))
    return Retention(tuple(frame["id"].to_list()), labels, said, task.task.kind)


def kept_written(folder: Path, task: RetainedTexts) -> pl.DataFrame | None:
    """The texts that a decoder wrote, or None where it wrote none.

    Args:
        folder: Of the network's measurements.
        task: What it was asked.
    """
    file = _written_file(folder, task)
    return pl.read_parquet(file) if file.is_file() else None


def kept_change(folder: Path) -> dict[str, float] | None:
    """What became of a network's weights, or None where it was not measured yet.

    Args:
        folder: Of the network's measurements.
    """
    found: dict[str, float] | None = read_json(folder / CHANGE) if (folder / CHANGE).is_file() else None
    return found


def _file(folder: Path, task: RetainedTexts) -> Path:
    return folder / f"{task.name}.parquet"


def _written_file(folder: Path, task: RetainedTexts) -> Path:
    return folder / f"{task.name}.written.parquet"


def _keep(found: Retention, file: Path) -> None:
    frame = pl.DataFrame({"id": list(found.ids), "label": found.labels, "said": found.said})
    with whole_file(file) as part:
        frame.write_parquet(part)


def _remembered(embed: Callable[[Sequence[str], int], Floats]) -> Callable[[Sequence[str], int], Floats]:
    """The same, but texts that two tasks ask about are embedded once."""
    once = cache(embed)
    return lambda texts, max_tokens: once(tuple(texts), max_tokens)


def _retention(task: RetainedTexts, embed: Callable[[Sequence[str], int], Floats]) -> Retention:
    tested, beside = (embed(texts, task.task.max_tokens) for texts in (task.tested, task.beside))
    if task.task.kind == "similarity":
        said = cosines(tested, beside)
    else:
        read_off = probe if task.task.kind == "probe" else retrieve
        said = read_off(beside, task.beside_labels, tested)
    return Retention(task.ids, task.labels, said, task.task.kind)


def load_trained(folder: Path) -> Classifier:
    """A trained classifier as one plain network, in eval mode.

    Args:
        folder: Of the classifier.
    """
    from tain.training.classifier import load_classifier

    return load_classifier(folder).merge()


def _network(job: MeasureJob) -> Classifier:
    if job.base is None:
        return load_trained(job.model)
    from tain.methods import build_method
    from tain.models import load_backbone
    from tain.training.classifier import Classifier

    backbone = load_backbone(job.base, LabelSet(("0", "1")), pooling=job.pooling, seed=0)
    return Classifier(backbone, build_method({"kind": "head_only"}), backbone.model.train(False), backbone.max_tokens)


def _decoder(job: MeasureJob) -> CausalModel:
    """The network with its head for the next word: as published, unless the training had that head itself."""
    from tain.models.causal import load_causal
    from tain.models.next_word import NextWord

    if job.base is not None:
        return load_causal(job.base)
    classifier = load_trained(job.model)
    found = load_causal(classifier.backbone.name)
    if isinstance(classifier.model, NextWord):
        found.model = cast("PreTrainedModel", classifier.model.network)
        return found
    tuned: Any = classifier.model
    setattr(found.model, found.model.base_model_prefix, tuned.base_model)
    return found


def _embedder(classifier: Classifier) -> Callable[[Sequence[str], int], Floats]:
    """From texts and their most tokens to the mean of the last layer's token states, shape (n, d)."""
    import torch
    from transformers import PreTrainedModel

    from tain.models import collate
    from tain.models.batch import by_length
    from tain.models.pooling import pool

    tokenizer: Any = classifier.backbone.tokenizer
    model, heard = classifier.model, []
    body = next(module for module in model.modules() if isinstance(module, PreTrainedModel)).base_model
    body.register_forward_hook(lambda module, given, output: heard.append(output.last_hidden_state))

    def embed(texts: Sequence[str], max_tokens: int) -> Floats:
        most = min(max_tokens, classifier.backbone.max_tokens)
        rows = tokenizer(list(texts), truncation=True, max_length=most)["input_ids"]
        found: list[Any] = []
        order: list[int] = []
        with torch.inference_mode():
            for chosen in by_length([len(row) for row in rows], batch_tokens=BATCH_TOKENS):
                order += chosen
                batch = collate([rows[index] for index in chosen], pad_id=tokenizer.pad_token_id)
                model(**batch)
                states = heard.pop()[:, -batch["input_ids"].shape[1] :]  # prompts that a method put before it left out
                found.append(pool(states, batch["attention_mask"], "mean").double().numpy())
        return np.concatenate(found)[np.argsort(order)]

    return embed


def _change(model: Path) -> dict[str, float]:
    """How far the weight matrices of the layers moved: medians over those that did; zeros where none did."""
    from tain.analysis.spectra.spectrum import spectrum_of, spectrum_of_product
    from tain.recipes.spectra.partners import partners
    from tain.recipes.spectra.sources import load_pair
    from tain.recipes.spectra.weights import role_of

    try:
        pair = load_pair(str(model), None)
    except MethodError:  # it trained the head alone
        return dict.fromkeys(CHANGES, 0.0)
    names = [n for n, weight in pair.tuned.own.items() if len(weight.shape) == 2 and role_of(n) == "layer"]
    ranks, shares, widths = [], [], []
    for tuned, before in partners(names, pair.base.own).items():
        base = np.asarray(pair.base.own[before].read(), dtype=np.float64)
        factors = pair.factors.get(tuned)
        moved = spectrum_of_product(*factors) if factors else spectrum_of(pair.tuned.own[tuned].read() - base)
        if moved.frobenius > 0:
            ranks.append(moved.effective_rank())
            shares.append(moved.frobenius / float(np.linalg.norm(base)))
            widths.append(min(base.shape))
    if not ranks:
        return dict.fromkeys(CHANGES, 0.0)
    values = (len(ranks), np.median(ranks), min(ranks), max(ranks), np.median(widths), np.median(shares))
    return dict(zip(CHANGES, map(float, values), strict=True))

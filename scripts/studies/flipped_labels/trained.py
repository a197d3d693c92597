"""One training of the study: a classifier with its two checkpoints, and its accuracy on clean texts."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from plan import BATCH_TOKENS, N_EPOCHS, Cell, training
from texts import CellTexts

from tain.core.files import write_json
from tain.corpora.normalise import LATEST, get_normaliser
from tain.methods import build_method
from tain.models import load_backbone
from tain.recipes.explain.subject import Subject
from tain.recipes.explain.texts import Texts
from tain.training.classifier import save_classifier
from tain.training.engine import Engine
from tain.training.folder import RunFolder
from tain.training.store import TokenRow, TokenStore, build_store

FILL = 0.9  # share of a batch that is no padding
N_PROBES = 4


def train(cell: Cell, texts: CellTexts, train_texts: Texts, folder: Path) -> Subject:
    """Train on some texts and save; a training that was cut short goes on.

    Args:
        cell: Rank and seed.
        texts: Labels and validation texts, which choose nothing: the last weights count.
        train_texts: To learn from.
        folder: Of the Run.
    """
    backbone = load_backbone("minilm", texts.labels, pooling="mean", seed=cell.seed)
    method, run = build_method(cell.method()), RunFolder(folder)
    n_steps = N_EPOCHS * sum(map(len, train_texts.rows)) / (FILL * BATCH_TOKENS)
    config = training(round(n_steps))
    settings = {"cell": cell.name, "texts": train_texts.sha256, "training": config.model_dump(mode="json")}
    with run.opened(settings, threads=1, is_resumed=True, force=False):
        parts = {name: _store(part, folder / name) for name, part in (("train", train_texts), ("valid", texts.valid))}
        engine = Engine(backbone, method, **parts, config=config, run=run, seed=cell.seed, is_quiet=True)
        result = engine.train()
    save_classifier(result.classifier, run.model, probe_rows=list(texts.valid.rows[:N_PROBES]))
    write_json(run.path / "manifest.json", {"n_steps": result.n_steps})
    result.classifier.model.requires_grad_(False)
    return Subject(run.model, False, result.classifier, get_normaliser(LATEST))


def accuracy(subject: Subject, texts: Texts) -> float:
    """The share of texts whose label it gives."""
    logits = subject.classifier.logits(texts.rows, batch_tokens=512)
    return float(np.mean(logits.argmax(axis=1) == texts.targets))


def accuracy_without(
    cell: Cell, texts: CellTexts, kept: NDArray[np.intp], labels: NDArray[np.int64], at: Path
) -> float:
    """The accuracy after a training on some of the texts.

    Args:
        cell: Rank and seed.
        texts: Of the cell.
        kept: Places of those that are learned from.
        labels: Of all training texts.
        at: Folder for the training; gone afterwards.
    """
    own = Texts([texts.train.rows[place] for place in kept], labels[kept], np.full(len(kept), 1 / len(kept)))
    found = accuracy(train(cell, texts, own, at), texts.test)
    shutil.rmtree(at)
    return found


def _store(texts: Texts, folder: Path) -> TokenStore:
    rows = (TokenRow(row, int(label)) for row, label in zip(texts.rows, texts.targets, strict=True))
    return build_store(folder, rows)

"""How every ranking of a cell finds the flipped labels, and what it takes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plan import ESTIMATORS
from texts import CellTexts

from tain.analysis.gradients.store import GradientStore
from tain.analysis.influence.blocks import Vector
from tain.analysis.influence.estimator import influence
from tain.analysis.influence.registry import build_estimator
from tain.analysis.suspects.combine import combine
from tain.analysis.suspects.evidence import Evidence, by_confidence, by_influence, by_neighbours
from tain.recipes.explain.checkpoints import visit
from tain.recipes.explain.gradients import Gradients, ProjectionSettings, blocks_of, loss_sum
from tain.recipes.explain.representations import representation_block
from tain.recipes.explain.subject import Subject
from tain.recipes.mine.embedding import BackboneEmbedder
from tain.recipes.suspects.out_of_fold import out_of_fold


@dataclass
class Scores:
    """Rankings of the training texts, with their cost.

    Attributes:
        by: Scores of each ranking, shape (n_train,), higher is more suspect.
        estimate_s: Processor seconds of each estimator, gradients at hand.
        gradient_s: Processor seconds of the gradients of training and validation texts at one set of weights.
        gradient_bytes: What those of the training texts take.
        facts: The rest.
        last: Gradients of the trained model: the store, the validation means.
    """

    by: dict[str, Vector] = field(default_factory=dict)
    estimate_s: dict[str, float] = field(default_factory=dict)
    gradient_s: float = 0.0
    gradient_bytes: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    last: tuple[GradientStore, list[Vector]] | None = None


def score(subject: Subject, texts: CellTexts, folder: Path) -> Scores:
    """Score the training texts by every ranking.

    Args:
        subject: Trained on them.
        texts: Of the cell.
        folder: For gradients.
    """
    found = Scores()
    _by_gradients(found, subject, texts, folder)
    started = time.process_time()
    block = representation_block(subject, texts.train, texts.valid, is_quiet=True)
    found.by["representation"] = influence(build_estimator("representation"), [block])
    found.estimate_s["representation"] = time.process_time() - started
    started = time.process_time()
    found.by["loss"] = losses(subject, texts)
    found.estimate_s["loss"] = time.process_time() - started
    _by_plain_vectors(found, texts)
    return found


def losses(subject: Subject, texts: CellTexts) -> Vector:
    """The loss of each training text at the end of its own training."""
    logits = subject.classifier.logits(texts.train.rows, batch_tokens=512).astype(np.float64)
    own = logits[np.arange(len(logits)), texts.train.targets]
    return np.asarray(np.logaddexp.reduce(logits, axis=1) - own, dtype=np.float64)


def _by_gradients(found: Scores, subject: Subject, texts: CellTexts, folder: Path) -> None:
    kept, traced, tracin = [], np.zeros(len(texts.train)), build_estimator("tracin")
    for weights in visit(subject):
        started = time.process_time()
        gradients = Gradients(subject, weights.names, ProjectionSettings(), is_quiet=True)
        valid = gradients.mean(texts.valid, loss_sum(subject.classifier.method))
        store = gradients.store(texts.train, folder, weights_sha256=weights.sha256)
        found.gradient_s = time.process_time() - started
        kept.append(found.gradient_s)
        started = time.process_time()
        traced += influence(tracin, blocks_of(store, valid, rate=weights.rate, is_quiet=True))
        found.estimate_s["tracin"] = sum(kept[:-1]) + time.process_time() - started
        found.last, found.gradient_bytes, found.facts["way"] = (store, valid), store.n_bytes, gradients.way
    found.facts |= {"n_checkpoints": len(kept), "n_parameters": gradients.taker.n_parameters}
    assert found.last is not None, "a training has checkpoints"
    store, valid = found.last
    for kind in ESTIMATORS:
        started = time.process_time()
        found.by[kind] = influence(build_estimator(kind), blocks_of(store, valid, is_quiet=True))
        found.estimate_s[kind] = time.process_time() - started
    found.by["tracin"] = traced


def _by_plain_vectors(found: Scores, texts: CellTexts) -> None:
    evidence, found.estimate_s["combined"] = plain_evidence(texts)
    found.by |= {each.name: each.scores for each in evidence}
    found.by["combined"] = combine([*evidence, by_influence(found.by["datainf"])]).scores


@lru_cache(maxsize=3)
def plain_evidence(texts: CellTexts) -> tuple[tuple[Evidence, ...], float]:
    """What `tain suspects` says without any training, the same at every rank, and its processor seconds."""
    started, labels, names = time.process_time(), texts.train.targets, texts.labels.names
    states = BackboneEmbedder("minilm")(texts.plain)
    p = out_of_fold(states, labels, np.arange(len(labels)), names=names, seed=0)
    evidence = (by_confidence(p, labels, names=names), by_neighbours(states, labels, names=names))
    return evidence, time.process_time() - started


def blocks(store: GradientStore, valid: list[Vector]) -> list[tuple[NDArray[np.float32], Vector]]:
    """The gradients of each block in memory, beside the validation mean."""
    return [(np.array(store.rows(index)), vector) for index, vector in enumerate(valid)]

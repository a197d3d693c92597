"""Explanation: the influence of every training text on a validation loss, or on what was said of one text."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tain.analysis.gradients.taking import Objective
from tain.analysis.influence.blocks import Block, Vector
from tain.analysis.influence.estimator import Estimator, influence
from tain.analysis.influence.registry import build_estimator
from tain.core.example import Corpus
from tain.core.progress import hushed
from tain.recipes.explain.checkpoints import visit
from tain.recipes.explain.gradients import Gradients, ProjectionSettings, blocks_of, loss_sum
from tain.recipes.explain.representations import representation_block
from tain.recipes.explain.said import Said, against
from tain.recipes.explain.settings import ExplainSettings
from tain.recipes.explain.subject import Subject
from tain.recipes.explain.texts import Texts, labelled_texts
from tain.recipes.network_teacher import teacher_sha256

SLOW = (
    "Gradients are taken text by text: what this method trains acts on all texts of a batch at once, so that a batch "
    "does not tell them apart."
)


@dataclass(frozen=True)
class Explained:
    """The influence of training texts.

    Attributes:
        train: The training texts.
        influence: Of each, shape (n_train,). Above 0: more weight on it raises the validation loss, or speaks against
            what was said of the text. Below 0: it lowers the loss, or made the classifier say so.
        p_label: The probability that the trained network itself gives to each text's label, shape (n_train,).
        n_valid: Validation texts; 0 where a single text was asked about.
        said: What was said of a single text; None with validation texts.
        facts: Estimator, sizes and times, as JSON values.
    """

    train: Corpus
    influence: Vector
    p_label: NDArray[np.float64]
    n_valid: int
    said: Said | None
    facts: dict[str, Any]

    @property
    def order(self) -> NDArray[np.intp]:
        """Training texts by rank: what harms most first, or what made the classifier say so."""
        return np.argsort(self.influence if self.said else -self.influence, kind="stable")


def explain(
    subject: Subject,
    train: Corpus,
    asked: Corpus | Said,
    settings: ExplainSettings,
    *,
    gradients: Path | None = None,
    is_quiet: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Explained:
    """Score every training text.

    Args:
        subject: The trained classifier.
        train: What it was trained on, with its labels.
        asked: Validation texts, whose mean loss is looked at, or what was said of one text.
        settings: Estimator and projection.
        gradients: Folder that keeps gradients for the next time; None keeps none.
        is_quiet: No progress bars.
        tell: Told what is going on, a line at a time.

    Raises:
        ConfigError: If a setting is impossible, the disk has no room, or the estimator needs checkpoints.
        MethodError: If nothing of the network was trained.
    """
    estimator, started = build_estimator(settings.estimator, settings.options), time.perf_counter()
    texts = labelled_texts(train, subject)
    valid = asked.texts if isinstance(asked, Said) else labelled_texts(asked, subject)
    objective = against if isinstance(asked, Said) else loss_sum(subject.classifier.method)
    p_label = _p_label(subject, texts)
    with _folder(gradients) as folder:
        work = _Work(subject, texts, valid, objective, settings, folder, is_quiet=is_quiet, tell=tell)
        found = influence(estimator, work.blocks(estimator))
    facts: dict[str, Any] = {
        "estimator": estimator.kind,
        "settings": estimator.settings.model_dump(mode="json"),
        "projection": settings.projection,
        "seed": settings.seed,
        "method": subject.classifier.method.kind,
        "n_train": len(train),
        "n_valid": 0 if isinstance(asked, Said) else len(asked),
        **work.facts,
        "duration_s": round(time.perf_counter() - started, 3),
    }
    said = asked if isinstance(asked, Said) else None
    return Explained(train, found, p_label, facts["n_valid"], said, facts)


class _Work:
    """The blocks that an estimator asks for, made one after the other."""

    def __init__(
        self,
        subject: Subject,
        train: Texts,
        valid: Texts,
        objective: Objective,
        settings: ExplainSettings,
        folder: Path,
        *,
        is_quiet: bool,
        tell: Callable[[str], None],
    ) -> None:
        self.subject, self.train, self.valid, self.objective = subject, train, valid, objective
        self.projection = ProjectionSettings(settings.projection, settings.seed)
        self.folder, self.is_quiet, self.tell = folder, is_quiet, tell
        self.facts: dict[str, Any] = {"n_parameters": 0, "n_blocks": 0, "gradient_bytes": 0, "way": None}

    def blocks(self, estimator: Estimator[Any]) -> Iterator[Block]:
        ways = {
            "gradients": self._of_trained,
            "checkpoints": self._of_checkpoints,
            "representations": self._of_representations,
        }
        return ways[estimator.source]()

    def _of_trained(self) -> Iterator[Block]:
        few = self.train.few(256)
        rows = [self.train.rows[place] for place in few]
        with hushed(self.is_quiet):
            names = self.subject.trained_names(rows, self.train.targets[few].tolist())
        yield from self._at(names, weights_sha256=teacher_sha256(self.subject.folder))

    def _of_checkpoints(self) -> Iterator[Block]:
        for kept in visit(self.subject):
            self.tell(f"Checkpoint of step {kept.step:,}, at a sum of learning rates of {kept.rate:.3g}.")
            yield from self._at(kept.names, weights_sha256=kept.sha256, rate=kept.rate)

    def _of_representations(self) -> Iterator[Block]:
        block = representation_block(self.subject, self.train, self.valid, is_quiet=self.is_quiet)
        self._count(1, 0, block.train.nbytes)
        yield block

    def _at(self, names: list[str] | tuple[str, ...], *, weights_sha256: str, rate: float = 1.0) -> Iterator[Block]:
        gradients = Gradients(self.subject, names, self.projection, is_quiet=self.is_quiet)
        valid = gradients.mean(self.valid, self.objective)
        if gradients.way == "texts":
            self.tell(SLOW)
        store = gradients.store(self.train, self.folder, weights_sha256=weights_sha256)
        self._count(len(store.blocks), gradients.taker.n_parameters, store.n_bytes)
        self.facts["way"] = gradients.way
        yield from blocks_of(store, valid, rate=rate, is_quiet=self.is_quiet)

    def _count(self, n_blocks: int, n_parameters: int, n_bytes: int) -> None:
        self.facts["n_blocks"] += n_blocks
        self.facts["n_parameters"] = n_parameters
        self.facts["gradient_bytes"] += n_bytes


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="tain-gradients-") as folder:
        yield Path(folder)


def _p_label(subject: Subject, texts: Texts) -> NDArray[np.float64]:
    logits = subject.classifier.logits(texts.rows).astype(np.float64)
    shares = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    found: NDArray[np.float64] = shares[np.arange(len(texts)), texts.targets]
    return found

"""A trained network as teacher: its logits on every training text, as the student will read it.

Source: Hinton et al. 2015, arXiv:1503.02531; as the teacher of a LoRA student: KD-LoRA, arXiv:2410.20777. The teacher
has seen whatever it was trained on: train it on the same training files and seed, or what it knows of the validation
texts reaches the student.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import ConfigError
from tain.core.example import LabelSet
from tain.core.files import read_json, sha256_of
from tain.core.progress import Advance
from tain.detector.engines import CLASSIFIER
from tain.detector.folder import find_classifier


def teacher_folder(name: str) -> Path | None:
    """The Classifier folder of a teacher; None if the name is that of a classical model.

    Args:
        name: What `corpus.teacher` says.

    Raises:
        ConfigError: If it is a path without a finished model.
    """
    from tain.evaluation.baselines import BASELINES

    path = Path(name).expanduser()
    # A word that is neither is told of where classical models are built, with the nearest name.
    if name in BASELINES or (not path.exists() and len(path.parts) == 1):
        return None
    if (folder := find_classifier(path)) is None:
        state = "holds no trained model" if path.exists() else "is not there"
        raise ConfigError(
            f"corpus.teacher {name!r} {state}. Expected a finished Run, the model folder in one, or a classical model "
            "such as tfidf-logistic."
        )
    return folder


def teacher_sha256(folder: Path) -> str:
    """Hash of all files of a teacher, so that logits of another are never taken for its own.

    Args:
        folder: A Classifier's. A base that lies elsewhere is held against the kept probe texts when it is loaded.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    parts = [f"{file.relative_to(folder).as_posix()} {sha256_of(file)}" for file in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def require_same_labels(folder: Path, labels: LabelSet) -> None:
    """Return only if teacher and student choose from the same labels, in whatever order.

    Args:
        folder: The teacher's.
        labels: The student's.

    Raises:
        ConfigError: With both label sets.
    """
    names = read_json(folder / CLASSIFIER)["labels"]
    if set(names) != set(labels.names):
        raise ConfigError(
            f"corpus.teacher {folder} tells {', '.join(names)} apart, and the texts are {', '.join(labels.names)}. "
            "Teacher and student need the same labels: map them with corpus.label_map, or name another teacher."
        )


class NetworkTeacher:
    """A frozen Classifier that says what it thinks of texts, in the student's order of labels."""

    def __init__(self, folder: Path, labels: LabelSet) -> None:
        """Load it, adapter folded in, onto the accelerator if there is one.

        Args:
            folder: A Classifier's.
            labels: The student's.

        Raises:
            ConfigError: If its labels are others.
            DetectorError: If it does not answer as it did when it was saved.
        """
        from tain.training.classifier import load_classifier
        from tain.training.hardware import pick_device

        require_same_labels(folder, labels)
        self.classifier = load_classifier(folder).merge()
        self.classifier.model.to(pick_device())
        self._columns = [self.classifier.labels.index(name) for name in labels.names]

    def logits(self, texts: Sequence[str], *, advance: Advance | None = None) -> NDArray[np.float32]:
        """What it answers to each text, cut where its network ends.

        Args:
            texts: As the student reads them.
            advance: Told the number of texts done.

        Returns:
            Shape (n_texts, n_labels), columns in the student's order.
        """
        backbone = self.classifier.backbone
        rows = backbone.tokenizer(list(texts), truncation=True, max_length=backbone.max_tokens)["input_ids"]
        return self.classifier.logits(rows, advance=advance)[:, self._columns]

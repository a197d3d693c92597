"""The classifier that is explained: as it was trained, with the way from a text to what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tain.core.errors import ConfigError, DetectorError
from tain.core.example import DETECTION, LabelSet
from tain.corpora.labels import DETECTION_MAP, LabelMap, parse_label_map
from tain.corpora.normalise import LATEST, Normaliser, get_normaliser
from tain.detector.folder import find_classifier, find_detector, read_settings
from tain.methods import build_method
from tain.methods.method import trainable
from tain.models import TokenIds, load_backbone
from tain.training.classifier import Classifier, load_classifier
from tain.training.hardware import pick_device


@dataclass(frozen=True)
class Subject:
    """What is explained.

    Attributes:
        folder: Of the Classifier, or of the detector that holds it.
        is_detector: Whether the folder is a detector's, with operating points.
        classifier: On the accelerator if there is one, adapter not folded in.
        normaliser: That its texts go through.
    """

    folder: Path
    is_detector: bool
    classifier: Classifier
    normaliser: Normaliser

    @property
    def labels(self) -> LabelSet:
        """The classes, in the order of the logits."""
        return self.classifier.labels

    def token_rows(self, texts: Sequence[str]) -> list[list[int]]:
        """What the network reads of each text: normalised, and cut where the longest text of its training ended."""
        rows = self.classifier.token_ids([self.normaliser.normalise(text).text for text in texts])
        limit = self.classifier.max_tokens
        # The last token closes the input, and stays when the middle goes.
        return [row if len(row) <= limit else [*row[: limit - 1], row[-1]] for row in rows]

    def trained_names(self, rows: Sequence[TokenIds], targets: Sequence[int]) -> list[str]:
        """The parameters that its method trains, by dotted name.

        A loaded network does not say which they were, so the method is asked again, on a fresh backbone.

        Args:
            rows: Some training texts, for methods that look at texts first.
            targets: Class index of each.
        """
        backbone, method = self.classifier.backbone, self.classifier.method
        fresh = load_backbone(backbone.name, backbone.labels, pooling=backbone.pooling)
        again = build_method({"kind": method.kind, **method.config.model_dump(mode="json")})
        again.make_room(fresh)
        again.look_at(fresh, rows, targets)
        return list(trainable(again.prepare(fresh, seed=0)))


def load_subject(path: str | Path) -> Subject:
    """The classifier of a Run, its model folder, or a detector's folder.

    Raises:
        DetectorError: If there is none, or it does not answer as it did when it was saved.
    """
    folder, is_detector = find_subject(Path(path))
    # Reading it checks every file of a detector against its hash.
    version = read_settings(folder).normaliser if is_detector else LATEST
    classifier = load_classifier(folder)
    classifier.model.to(pick_device())
    return Subject(folder, is_detector, classifier, get_normaliser(version))


def find_subject(path: Path) -> tuple[Path, bool]:
    """The folder that a path names, and whether it is a detector's.

    Raises:
        DetectorError: If there is neither a classifier nor a detector.
    """
    if (found := find_classifier(path)) is not None:
        return found, False
    try:
        return find_detector(path), True
    except DetectorError as error:
        raise DetectorError(
            f"{path}: there is nothing to explain. Expected a Run, its `model` folder or a detector's folder. {error}"
        ) from error


def label_map_for(labels: LabelSet, pairs: Sequence[str]) -> LabelMap:
    """What raw labels of the texts mean to a classifier.

    Args:
        labels: The classifier's.
        pairs: Of `--label-map`; none takes the usual words for human and ai, or the classifier's own names.

    Raises:
        ConfigError: If they lead to other labels than the classifier's.
    """
    is_detection = labels == DETECTION
    if not pairs:
        return DETECTION_MAP if is_detection else LabelMap(labels)
    found = parse_label_map(pairs, base=DETECTION_MAP if is_detection else LabelMap(labels))
    if set(found.labels.names) != set(labels.names):
        raise ConfigError(
            f"--label-map leads to {', '.join(found.labels.names)}, and the classifier tells {', '.join(labels.names)} "
            "apart. Map every raw label to one of those, or to nothing (raw=) to leave its rows out."
        )
    return found

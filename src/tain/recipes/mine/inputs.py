"""The hashes of everything a mining reads, so that it goes on with the same."""

from __future__ import annotations

from pathlib import Path

from tain.core.errors import DetectorError
from tain.core.files import sha256_of
from tain.corpora.hub import hub_revision
from tain.corpora.places import find_places
from tain.detector.folder import find_classifier, find_detector
from tain.recipes.mine.configuration import MineSettings
from tain.recipes.tokenised import UNKNOWN_REVISION


def hash_inputs(settings: MineSettings) -> dict[str, str]:
    """The sha256 of every file that is read, by path; of a Hub data set its commit.

    Args:
        settings: Name the files.

    Raises:
        DataError: If a file is not there.
        DetectorError: If the model to start from is none.
    """
    corpus, mining = settings.run.corpus, settings.mining
    influence = (mining.influence_file,) if mining.influence_file else ()
    named = (*corpus.train, *corpus.valid, *corpus.unlabelled, *corpus.ngram_train, *mining.pool, *mining.valid_ai)
    named += (*mining.mirror_files, *mining.labelled, *mining.guard)
    hashes = {
        place.name: sha256_of(place.path) if place.path else hub_revision(place.name) or UNKNOWN_REVISION
        for place in find_places([*named, *influence], labels=None)
    }
    return hashes | (_model_hashes(Path(mining.model)) if mining.model else {})


def find_start(model: Path) -> Path:
    """The folder of the network to start from: of a detector, or of a Classifier that has no operating points yet.

    Args:
        model: Run, classifier or detector.

    Raises:
        DetectorError: If it is none of them.
    """
    try:
        return find_detector(model)
    except DetectorError:
        if (found := find_classifier(model)) is None:
            raise
        return found


def _model_hashes(model: Path) -> dict[str, str]:
    return {str(file): sha256_of(file) for file in sorted(find_start(model).glob("*.safetensors"))}

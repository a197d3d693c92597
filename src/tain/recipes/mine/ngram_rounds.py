"""A round that leaves the network as it is and fits the n-grams beside it anew: minutes in place of an hour."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tain.core.cache import cache_folder
from tain.core.errors import ConfigError
from tain.core.files import whole_folder
from tain.detector import Detector
from tain.detector.ngrams import NGRAMS, read_ngrams, write_ngrams
from tain.detector.seen import SEEN, Seen, read_seen, write_seen
from tain.models import load_backbone
from tain.recipes.configuration import RunConfig
from tain.recipes.mine.configuration import MineSettings
from tain.recipes.mine.inputs import find_start
from tain.recipes.reading import label_set
from tain.recipes.tokenised import tokenise


def refit(first: Detector, config: RunConfig, added: Sequence[Path], model: Path, *, is_quiet: bool = False) -> Path:
    """A Classifier with the network of one detector, and n-grams that have also learned from further texts.

    The n-grams are those that a training with these texts as `corpus.ngram_train` would fit.

    Args:
        first: Saved; its network stays as it is.
        config: Of the training; its texts teach the n-grams too.
        added: Parquet files of mined texts and their mirrors.
        model: The folder to make; one that is there is used as it is.
        is_quiet: No progress bars.
    """
    if model.is_dir():
        return model
    further = (*config.corpus.ngram_train, *(str(file.resolve()) for file in added))
    # Tokens and what a teacher says are for a network, which learns nothing here.
    own = {"ngram_train": further, "n_views": 1, "teacher": None, "unlabelled": ()}
    corpus = config.corpus.model_copy(update=own)
    backbone = load_backbone(config.base, label_set(corpus), pooling=config.pooling, seed=config.seed)
    found = tokenise(corpus, backbone, cache=cache_folder("tokens"), seed=config.seed, is_quiet=is_quiet)
    assert found.ngrams is not None, "corpus.ngram_share is not 0"
    source = first.reader.folder
    with whole_folder(model) as part:
        for name in first.settings.classifier:
            if name != NGRAMS:
                shutil.copyfile(source / name, part / name)
        write_ngrams(part / NGRAMS, found.ngrams)
        write_seen(part / SEEN, _both(read_seen(source), found.seen))
    return model


def _both(first: Seen, second: Seen) -> Seen:
    # Of a network whose texts nobody noted, those of the n-grams would be no more than a part.
    if first.training is None or second.training is None:
        return Seen()
    return Seen(training=np.union1d(first.training, second.training))


def require_ngrams(settings: MineSettings) -> None:
    """Return only if rounds have n-grams to fit anew.

    Args:
        settings: Of the mining.

    Raises:
        ConfigError: If the settings ask for none, or the model to start from has none, or gives them another share.
        DetectorError: If there is no such model.
    """
    share, model = settings.run.corpus.ngram_share, settings.mining.model
    if not share:
        raise ConfigError(
            "mining.learns is 'ngrams', and corpus.ngram_share is 0, so that there are none. Set it, to 3 as the "
            "detector that ships has it, or leave mining.learns out."
        )
    if model is None:
        return
    ngrams = read_ngrams(find_start(Path(model)))
    if ngrams is None:
        raise ConfigError(
            f"mining.learns is 'ngrams', and the model to start from, {model}, has none. Train one with "
            "corpus.ngram_share, or leave mining.learns out."
        )
    if not np.isclose(ngrams.share, share):
        raise ConfigError(
            f"corpus.ngram_share is {share:g}, and {ngrams.share:g} in the model to start from, {model}. Set it so."
        )

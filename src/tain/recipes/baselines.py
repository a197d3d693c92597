"""Classical detectors on the texts of a test: trained on named texts, which are cut as a detector's own are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from tain.core.example import Corpus
from tain.core.progress import progress
from tain.evaluation.baselines import BASELINES, Classical, baseline_names, build_baseline
from tain.evaluation.samples import Floats
from tain.recipes.baseline_texts import AS_TRAINED, cut_for_training, plain, without_known
from tain.recipes.configuration import CorpusConfig

Tell = Callable[[str], None]


def fit_and_score(
    names: Sequence[str],
    train: Corpus,
    texts: Sequence[str],
    *,
    seed: int = 0,
    cuts: CorpusConfig = AS_TRAINED,
    is_quiet: bool = False,
    tell: Tell = lambda line: None,
) -> dict[str, Floats]:
    """The scores of each classical detector by name, shape (n,), higher means AI.

    Args:
        names: In `BASELINES` or `SETS`.
        train: Labelled human and ai; normalised and cut here, as the training of a detector does it. Texts that are to
            be scored are left out.
        texts: n of them, as read; normalised here and ended at their last whole sentence, but not cut otherwise.
        seed: Of the cuts and of what the detectors draw.
        cuts: How training texts are normalised and cut.
        is_quiet: No progress bar.
        tell: Told what the reader of the scores should know, a line at a time.

    Raises:
        ConfigError: If there is no detector of a name.
        DataError: If every training text is to be scored.
        MetricError: If a class is absent from the training texts that are not.
    """
    members = baseline_names(names)
    unknown = without_known(train, texts)
    kept, passages = cut_for_training(unknown, seed=seed, cuts=cuts)
    if n_known := len(train) - len(unknown):
        tell(f"Left out: {n_known:,} of {len(train):,} training texts of the baselines, which are to be scored.")
    if n_short := len(unknown) - len(kept):
        tell(f"Left out: {n_short:,} of {len(train):,} training texts of the baselines, under {cuts.min_words} words.")
    unseen = plain(texts, normaliser=cuts.normaliser, min_words=cuts.min_words)
    found: dict[str, Floats] = {}
    with progress("fitting baselines", len(members), unit="baselines", is_quiet=is_quiet) as advance:
        for group in _by_features(members):
            _fit_group(group, kept, passages, seed=seed)
            rows = group[0].features.transform(unseen) if unseen else None
            for baseline in group:
                found[baseline.name] = baseline.score_rows(rows) if rows is not None else np.empty(0)
                for note in baseline.notes:
                    tell(note)
                advance(1)
    return {name: found[name] for name in members}


def _by_features(names: Sequence[str]) -> list[list[Classical]]:
    groups: defaultdict[str, list[Classical]] = defaultdict(list)
    for name in names:
        groups[BASELINES[name][0]].append(build_baseline(name))
    return list(groups.values())


def _fit_group(baselines: Sequence[Classical], train: Corpus, passages: Sequence[str], *, seed: int) -> None:
    # The features take longer than most of the classifiers, so those that share them share the work.
    labels = [train.labels.index(str(example.label)) for example in train]
    groups = [example.group or example.id for example in train]
    rows = baselines[0].features.fit_transform(passages, seed=seed)
    for baseline in baselines:
        baseline.fit_rows(rows, np.array(labels, dtype=np.intp), seed=seed, groups=groups)

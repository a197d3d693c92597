"""How each kind of contestant turns one held-out part into scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tain.core.example import Corpus, Example
from tain.core.files import whole_file
from tain.core.progress import progress
from tain.corpora.excerpts import training_excerpt
from tain.evaluation.voting import decide, majority_vote
from tain.recipes.studies.configuration import Contestant, StudyTexts
from tain.recipes.studies.held_out import HeldOut

Floats = NDArray[np.float64]
TRAINING_FILE = "train.parquet"
RUN = "run"


@dataclass(frozen=True)
class Scores:
    """What a contestant says of the texts of a part; higher means AI.

    Attributes:
        calibration: Of the human calibration texts.
        tests: By corpus, in the order of its texts.
    """

    calibration: Floats
    tests: dict[str, Floats]


def run_contestant(
    contestant: Contestant, part: HeldOut, texts: StudyTexts, *, seed: int, folder: Path, is_quiet: bool = False
) -> Scores:
    """Train on the part and score its calibration and test texts.

    Args:
        contestant: A classical model or a Run; votes are counted afterwards.
        part: The texts.
        texts: How training texts are cut.
        seed: Of what the contestant draws.
        folder: Where a Run keeps its checkpoints; resumed when it is there.
        is_quiet: No progress bars.
    """
    if contestant.baseline is not None:
        return _run_baseline(contestant.baseline, part, texts, seed=seed)
    return _run_method(contestant, part, texts, seed=seed, folder=folder, is_quiet=is_quiet)


def _run_baseline(name: str, part: HeldOut, texts: StudyTexts, *, seed: int) -> Scores:
    from tain.evaluation.baselines import build_baseline

    low, high = texts.cut_low, texts.cut_high
    # What a Run of the same seed trains on, so that every contestant learns from the same words.
    cut = [training_excerpt(example.text, example.id, seed=seed, low=low, high=high) for example in part.train]
    is_ai = np.array([example.label == "ai" for example in part.train])
    model = build_baseline(name).fit(cut, is_ai, seed=seed)
    calibration = np.asarray(model.score(part.human_calibration), dtype=np.float64)
    tests = {name: np.asarray(model.score(corpus.texts), dtype=np.float64) for name, corpus in part.tests.items()}
    return Scores(calibration, tests)


def _run_method(
    contestant: Contestant, part: HeldOut, texts: StudyTexts, *, seed: int, folder: Path, is_quiet: bool
) -> Scores:
    from tain.corpora.normalise import LATEST
    from tain.detector.reader import Reader, default_window_tokens
    from tain.recipes.train import train

    folder.mkdir(parents=True, exist_ok=True)
    write_texts(part.train, folder / TRAINING_FILE)
    run = train(_run_config(contestant, texts, folder, seed=seed), folder / RUN, is_resumed=True, is_quiet=is_quiet)
    model = run.folder.model
    reader = Reader(model, normaliser=LATEST, window_tokens=default_window_tokens(model), min_words=1)
    scored = [part.human_calibration, *(corpus.texts for corpus in part.tests.values())]
    with progress("scoring", sum(map(len, scored)), is_quiet=is_quiet) as advance:
        calibration, *tests = (reader.score_known(own, advance=advance).scores.astype(np.float64) for own in scored)
    return Scores(calibration, dict(zip(part.tests, tests, strict=True)))


def _run_config(contestant: Contestant, texts: StudyTexts, folder: Path, *, seed: int) -> Any:  # noqa: ANN401
    from tain.recipes.configuration import CorpusConfig, RunConfig

    return RunConfig(
        name=f"{folder.name}",
        base=contestant.base,
        pooling=contestant.pooling,
        seed=seed,
        corpus=CorpusConfig(
            train=(str(folder / TRAINING_FILE),),
            min_words=texts.min_words,
            cut_low=texts.cut_low,
            cut_high=texts.cut_high,
            n_views=1,
        ),
        method=contestant.method or {},
        training=contestant.training,
    )


def write_texts(corpus: Corpus, path: Path) -> None:
    """The texts as Parquet, whole or not at all; a file that says the same is left alone."""
    rows = [_row(example) for example in corpus]
    frame = pl.DataFrame(rows)
    if path.is_file() and pl.read_parquet(path).equals(frame):
        return
    with whole_file(path) as target:
        frame.write_parquet(target)


def _row(example: Example) -> dict[str, str | None]:
    names = ("id", "text", "label", "group", "source")
    return {name: getattr(example, name) for name in names} | {"domain": example.source}


def vote(voters: Sequence[Scores], thresholds: Sequence[float]) -> Scores:
    """The share of voters who flag each text, each at its own threshold; above one half is AI, and a tie is human."""

    def share(columns: Sequence[Floats]) -> Floats:
        pairs = zip(columns, thresholds, strict=True)
        return majority_vote([decide(column, threshold=threshold) for column, threshold in pairs]).scores

    calibration = share([voter.calibration for voter in voters])
    return Scores(calibration, {name: share([voter.tests[name] for voter in voters]) for name in voters[0].tests})

"""Detectors that a Report sets beside ours without anybody having made them: classical ones and zero-shot scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tain.core.errors import ConfigError, DataError
from tain.core.example import Corpus
from tain.evaluation.comparison import Rival
from tain.evaluation.overlap import overlap, text_hashes
from tain.evaluation.thresholds import TARGET_FPRS, fit_threshold, shortage, supports
from tain.recipes.rivals import Against

if TYPE_CHECKING:
    from tain.evaluation.samples import Floats

Tell = Callable[[str], None]
ReadCorpus = Callable[[tuple[str, ...]], Corpus]


@dataclass(frozen=True, slots=True)
class OtherDetectors:
    """Which of them a Report is to have.

    Attributes:
        baselines: Names of classical detectors, or of sets of them.
        baseline_train: Files that they are trained on.
        zero_shot: Preset, folder or Hub id of a causal language model; None for no zero-shot scores.
        zero_shot_reference: Of the second model of Fast-DetectGPT and Binoculars; None takes the first.
        calibration: Files whose human texts set thresholds for all of them; none leaves them without.
    """

    baselines: tuple[str, ...] = ()
    baseline_train: tuple[str, ...] = ()
    zero_shot: str | None = None
    zero_shot_reference: str | None = None
    calibration: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse halves of what is needed, and names that are none."""
        if bool(self.baselines) != bool(self.baseline_train):
            given, missing = ("--baseline", "--baseline-train")[:: 1 if self.baselines else -1]
            raise ConfigError(f"{given} is given without {missing}. Name the baselines and the texts they learn from.")
        if self.zero_shot_reference and not self.zero_shot:
            raise ConfigError("--zero-shot-reference is the second of two models. Name the first with --zero-shot.")
        if self.calibration and not self:
            raise ConfigError("--human-calibration sets thresholds of baselines and zero-shot scores. Name some.")
        if self.baselines:
            from tain.evaluation.baselines import baseline_names

            baseline_names(self.baselines)

    def __bool__(self) -> bool:
        """Whether any is asked for."""
        return bool(self.baselines or self.zero_shot)


def score_others(
    others: OtherDetectors,
    corpus: Corpus,
    *,
    read: ReadCorpus,
    target_fprs: Sequence[float] = TARGET_FPRS,
    seed: int = 0,
    is_quiet: bool = False,
    tell: Tell = lambda line: None,
) -> list[Against]:
    """The answers of each to the texts of a corpus, with operating points where there are texts to set them.

    Args:
        others: Which.
        corpus: The test.
        read: From files to labelled texts.
        target_fprs: That thresholds are set for, as far as the calibration texts support them.
        seed: Of the baselines.
        is_quiet: No progress bars.
        tell: Told what the reader of the numbers should know, a line at a time.

    Raises:
        ConfigError: If a model is no causal one, or two cut a text into different tokens.
        DataError: If a training file cannot be used.
        DetectorError: If a model cannot be loaded.
        MetricError: If the training texts are all of one class.
    """
    calibration = _calibration_texts(others, corpus, read, tell) if others.calibration else []
    texts = [*corpus.texts, *calibration]
    found = _baselines(others, texts, read, seed, is_quiet, tell) if others.baselines else []
    found += _zero_shot(others, texts, is_quiet, tell) if others.zero_shot else []
    return [_calibrated(each, n_test=len(corpus), target_fprs=target_fprs) for each in found] if calibration else found


def _calibration_texts(others: OtherDetectors, corpus: Corpus, read: ReadCorpus, tell: Tell) -> list[str]:
    human = [example.text for example in read(others.calibration) if example.label == "human"]
    known = set(overlap(human, text_hashes(corpus.texts)).positions)
    if known:
        tell(f"Left out: {len(known):,} of {len(human):,} texts of --human-calibration, which are in the test.")
    if reason := shortage(len(human) - len(known), max(TARGET_FPRS)):
        raise DataError(f"--human-calibration can set no threshold. {reason}")
    return [text for place, text in enumerate(human) if place not in known]


def _calibrated(against: Against, *, n_test: int, target_fprs: Sequence[float]) -> Against:
    rival = against.rival
    human = rival.scores[n_test:]
    human = human[~np.isnan(human)]
    thresholds = {t: fit_threshold(human, target_fpr=t) for t in target_fprs if supports(human.size, t)}
    source = {**against.source, "calibration texts": int(human.size)}
    return replace(against, rival=Rival(rival.name, rival.scores[:n_test], thresholds), source=source)


def _baselines(
    others: OtherDetectors, texts: Sequence[str], read: ReadCorpus, seed: int, is_quiet: bool, tell: Tell
) -> list[Against]:
    from tain.evaluation.baselines import build_baseline
    from tain.recipes.baselines import fit_and_score

    train = read(others.baseline_train)
    scores = fit_and_score(others.baselines, train, texts, seed=seed, is_quiet=is_quiet, tell=tell)
    made_from = {"training texts": len(train), "training texts sha256": train.sha256, "seed": seed}
    return [
        _against(build_baseline(name).title, values, {"baseline": name, **made_from}) for name, values in scores.items()
    ]


def _zero_shot(others: OtherDetectors, texts: Sequence[str], is_quiet: bool, tell: Tell) -> list[Against]:
    from tain.recipes.zero_shot import score_zero_shot

    assert others.zero_shot, "asked for"
    reference = others.zero_shot_reference
    scores = score_zero_shot(texts, model=others.zero_shot, reference=reference, is_quiet=is_quiet, tell=tell)
    models = {"model": others.zero_shot} | ({"reference": reference} if reference else {})
    return [_against(f"zero-shot {name}", values, {"zero-shot": name, **models}) for name, values in scores.items()]


def _against(name: str, scores: Floats, made_from: Mapping[str, object]) -> Against:
    return Against(Rival(name, scores, {}), {"name": name, **made_from})

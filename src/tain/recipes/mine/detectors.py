"""From texts to a detector: train from the base, calibrate on human texts that trained nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tain.core.errors import DataError, DetectorError
from tain.detector import Detector
from tain.detector.folder import DETECTOR, RUN_DETECTOR, RUN_MODEL, find_classifier, find_detector
from tain.detector.settings import MIN_WORDS, About, DataSource
from tain.evaluation.thresholds import TARGET_FPRS
from tain.mining.control import CALIBRATION
from tain.recipes.configuration import RunConfig
from tain.recipes.mine.configuration import MineSettings
from tain.recipes.mine.ngram_rounds import refit
from tain.recipes.mine.texts import FURTHER, TRAIN, VALID, PreparedTexts
from tain.recipes.train import train

RUN = "run"
RECIPE = "tain mine, with the settings in mining.json"
LIMITS = ("What it says is evidence, never a verdict on a person.",)


@dataclass(frozen=True)
class DetectorMaker:
    """Trains and calibrates; what a folder holds already is loaded.

    Attributes:
        settings: Of the mining.
        texts: Prepared.
        threads: Every training computes with.
        is_quiet: No progress bars.
        tell: Told what is going on.
    """

    settings: MineSettings
    texts: PreparedTexts
    threads: int
    is_quiet: bool
    tell: Callable[[str], None]

    def train(self, folder: Path, added: Sequence[Path]) -> Detector:
        """The detector trained from the base on the texts of the start and these.

        Args:
            folder: Gets `run/` and `detector/`.
            added: Parquet files of mined texts and their mirrors.
        """
        if (folder / RUN_DETECTOR / DETECTOR).is_file():
            return Detector.load(folder / RUN_DETECTOR)
        config = self._config(added)
        run = train(config, folder / RUN, is_resumed=True, is_quiet=self.is_quiet, tell=self.tell)
        return self._built(run.folder.model, is_first=not added).save(folder / RUN_DETECTOR)

    def refit(self, first: Detector, folder: Path, added: Sequence[Path]) -> Detector:
        """The detector of the first round with n-grams that have learned from these texts as well.

        Args:
            first: Saved.
            folder: Gets `model/` and `detector/`.
            added: Parquet files of mined texts and their mirrors.
        """
        if (folder / RUN_DETECTOR / DETECTOR).is_file():
            return Detector.load(folder / RUN_DETECTOR)
        model = refit(first, self._config(()), added, folder / RUN_MODEL, is_quiet=self.is_quiet)
        return self._built(model, is_first=False, like=first).save(folder / RUN_DETECTOR)

    def start_from(self, model: Path, folder: Path) -> Detector:
        """A detector that was trained before, calibrated on the same texts as all others.

        Args:
            model: Run, classifier or detector.
            folder: Gets `detector/`.

        Raises:
            DetectorError: If it is none of them.
        """
        if (folder / RUN_DETECTOR / DETECTOR).is_file():
            return Detector.load(folder / RUN_DETECTOR)
        try:
            known = Detector.load(find_detector(model))
        except DetectorError:
            if (classifier := find_classifier(model)) is None:
                raise
            return self._built(classifier, is_first=True).save(folder / RUN_DETECTOR)
        human, ai = self._calibration_texts()
        return known.calibrate(human, ai=ai, target_fpr=self.settings.mining.target_fpr).save(folder / RUN_DETECTOR)

    def _built(self, classifier: Path, *, is_first: bool, like: Detector | None = None) -> Detector:
        human, ai = self._calibration_texts()
        try:
            return self._build(classifier, human, ai, like)
        except DataError:
            # AI texts that do not score higher are a mistake of the user before the first round, and of the round after
            # it: that will be reverted, for which no probabilities are needed.
            if is_first:
                raise
            return self._build(classifier, human, [], like)

    def _build(self, classifier: Path, human: Sequence[str], ai: Sequence[str], like: Detector | None) -> Detector:
        mining = self.settings.mining
        return Detector.build(
            classifier,
            human=human,
            ai=ai,
            about=self._about(),
            window_tokens=like.settings.window_tokens if like else None,
            min_words=like.settings.min_words if like else MIN_WORDS,
            normaliser=self.settings.run.corpus.normaliser,
            targets=(*TARGET_FPRS, mining.floor_fpr),
            default_fpr=mining.target_fpr,
        )

    def _calibration_texts(self) -> tuple[list[str], list[str]]:
        human = [example.text for example in self.texts.held[CALIBRATION]]
        return human, [example.text for example in self.texts.valid_ai]

    def _config(self, added: Sequence[Path]) -> RunConfig:
        run = self.settings.run
        further = {name: self.texts.file(name) for name in FURTHER}
        corpus = run.corpus.model_copy(
            update={
                **{name: (str(file.resolve()),) for name, file in further.items() if file.is_file()},
                "train": tuple(str(path.resolve()) for path in (self.texts.file(TRAIN), *added)),
                "valid": (str(self.texts.file(VALID).resolve()),),
                "max_per_domain": None,  # has been applied, and mined texts have a cap of their own
                "label_map": (),
                "on_bad": "stop",
                **{f"{name}_column": None for name in ("text", "label", "id", "group", "domain")},
            }
        )
        training = run.training.model_copy(update={"threads": self.threads})
        return run.model_copy(update={"corpus": corpus, "training": training})

    def _about(self) -> About:
        counts = self.texts.counts
        source = DataSource(
            name=", ".join(Path(name).name for name in self.settings.run.corpus.train),
            note=f"{counts[TRAIN]:,} texts to begin with; what was mined is in the ledger.",
        )
        pool = DataSource(
            name=", ".join(Path(name).name for name in self.settings.mining.pool), use="mining and calibration"
        )
        return About(name=self.settings.run.name, data=(source, pool), recipe=RECIPE, limits=LIMITS)

"""What a user loads, asks, calibrates, saves and shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from tain.core.errors import DetectorError
from tain.core.files import read_json
from tain.core.progress import Advance
from tain.corpora.normalise import LATEST
from tain.detector.calibration import EVEN_ODDS, Calibration, fit_calibration, require_support, with_prior
from tain.detector.folder import (
    REPORT,
    classifier_files,
    find_detector,
    hashes,
    read_calibration,
    read_settings,
    write_folder,
)
from tain.detector.reader import BATCH_TOKENS, Reader, default_window_tokens
from tain.detector.reading import Reading
from tain.detector.seen import UNKNOWN, Seen, read_seen
from tain.detector.settings import MIN_WORDS, About, ProbabilityMap, Settings, Summary
from tain.detector.verdict import Evidence, Label, ModelId, Verdict, WindowScore, evidence
from tain.detector.warning import warnings_for
from tain.evaluation.overlap import Hashes
from tain.evaluation.thresholds import DEFAULT_FPR, TARGET_FPRS, OperatingPoint

NO_PROBABILITY = "The detector was calibrated with human texts only. Give AI texts too: tain calibrate --ai FILE."
JsonObject: TypeAlias = Mapping[str, object]


@dataclass(frozen=True)
class Detector:
    """A Classifier with its normaliser, windows, calibration and operating points.

    Attributes:
        reader: From texts to scores.
        settings: What `detector.json` says.
        calibration: From scores to labels, probabilities and evidence.
        report: How it was measured, as JSON; None when no Report came with it.
        seen: Hashes of the texts that it was made from, where they are known.
    """

    reader: Reader
    settings: Settings
    calibration: Calibration
    report: JsonObject | None = None
    seen: Seen = UNKNOWN

    @classmethod
    def load(cls, path: str | Path | None = None) -> Detector:
        """A saved detector.

        Args:
            path: Its folder, or a Run with a `detector` in it; None means the one that ships with tain.

        Raises:
            DetectorError: If the folder is no detector, or a file in it is not as it was saved.
        """
        folder = find_detector(path)
        settings = read_settings(folder)
        report = read_json(folder / REPORT) if REPORT in settings.files else None
        return cls(_reader(folder, settings), settings, read_calibration(folder, settings), report, read_seen(folder))

    @classmethod
    def build(
        cls,
        classifier: Path,
        *,
        human: Sequence[str],
        ai: Sequence[str] = (),
        about: About | None = None,
        window_tokens: int | None = None,
        normaliser: int = LATEST,
        min_words: int = MIN_WORDS,
        targets: Iterable[float] = TARGET_FPRS,
        default_fpr: float | None = None,
        advance: Advance | None = None,
    ) -> Detector:
        """A detector from a trained Classifier and texts that it was not trained on.

        Args:
            classifier: Folder that `save_classifier` wrote.
            human: Texts by people, for the operating points.
            ai: Texts by language models, for probabilities; none means that there will be no probabilities.
            about: For the model card.
            window_tokens: Most tokens read at once; None takes 256, or less where the network reads less.
            normaliser: Version of the text normaliser that training used.
            min_words: Texts with fewer get no score.
            targets: False positive rates of the operating points.
            default_fpr: Target used where none is asked for; None takes 1%, or the strictest that is supported.
            advance: Told the number of texts scored.

        Raises:
            DetectorError: If the folder is no Classifier for detection.
            DataError: If the texts do not support any target.
        """
        tokens = window_tokens or default_window_tokens(classifier)
        reader = Reader(classifier, normaliser=normaliser, window_tokens=tokens, min_words=min_words)
        calibration, numbers = _calibrate(reader, human, ai, targets=_with(targets, default_fpr), advance=advance)
        settings = Settings(
            normaliser=normaliser,
            window_tokens=tokens,
            min_words=min_words,
            default_fpr=_default_fpr(calibration, default_fpr),
            calibration=calibration.record,
            about=about or About(),
            classifier=hashes(classifier, classifier_files(classifier)),
        )
        return cls(reader, settings, calibration, seen=read_seen(classifier).calibrated(numbers))

    def check(self, text: str, *, target_fpr: float | None = None, prior: float | None = None) -> Verdict:
        """The verdict on one text, with the score of each window and where it lies in the text.

        Args:
            text: As it was written; nothing has to be cleaned.
            target_fpr: False positive rate of the operating point; None takes the detector's default.
            prior: Share of AI texts among those that are checked; None takes one half.

        Raises:
            ConfigError: If the human calibration texts do not support the target, or the prior is no share.
            DataError: If the text is longer than 5 million characters.
        """
        point, share = self.point(target_fpr), _checked_prior(prior)  # a wrong one is told before the text is read
        reading = next(iter(self.reader.read([text])))
        return self._verdict(reading, point, share, has_windows=True)

    def score(
        self,
        texts: Sequence[str],
        *,
        target_fpr: float | None = None,
        prior: float | None = None,
        batch_tokens: int = BATCH_TOKENS,
        advance: Advance | None = None,
    ) -> list[Verdict]:
        """The verdicts on many texts, in order and without their windows. Scores are those of `check`.

        Args:
            texts: As they were written.
            target_fpr: As in `check`.
            prior: As in `check`.
            batch_tokens: Padded tokens in one pass of the network: memory against speed; no score depends on it.
            advance: Told the number of texts done.

        Raises:
            ConfigError: As in `check`.
            DataError: As in `check`.
        """
        point, share = self.point(target_fpr), _checked_prior(prior)
        readings = self.reader.read(texts, batch_tokens=batch_tokens, advance=advance)
        return [self._verdict(reading, point, share, has_windows=False) for reading in readings]

    def verdict(
        self, reading: Reading, *, target_fpr: float | None = None, prior: float | None = None, has_windows: bool = True
    ) -> Verdict:
        """The verdict on a text that its reader has read already, as `check` gives it.

        Args:
            reading: Of this detector's reader.
            target_fpr: As in `check`.
            prior: As in `check`.
            has_windows: Whether windows are listed.

        Raises:
            ConfigError: As in `check`.
        """
        return self._verdict(reading, self.point(target_fpr), _checked_prior(prior), has_windows=has_windows)

    def calibrate(
        self,
        human: Sequence[str],
        *,
        ai: Sequence[str] = (),
        target_fpr: float | None = None,
        advance: Advance | None = None,
    ) -> Detector:
        """The same detector with operating points for other texts. No weight changes; 300 texts are enough for 1%.

        Args:
            human: Texts by people, like those that will be checked.
            ai: Texts by language models; without them probabilities stay as they were.
            target_fpr: Becomes the default operating point; None keeps the default where it is supported.
            advance: Told the number of texts scored.

        Raises:
            ConfigError: If the human texts are too few for the target.
            DataError: If they are too few for any target.
        """
        calibration, numbers = _calibrate(
            self.reader,
            human,
            ai,
            targets=_with(TARGET_FPRS, target_fpr),
            earlier=self.calibration.record.probability,
            advance=advance,
        )
        if target_fpr is not None:
            require_support(calibration.record.n_human, target_fpr)
        wanted = target_fpr if target_fpr is not None else self.settings.default_fpr
        settings = self.settings.changed(
            calibration=calibration.record,
            default_fpr=_default_fpr(calibration, wanted),
            # Rates that were measured with the old thresholds say nothing about the new ones.
            summary=Summary(),
            files={},
        )
        # Without new AI texts the probabilities still come from the earlier ones.
        is_added = not ai and settings.calibration.probability is not None
        return Detector(self.reader, settings, calibration, seen=self.seen.calibrated(numbers, is_added=is_added))

    def described(self, *, about: About, summary: Summary, report: JsonObject | None = None) -> Detector:
        """The same detector with what its card and Report say.

        Args:
            about: For the card.
            summary: For the card's tables.
            report: JSON value of the whole Report.
        """
        settings = self.settings.changed(about=about, summary=summary)
        return Detector(self.reader, settings, self.calibration, report, self.seen)

    def save(self, path: str | Path) -> Detector:
        """Write the detector folder, whole or not at all, and load it again.

        Args:
            path: Replaced if it exists.

        Raises:
            DetectorError: If what was written is not sound.
        """
        from tain.detector.card import render_card

        folder = Path(path)
        write_folder(
            folder,
            source=self.reader.folder,
            settings=self.settings,
            calibration=self.calibration,
            card=render_card(self.settings, classifier=self.reader.engines.classifier),
            report=self.report,
            seen=self.seen,
        )
        saved = Detector.load(folder)
        if saved.model != self.model:
            raise DetectorError(f"{folder}: was written but reads as {saved.model}, expected {self.model}.")
        return saved

    def point(self, target_fpr: float | None = None) -> OperatingPoint:
        """The operating point of a target; None takes the default.

        Raises:
            ConfigError: If the human calibration texts do not support the target.
        """
        return self.calibration.point(self.settings.default_fpr if target_fpr is None else target_fpr)

    @property
    def model(self) -> ModelId:
        """Name, version and hash, as verdicts give them."""
        about = self.settings.about
        return ModelId(about.name, about.version, self.settings.fingerprint)

    def _verdict(self, reading: Reading, point: OperatingPoint, prior: float, *, has_windows: bool) -> Verdict:
        score = reading.score
        p_ai = None if score is None else self.calibration.p_ai(score, prior=prior)
        too_short = f"Not enough text: {reading.n_words} words; {self.settings.min_words} or more are needed."
        return Verdict(
            label="too_short" if score is None else _label(score, point),
            score=score,
            probability=p_ai,
            probability_reason=None if p_ai is not None else too_short if score is None else NO_PROBABILITY,
            prior=prior,
            target_fpr=point.target_fpr,
            threshold=point.threshold,
            n_words=reading.n_words,
            n_windows=len(reading.windows),
            windows=tuple(_window_scores(reading, point)) if has_windows else (),
            evidence=None if score is None else self._evidence(score),
            model=self.model,
            warnings=() if score is None else warnings_for(reading, self.settings),
        )

    def _evidence(self, score: float) -> Evidence:
        return evidence(self.calibration.n_higher(score), len(self.calibration.human_scores))


def _reader(folder: Path, settings: Settings) -> Reader:
    return Reader(
        folder,
        normaliser=settings.normaliser,
        window_tokens=settings.window_tokens,
        min_words=settings.min_words,
    )


def _calibrate(
    reader: Reader,
    human: Sequence[str],
    ai: Sequence[str],
    *,
    targets: Iterable[float],
    advance: Advance | None,
    earlier: ProbabilityMap | None = None,
) -> tuple[Calibration, Hashes]:
    known_ai = reader.score_known(ai, advance=advance) if ai else None
    known_human = reader.score_known(human, advance=advance)
    numbers = np.concatenate([known.hashes for known in (known_human, known_ai) if known])
    return fit_calibration(known_human, ai=known_ai, targets=targets, earlier=earlier), np.unique(numbers)


def _with(targets: Iterable[float], target_fpr: float | None) -> tuple[float, ...]:
    return (*targets,) if target_fpr is None else (*targets, target_fpr)


def _default_fpr(calibration: Calibration, wanted: float | None) -> float:
    supported = [point.target_fpr for point in calibration.record.points]
    chosen = DEFAULT_FPR if wanted is None else wanted
    return chosen if chosen in supported else min(supported)


def _checked_prior(prior: float | None) -> float:
    share = EVEN_ODDS if prior is None else prior
    with_prior(EVEN_ODDS, share)
    return share


def _label(score: float, point: OperatingPoint) -> Label:
    return "ai" if score > point.threshold else "human"


def _window_scores(reading: Reading, point: OperatingPoint) -> list[WindowScore]:
    found = []
    for window, score in zip(reading.windows, reading.scores.tolist(), strict=True):
        start, end = reading.normalised.original_span(window.start, window.end)
        found.append(WindowScore(start, end, score, _label(score, point), reading.normalised.original[start:end]))
    return found

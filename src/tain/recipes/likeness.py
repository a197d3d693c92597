"""Whether the texts of a test, or of any corpus, are like those that a detector was calibrated with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tain.core.example import Corpus
from tain.detector import Detector, Verdict
from tain.detector.calibration import Calibration
from tain.evaluation.drift import Drift, drift_of, length_shift, mixture_shift, n_same_scores, score_shift
from tain.evaluation.samples import Floats

N_DRAWN = 20_000
_SHARES = (0.01, 0.5, 0.99)


def drift(detector: Detector, corpus: Corpus, verdicts: Sequence[Verdict]) -> Drift:
    """Whether the texts are like those that the detector was calibrated with.

    Args:
        detector: Holds the scores of its calibration texts, and some quantiles of their lengths.
        corpus: With labels human and ai.
        verdicts: One per text.
    """
    calibration = detector.calibration
    n_human = calibration.record.n_human
    scored = [(e.label, v.score, v.n_words) for e, v in zip(corpus, verdicts, strict=True) if v.score is not None]
    human, ai = (np.array([score for kind, score, _ in scored if kind == label]) for label in ("human", "ai"))
    shifts = []
    if human.size:
        lengths = [n_words for kind, _, n_words in scored if kind == "human"]
        shifts.append(score_shift(human, calibration.human_scores))
        shifts.append(length_shift(lengths, _quantiles(calibration), n_calibration=n_human))
    if ai.size and calibration.ai_scores.size:
        shifts.append(score_shift(ai, calibration.ai_scores, of="AI texts"))
    return drift_of(shifts, n_same=(n_same_scores(human, calibration.human_scores), human.size))


class DrawnTexts:
    """Scores and lengths of texts that stream by: all of the first 20,000, and then a fair draw of them all."""

    def __init__(self, *, n_most: int = N_DRAWN, seed: int = 0) -> None:
        """Nothing yet.

        Args:
            n_most: Texts to keep.
            seed: Of the draw.
        """
        self._n_most, self._rng = n_most, np.random.default_rng(seed)
        self._rows = np.empty((0, 3))

    def add(self, verdicts: Sequence[Verdict]) -> None:
        """Take more texts; those without a score are left out."""
        more = [(v.score, v.n_words, self._rng.random()) for v in verdicts if v.score is not None]
        rows = np.concatenate([self._rows, np.array(more).reshape(-1, 3)])
        # Who drew the lowest numbers stays, so that every text has the same chance wherever it comes.
        is_full = len(rows) > self._n_most
        self._rows = rows[np.argpartition(rows[:, 2], self._n_most)[: self._n_most]] if is_full else rows

    def drift(self, calibration: Calibration) -> Drift:
        """Whether texts by unknown authors are like those that a detector was calibrated with.

        Scores are compared only where AI texts were there for the calibration.

        Args:
            calibration: Of the detector that scored them.
        """
        if not len(self._rows):
            return drift_of([])
        scores, n_words, _ = self._rows.T
        human, ai = calibration.human_scores, calibration.ai_scores
        shifts = [mixture_shift(scores, human, ai)] if len(ai) else []
        n_human = calibration.record.n_human
        shifts.append(length_shift(n_words, _quantiles(calibration), n_calibration=n_human, of="texts"))
        return drift_of(shifts)


def drift_from_labelled(scores: Floats, n_words: Floats, labelled: pl.DataFrame) -> Drift:
    """Whether texts by unknown authors are like the labelled ones of a Report.

    Args:
        scores: Of the texts, shape (n,).
        n_words: Of those whose length is known.
        labelled: The Report's own scores, with the columns label, score and n_words.
    """
    known = labelled.filter(pl.col("score").is_not_null())
    human, ai = (known.filter(pl.col("label") == label)["score"].to_numpy() for label in ("human", "ai"))
    shifts = [mixture_shift(scores, human, ai, known="Report")] if len(human) and len(ai) else []
    if len(n_words) and len(known):
        quantiles = {share: float(np.quantile(known["n_words"], share)) for share in _SHARES}
        shifts.append(length_shift(n_words, quantiles, n_calibration=len(known), of="texts", known="Report"))
    return drift_of(shifts)


def told(found: Drift) -> list[str]:
    """What to say of unlabelled texts: the warnings, or the first comparison where there are none.

    Args:
        found: Of these texts.
    """
    return [f"Before you believe it: {line}" for line in found.warnings] or [s.sentence for s in found.shifts[:1]]


def _quantiles(calibration: Calibration) -> dict[float, float]:
    words = calibration.record.words
    return dict(zip(_SHARES, (words.low, words.median, words.high), strict=True))

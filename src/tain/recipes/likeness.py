"""Whether the texts of a test are like those that a detector was calibrated with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tain.core.example import Corpus
from tain.detector import Detector, Verdict
from tain.evaluation.drift import Drift, drift_of, length_shift, n_same_scores, score_shift


def drift(detector: Detector, corpus: Corpus, verdicts: Sequence[Verdict]) -> Drift:
    """Whether the texts are like those that the detector was calibrated with.

    Args:
        detector: Holds the scores of its calibration texts, and some quantiles of their lengths.
        corpus: With labels human and ai.
        verdicts: One per text.
    """
    calibration = detector.calibration
    words, n_human = calibration.record.words, calibration.record.n_human
    scored = [(e.label, v.score, v.n_words) for e, v in zip(corpus, verdicts, strict=True) if v.score is not None]
    human, ai = (np.array([score for kind, score, _ in scored if kind == label]) for label in ("human", "ai"))
    shifts = []
    if human.size:
        quantiles = {0.01: words.low, 0.5: words.median, 0.99: words.high}
        lengths = [n_words for kind, _, n_words in scored if kind == "human"]
        shifts.append(score_shift(human, calibration.human_scores))
        shifts.append(length_shift(lengths, quantiles, n_calibration=n_human))
    if ai.size and calibration.ai_scores.size:
        shifts.append(score_shift(ai, calibration.ai_scores, of="AI texts"))
    return drift_of(shifts, n_same=(n_same_scores(human, calibration.human_scores), human.size))

"""Whether the texts of a test are like those that a detector was made from: too unlike, or the very same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tain.core.example import Corpus
from tain.detector import Detector, Verdict
from tain.evaluation.drift import Drift, drift_of, length_shift, n_same_scores, score_shift
from tain.evaluation.overlap import overlap


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


def known_texts(detector: Detector, corpus: Corpus) -> tuple[str, ...]:
    """A sentence for each use that was made of texts of this test when the detector was made; none where none is known.

    Args:
        detector: Holds hashes of the texts that it was made from, if it was made with a tain that keeps them.
        corpus: Of any kind.
    """
    return tuple(_known(detector, corpus))


def _known(detector: Detector, corpus: Corpus) -> Iterator[str]:
    normaliser = detector.reader.normaliser
    uses = {"trained": detector.seen.training, "calibrated": detector.seen.calibration}
    for use, hashes in uses.items():
        if hashes is None:
            continue
        seen = overlap((normaliser.normalise(text).text for text in corpus.texts), hashes).seen
        if seen.k:
            yield (
                f"{seen.k:,} of {seen.n:,} texts of this test are among those that the detector was {use} on. Error "
                "rates on them say nothing of other texts: leave them out."
            )

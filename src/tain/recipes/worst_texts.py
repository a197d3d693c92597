"""The mistakes to look at first, with the stretches of text that led to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tain.core.example import Corpus, Example
from tain.core.progress import progress
from tain.detector import Detector, Verdict
from tain.evaluation.parts import Stretch, WorstText, WorstTexts

N_WORST = 20
MAX_CHARS = 5000
PROPERTIES = ("domain", "generator", "source", "language", "date")

Floats = NDArray[np.float64]


def worst_texts(
    detector: Detector,
    corpus: Corpus,
    scores: Floats,
    *,
    target_fpr: float | None = None,
    n_worst: int = N_WORST,
    is_quiet: bool = False,
) -> WorstTexts:
    """The human texts that score highest above a threshold, and the AI texts that score lowest below it.

    Args:
        detector: That gave the scores.
        corpus: With the labels human and ai.
        scores: Of each text; NaN where the detector abstained.
        target_fpr: Of the operating point; None takes the detector's default.
        n_worst: At most so many of each kind are read again, for their windows.
        is_quiet: No progress bar.
    """
    threshold = detector.point(target_fpr).threshold
    is_ai = np.array([example.label == "ai" for example in corpus])
    with np.errstate(invalid="ignore"):
        flagged, missed = np.flatnonzero((scores > threshold) & ~is_ai), np.flatnonzero((scores <= threshold) & is_ai)
    highest = flagged[np.argsort(-scores[flagged], kind="stable")][:n_worst]
    lowest = missed[np.argsort(scores[missed], kind="stable")][:n_worst]
    chosen = [corpus.examples[i] for i in (*highest, *lowest)]
    read = _read(detector, chosen, target_fpr, is_quiet=is_quiet)
    return WorstTexts(
        threshold=threshold,
        n_false_positives=flagged.size,
        n_misses=missed.size,
        false_positives=tuple(read[: highest.size]),
        misses=tuple(read[highest.size :]),
    )


def _read(
    detector: Detector, examples: Sequence[Example], target_fpr: float | None, *, is_quiet: bool
) -> list[WorstText]:
    found = []
    with progress("reading the worst again", len(examples), is_quiet=is_quiet) as advance:
        for example in examples:
            found.append(_worst_text(example, detector.check(example.text, target_fpr=target_fpr)))
            advance(1)
    return found


def _worst_text(example: Example, verdict: Verdict) -> WorstText:
    known = {name: getattr(example, name) for name in PROPERTIES}
    windows = (
        Stretch(
            start=window.start_index,
            end=min(window.end_index, MAX_CHARS),
            score=window.score,
            is_above=window.score > verdict.threshold,
        )
        for window in verdict.windows
        if window.start_index < MAX_CHARS
    )
    return WorstText(
        id=example.id,
        score=verdict.score if verdict.score is not None else float(verdict.threshold),
        n_words=verdict.n_words,
        properties={name: value for name, value in known.items() if value},
        text=example.text[:MAX_CHARS],
        n_chars=len(example.text),
        windows=tuple(windows),
    )

"""Whether texts are like those that a detector was calibrated with: where they are not, its error rates do not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import kstwo

from tain.core.errors import MetricError
from tain.evaluation.ranking import auroc
from tain.evaluation.samples import Floats, as_scores

Level = Literal["none", "some", "strong", "unknown"]

N_LEAST = 30
P_CLEAR = 0.01
SOME_KS, STRONG_KS = 0.1, 0.2
SOME_PSI, STRONG_PSI = 0.1, 0.25
N_BINS = 10
N_GRID = 101
SAME_DIGITS = 5
SAME_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a distribution lies from that of the calibration texts.

    Attributes:
        what: score or length.
        of: Which texts, in the plural.
        n: Such texts here.
        n_calibration: Calibration texts.
        ks: Largest gap between the two shares below a value, 0 to 1: the effect size. None with too few texts. Where
            only some quantiles of the calibration texts are known, at least this large.
        p_value: Of the Kolmogorov–Smirnov test; None with too few texts.
        psi: Population stability index over bins of the calibration texts, less what chance alone gives; None with too
            few texts.
        p_higher: Chance that a text here exceeds a calibration text; None where it cannot be known.
        level: What it amounts to.
        sentence: The same in words, with what follows from it.
    """

    what: Literal["score", "length"]
    of: str
    n: int
    n_calibration: int
    ks: float | None
    p_value: float | None
    psi: float | None
    p_higher: float | None
    level: Level
    sentence: str


@dataclass(frozen=True, slots=True)
class Drift:
    """All that was compared.

    Attributes:
        shifts: One for each comparison that could be made.
        warnings: What a reader must know before believing a flag; empty when nothing moved.
    """

    shifts: tuple[Shift, ...]
    warnings: tuple[str, ...]


def score_shift(scores: ArrayLike, calibration: ArrayLike, *, of: str = "human texts") -> Shift:
    """How far the scores of one kind of text lie from those of the same kind at calibration.

    Args:
        scores: Of the texts here, shape (n,).
        calibration: Of the calibration texts, shape (m,).
        of: Which kind, in the plural.

    Raises:
        MetricError: If a score is not finite, or there are no calibration scores.
    """
    here, known = as_scores(scores), np.sort(as_scores(calibration, name="calibration scores"))
    if not known.size:
        raise MetricError("There are no calibration scores to compare with. Calibrate the detector first.")
    if here.size < N_LEAST:
        return _too_few("score", of, here.size, known.size)
    ks = _ks(here, known)
    p_value = _p(ks, here.size, known.size)
    p_higher = auroc(np.concatenate([here, known]), np.repeat([True, False], [here.size, known.size]))
    psi = _psi(here, known)
    level = _level(ks, p_value, psi)
    side = "higher" if p_higher >= 0.5 else "lower"
    sentence = _sentence("score", of, side, ks, p_value, psi, level)
    return Shift("score", of, here.size, known.size, ks, p_value, psi, p_higher, level, sentence)


def length_shift(
    n_words: ArrayLike,
    quantiles: Mapping[float, float],
    *,
    n_calibration: int,
    of: str = "human texts",
    known: str = "calibration",
) -> Shift:
    """How far lengths lie from those of the calibration texts, of which only some quantiles are known.

    Args:
        n_words: Of the texts here, shape (n,).
        quantiles: Of the calibration texts: number of words by share of texts below it.
        n_calibration: How many calibration texts there were.
        of: Which texts, in the plural.
        known: What the texts compared with belong to.

    Raises:
        MetricError: If a length is not finite or no quantile is known.
    """
    here = np.sort(as_scores(n_words, name="lengths"))
    if not quantiles:
        raise MetricError("No quantile of the calibration lengths is known. Calibrate the detector again.")
    if here.size < N_LEAST:
        return _too_few("length", of, here.size, n_calibration)
    shares, words = np.array(sorted(quantiles.items())).T
    below, up_to = (np.searchsorted(here, words, side=side) / here.size for side in ("left", "right"))
    # A length that many texts share stands for a range of shares; only what lies outside of it is a gap.
    ks = float(np.maximum(np.maximum(below - shares, shares - up_to), 0).max())
    p_value = _p(ks, here.size, n_calibration)
    expected = np.diff(np.concatenate([[0.0], shares, [1.0]]))
    inside = np.diff(np.concatenate([[0.0], np.clip(shares, below, up_to), [1.0]]))
    psi = _index(inside, expected, n=here.size, m=n_calibration)
    longer = np.median(here) >= words[int(np.argmin(np.abs(shares - 0.5)))]
    level = _level(ks, p_value, psi)
    sentence = _sentence("length", of, "longer" if longer else "shorter", ks, p_value, psi, level, known=known)
    return Shift("length", of, here.size, n_calibration, ks, p_value, psi, None, level, sentence)


def mixture_shift(scores: ArrayLike, human: ArrayLike, ai: ArrayLike, *, known: str = "calibration") -> Shift:
    """How far the scores of texts by unknown authors lie from every mixture of the calibration texts.

    Nobody knows how many of the texts are AI, so the mixture that fits best is taken. What is left cannot be
    explained by there being more or fewer AI texts.

    Args:
        scores: Of the texts here, shape (n,).
        human: Scores of the human calibration texts.
        ai: Scores of the AI calibration texts.
        known: What the texts compared with belong to.

    Raises:
        MetricError: If a score is not finite, or a kind of calibration text is absent.
    """
    of = "texts"
    here, known_human, known_ai = np.sort(as_scores(scores)), np.sort(as_scores(human)), np.sort(as_scores(ai))
    if not (known_human.size and known_ai.size):
        raise MetricError("A mixture needs scores of human and of AI calibration texts. Calibrate with --ai too.")
    n_known = known_human.size + known_ai.size
    if here.size < N_LEAST:
        return _too_few("score", of, here.size, n_known)
    grid = np.unique(np.concatenate([here, known_human, known_ai]))
    found, as_human, as_ai = (_share_below(each, grid) for each in (here, known_human, known_ai))
    shares = np.linspace(0, 1, N_GRID)
    gaps = [float(np.abs(found - (share * as_ai + (1 - share) * as_human)).max()) for share in shares]
    ks, share = min(gaps), float(shares[int(np.argmin(gaps))])
    p_value = _p(ks, here.size, n_known)
    level = _level(ks, p_value, 0.0)
    sentence = (
        f"The scores of {here.size:,} texts lie {ks:.2f} (Kolmogorov–Smirnov, p\u00a0{_p_text(p_value)}) from the "
        f"nearest mixture of human and AI texts of the {known}, {100 * share:.0f}% of them AI: {_WORDS[level]}."
    )
    if level in ("some", "strong"):
        sentence += " Neither flags nor error rates can be taken at their word here."
    return Shift("score", of, here.size, n_known, ks, p_value, None, None, level, sentence)


def drift_of(shifts: Sequence[Shift], *, n_same: tuple[int, int] | None = None) -> Drift:
    """The shifts with the warnings that follow.

    Args:
        shifts: All that could be compared.
        n_same: Human texts here whose score a calibration text has too, and human texts here; from `n_same_scores`.
    """
    warnings = [shift.sentence for shift in shifts if shift.level in ("some", "strong")]
    if n_same is not None and n_same[0] > max(SAME_SHARE * n_same[1], 4):
        warnings.insert(
            0,
            f"{n_same[0]:,} of {n_same[1]:,} human texts have, to the fifth digit, the score of a calibration text: "
            "the detector was calibrated on texts of this test. Its false positive rate here proves nothing.",
        )
    return Drift(tuple(shifts), tuple(warnings))


def n_same_scores(scores: ArrayLike, calibration: ArrayLike) -> int:
    """How many scores a calibration text has too, which for different texts is rare.

    Args:
        scores: Of the human texts here, shape (n,).
        calibration: Of the human calibration texts, shape (m,).

    Raises:
        MetricError: If a score is not finite.
    """
    here, known = (np.round(as_scores(each), SAME_DIGITS) for each in (scores, calibration))
    return int(np.isin(here, known).sum())


_WORDS: Mapping[Level, str] = {
    "none": "no sign of drift",
    "some": "some drift",
    "strong": "strong drift",
    "unknown": "too few texts to tell",
}
_MEANING: Mapping[tuple[str, str], str] = {
    ("human texts", "higher"): "More of them may be wrongly called AI than the operating points say.",
    ("human texts", "lower"): "Fewer of them may be wrongly called AI, though the highest scores decide that.",
    ("AI texts", "higher"): "More of them may be found than at calibration.",
    ("AI texts", "lower"): "Fewer of them may be found than at calibration.",
}


def _sentence(
    what: str, of: str, side: str, ks: float, p_value: float, psi: float, level: Level, *, known: str = "calibration"
) -> str:
    moved, alike = {
        "score": (f"score {side} than", "score much like"),
        "length": (f"are {side} than", "are as long as"),
    }[what]
    meaning = "The error rates were taken on other lengths." if what == "length" else _MEANING.get((of, side), "")
    numbers = f"Kolmogorov–Smirnov {ks:.2f}, p\u00a0{_p_text(p_value)}, stability index {psi:.2f}"
    verb = alike if level == "none" else moved
    sentence = f"{of[0].upper()}{of[1:]} here {verb} those of the {known} ({numbers}): {_WORDS[level]}."
    return f"{sentence} {meaning}".strip() if level in ("some", "strong") else sentence


def _p_text(p_value: float) -> str:
    return "<\u00a00.001" if p_value < 0.001 else f"=\u00a0{p_value:.3f}"


def _level(ks: float, p_value: float, psi: float) -> Level:
    if p_value >= P_CLEAR:
        return "none"
    if ks >= STRONG_KS or psi >= STRONG_PSI:
        return "strong"
    return "some" if ks >= SOME_KS or psi >= SOME_PSI else "none"


def _too_few(what: Literal["score", "length"], of: str, n: int, n_calibration: int) -> Shift:
    sentence = (
        f"There are {n:,} {of} here, too few to compare with the calibration texts; {N_LEAST} or more are needed."
    )
    return Shift(what, of, n, n_calibration, None, None, None, None, "unknown", sentence)


def _ks(here: Floats, known: Floats) -> float:
    ordered = np.sort(here)
    grid = np.concatenate([ordered, known])
    return float(np.abs(_share_below(ordered, grid) - _share_below(known, grid)).max())


def _share_below(ordered: Floats, grid: Floats) -> Floats:
    return np.asarray(np.searchsorted(ordered, grid, side="right") / ordered.size)


def _p(ks: float, n: int, m: int) -> float:
    # With ties, as among lengths, it is too large and never too small.
    return float(kstwo.sf(ks, round(n * m / (n + m))))


def _psi(here: Floats, known: Floats) -> float:
    """Over bins that hold a tenth of the calibration texts each."""
    edges = np.unique(np.quantile(known, np.linspace(0, 1, N_BINS + 1)[1:-1]))
    shares = [np.bincount(np.searchsorted(edges, each), minlength=edges.size + 1) / each.size for each in (here, known)]
    return _index(*shares, n=here.size, m=known.size)


def _index(here: Floats, known: Floats, *, n: int, m: int) -> float:
    # Half a text in each bin keeps an empty one from being infinitely far; the mean without any drift is taken off.
    a, b = (here * n + 0.5) / (n + here.size / 2), (known * m + 0.5) / (m + known.size / 2)
    found = sum((x - y) * log(x / y) for x, y in zip(a.tolist(), b.tolist(), strict=True))
    return max(0.0, float(found) - (here.size - 1) * (1 / n + 1 / m))

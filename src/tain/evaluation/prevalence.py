"""The share of AI texts in a corpus, corrected for what a detector gets wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import sqrt

from tain.core.errors import MetricError
from tain.evaluation.intervals import CONFIDENCE, Rate, rate, t_quantile

ASSUMPTIONS = (
    "The corpus is like the texts that the two error rates were measured on: same kinds of text, lengths, languages "
    "and generators. Where it is not, the correction is wrong, and the interval does not show it.",
    "The error rates were measured at the threshold used here, on texts that trained and calibrated nothing.",
    "The texts are a random sample of the corpus and were judged one by one. Many texts by one author make the "
    "interval too narrow.",
    "Every text is human or AI. Texts that people and models wrote together count as whichever they are called.",
)


@dataclass(frozen=True, slots=True)
class Prevalence:
    """How much of a corpus is AI.

    Attributes:
        flagged: Texts called AI: the raw share, which is not the answer.
        fpr: The false positive rate used, with its counts.
        tpr: The true positive rate used, with its counts.
        raw: The Rogan–Gladen estimate as it comes out; may lie outside 0 to 1.
        value: The same, cut to 0 to 1.
        low: Lower end of the interval.
        high: Upper end.
        is_clipped: Whether `raw` had to be cut: the corpus has fewer flags than the false positive rate alone would
            give, or more than the true positive rate; a sign that it is unlike the texts measured.
        is_contradicted: Whether even the interval lies outside of 0 to 1, so that chance is no excuse: the error rates
            are not those of this corpus, and neither `value` nor the interval means anything.
        assumptions: What must hold for any of this to mean something.
    """

    flagged: Rate
    fpr: Rate
    tpr: Rate
    raw: float
    value: float
    low: float
    high: float
    is_clipped: bool
    is_contradicted: bool
    assumptions: tuple[str, ...] = ASSUMPTIONS

    def to_dict(self) -> dict[str, object]:
        """The fields by name, ready for JSON."""
        return asdict(self)


def rogan_gladen(share_flagged: float, *, fpr: float, tpr: float) -> float:
    """The share of AI texts that would give so many flags; may lie outside 0 to 1.

    Args:
        share_flagged: 0 to 1.
        fpr: 0 to 1.
        tpr: Above `fpr`, at most 1.

    Raises:
        MetricError: If the detector finds AI texts no more often than it flags human ones.

    Source:
        Rogan and Gladen 1978, American Journal of Epidemiology 107(1).
    """
    if tpr <= fpr:
        raise MetricError(
            f"The detector calls {100 * tpr:.4g}% of AI texts and {100 * fpr:.4g}% of human texts AI. With a true "
            "positive rate no higher than the false positive rate, flags say nothing of how many texts are AI. Use "
            "another operating point or another detector."
        )
    return (share_flagged - fpr) / (tpr - fpr)


def prevalence(
    n_flagged: int,
    n: int,
    *,
    false_positives: tuple[int, int],
    true_positives: tuple[int, int],
    confidence: float = CONFIDENCE,
) -> Prevalence:
    """The share of AI texts among n, with an interval that carries the doubt about both error rates.

    Args:
        n_flagged: Texts of the corpus called AI, 0 to n.
        n: Texts of the corpus with a verdict, at least 1.
        false_positives: Human texts called AI and human texts in all, where the rate was measured.
        true_positives: AI texts called AI and AI texts in all, where the rate was measured.
        confidence: Between 0 and 1.

    Raises:
        MetricError: If a count is impossible or zero, or the detector finds AI texts no more often than it flags
            human ones.

    Source:
        Lang and Reiczigel 2014, Preventive Veterinary Medicine 113(1). Cut to 0 to 1.
    """
    rates = [
        rate(*counts, of=of)
        for counts, of in (((n_flagged, n), "texts"), (false_positives, "human texts"), (true_positives, "AI texts"))
    ]
    flagged, fpr, tpr = (_with_value(found) for found in rates)
    raw = rogan_gladen(n_flagged / n, fpr=false_positives[0] / fpr.n, tpr=true_positives[0] / tpr.n)
    low, high = _interval(flagged, fpr, tpr, t_quantile(None, confidence=confidence))
    value, low_cut, high_cut = (min(1.0, max(0.0, number)) for number in (raw, low, high))
    return Prevalence(
        *(flagged, fpr, tpr, raw, value),
        low=min(low_cut, value),
        high=max(high_cut, value),
        is_clipped=value != raw,
        is_contradicted=high < 0 or low > 1,
    )


def _interval(flagged: Rate, fpr: Rate, tpr: Rate, z: float) -> tuple[float, float]:
    n = flagged.n + z**2
    n_ai, n_human = tpr.n + 2, fpr.n + 2
    share, found, kept = (flagged.k + z**2 / 2) / n, (tpr.k + 1) / n_ai, (fpr.n - fpr.k + 1) / n_human
    power = found + kept - 1
    if power <= 0:
        return 0.0, 1.0
    middle = (share + kept - 1) / power
    doubt_ai, doubt_human = found * (1 - found) / n_ai, kept * (1 - kept) / n_human
    shift = 2 * z**2 * (middle * doubt_ai - (1 - middle) * doubt_human)
    half = z * sqrt(share * (1 - share) / n + middle**2 * doubt_ai + (1 - middle) ** 2 * doubt_human) / power
    return middle + shift - half, middle + shift + half


def _with_value(found: Rate) -> Rate:
    if found.value is None:
        raise MetricError(f"No share of AI texts: {found.reason} Measure the detector on such texts first.")
    return found

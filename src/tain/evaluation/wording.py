"""Numbers as readers meet them: the same words on the page and on the terminal."""

from __future__ import annotations

from tain.evaluation import drift
from tain.evaluation.intervals import Estimate, Rate
from tain.evaluation.pan import PanMeasures
from tain.evaluation.parts import Counts, PointResult
from tain.evaluation.schema import Report

MISSING = "–"
DRIFT_KS = (drift.SOME_KS, drift.STRONG_KS)
DRIFT_PSI = (drift.SOME_PSI, drift.STRONG_PSI)
EVIDENCE = "A result is evidence, never a verdict."


def percent(share: float) -> str:
    """A share as a percentage, with the digits that small error rates need.

    Args:
        share: 0 to 1, or a difference of shares.
    """
    digits = 1 if abs(share) >= 0.1 or share == 0 else 2
    return f"{100 * share:.{digits}f}%"


def target(share: float) -> str:
    """A target rate as it is spoken of: 5%, 0.5%.

    Args:
        share: 0 to 1.
    """
    return f"{100 * share:g}%"


def rate_text(rate: Rate) -> str:
    """The rate, or a dash when there is none.

    Args:
        rate: With or without a value.
    """
    return MISSING if rate.value is None else percent(rate.value)


def rate_interval(rate: Rate) -> str:
    """The interval of a rate, or nothing when there is none.

    Args:
        rate: With or without a value.
    """
    if rate.low is None or rate.high is None:
        return ""
    return f"{percent(rate.low)} to {percent(rate.high)}"


def count_text(rate: Rate) -> str:
    """The counts of a rate, such as "12 of 1,204".

    Args:
        rate: With or without a value.
    """
    return f"{rate.k:,} of {rate.n:,}" if rate.value is not None else MISSING


def number_text(estimate: Estimate) -> str:
    """A number such as an AUROC to three digits, or a dash when there is none.

    Args:
        estimate: With or without a value.
    """
    return MISSING if estimate.value is None else f"{estimate.value:.3f}"


def number_interval(estimate: Estimate) -> str:
    """The interval of a number, or nothing when there is none.

    Args:
        estimate: With or without one.
    """
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{estimate.low:.3f} to {estimate.high:.3f}"


def as_rate(estimate: Estimate) -> Rate:
    """An estimated share as a Rate without counts, to be worded like one.

    Args:
        estimate: Of a share.
    """
    return Rate(0, 0, estimate.value, estimate.low, estimate.high, estimate.reason)


def warnings(report: Report) -> tuple[str, ...]:
    """What a reader must know before believing a flag, the gravest first.

    Args:
        report: Of any test.
    """
    return (*report.warnings, *(report.drift.warnings if report.drift else ()))


def p_text(p_value: float | None) -> str:
    """A p-value to two digits, or a dash when there is none; never an exact 0, which no sample can show.

    Args:
        p_value: 0 to 1.
    """
    if p_value is None:
        return MISSING
    return "< 0.0001" if p_value < 1e-4 else f"{p_value:.2g}"


def pan_rows(pan: PanMeasures) -> tuple[tuple[str, Estimate, str], ...]:
    """PAN's measures with their names and meanings, in the order PAN prints them.

    Args:
        pan: Of the test.
    """
    return (
        ("ROC-AUC", pan.auroc, "area under the ROC curve, unanswered texts at one half"),
        ("Brier", pan.brier, "one minus the Brier score"),
        ("C@1", pan.c_at_1, "accuracy that credits unanswered texts with the share of right answers"),
        ("F1", pan.f1, "of AI; an unanswered text was not called AI"),
        ("F0.5u", pan.f05u, "precision weighs more; every unanswered text is a missed AI text"),
        ("Mean", pan.mean, "of the five above"),
    )


def plain(number: float | None) -> str:
    """A number to two places, or a dash when there is none.

    Args:
        number: Of any size.
    """
    return MISSING if number is None else f"{number:.2f}"


def abstentions(counts: Counts) -> str:
    """How many texts got no score, of both kinds, since a detector that abstains often seems better than it is.

    Args:
        counts: Of the test.
    """
    human, ai = counts.coverage_human, counts.coverage_ai
    without = counts.coverage.n - counts.coverage.k
    if not without:
        return "Every text got a score."
    parts = [
        f"{rate.n - rate.k:,} of {rate.n:,} {name}"
        for rate, name in ((human, "human texts"), (ai, "AI texts"))
        if rate.n
    ]
    return f"No score was given to {' and '.join(parts)}; they are in none of these rates."


def headline(report: Report) -> str:
    """What happened at the default operating point, in one or two sentences with counts.

    Args:
        report: Of any test.
    """
    result = report.default_point
    if result is None:
        return "The detector stores no operating point, so no text was called human or AI. Calibrate it first."
    return f"At the operating point set for {target(result.point.target_fpr)} false positives, {_called(result)}."


def achieved(result: PointResult) -> str:
    """Whether the false positive rate kept to its target here: "kept", "exceeded", "not clear" or a dash.

    Clear is what the whole interval agrees on.

    Args:
        result: Of one operating point.
    """
    fpr = result.rates.fpr
    if fpr.low is None or fpr.high is None:
        return MISSING
    if fpr.low > result.point.target_fpr:
        return "exceeded"
    return "kept" if fpr.high <= result.point.target_fpr else "not clear"


def _called(result: PointResult) -> str:
    fpr, recall = result.rates.fpr, result.rates.recall
    parts = []
    if fpr.value is not None:
        parts.append(f"{count_text(fpr)} human texts were called AI ({percent(fpr.value)}, {rate_interval(fpr)})")
    if recall.value is not None:
        parts.append(f"{count_text(recall)} AI texts were found ({percent(recall.value)}, {rate_interval(recall)})")
    return " and ".join(parts) or "no text had a score"

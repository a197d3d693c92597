"""Whether a round of mining helped: fewer false positives at the same true positive rate, on texts never mined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import ConfigError, MetricError
from tain.evaluation.intervals import Rate, rate
from tain.evaluation.paired import mcnemar
from tain.evaluation.samples import Flags, Floats, as_scores

ALPHA = 0.05
TEST = "McNemar's test by group, one-sided"
RULE = (
    "A round is kept if fewer control texts are flagged than before, each detector at its highest threshold that finds "
    "as many AI validation texts as the detector before finds at its operating point, and if p is at most {alpha:g} by "
    "{test}. Anything else, a tie too, reverts it."
)
GUARD_RULE = " So does one more guard text that is flagged, whatever chance may do."


@dataclass(frozen=True, slots=True)
class FixedScores:
    """What one detector says of the texts that judge every round.

    Attributes:
        control: Of human texts never mined, shape (n_control,).
        ai: Of AI validation texts, shape (n_ai,).
        threshold: Of its operating point; a text is flagged when it scores above it.
        guard: Of human texts of kinds that are not mined, shape (n_guard,); there may be none.
    """

    control: Floats
    ai: Floats
    threshold: float
    guard: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def n_found(self) -> int:
        """AI texts flagged at the operating point."""
        return int((self.ai > self.threshold).sum())


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a round is kept, and everything it rests on.

    Attributes:
        is_kept: The round's detector takes the place of the one before.
        reason: Why, with the numbers.
        rule: What was asked, in words.
        fpr_before: Control texts flagged by the detector before.
        fpr_after: Flagged by the round's detector, at the same true positive rate.
        tpr_before: AI texts found by the detector before.
        tpr_after: Found by the round's detector; at least as many, more only by ties.
        threshold_after: At which the round's detector finds as many.
        n_mended: Control texts flagged before and not after.
        n_broken: Flagged after and not before.
        p_value: That so much fewer would be flagged by chance; None where nothing could be compared.
        guard_before: Guard texts flagged by the detector before; None where nothing was compared.
        guard_after: Flagged by the round's detector, at the same true positive rate.
    """

    is_kept: bool
    reason: str
    rule: str
    fpr_before: Rate
    fpr_after: Rate
    tpr_before: Rate
    tpr_after: Rate
    threshold_after: float | None
    n_mended: int
    n_broken: int
    p_value: float | None
    guard_before: Rate | None = None
    guard_after: Rate | None = None


def threshold_finding(ai_scores: ArrayLike, n_found: int) -> float:
    """The highest threshold above which at least so many AI texts score.

    Exact: just below the n-th highest score, so ties at it are all found.

    Args:
        ai_scores: Shape (n,), finite.
        n_found: From 1 to n.

    Raises:
        ConfigError: If no threshold finds so many.
    """
    scores = as_scores(ai_scores, name="ai_scores")
    if not 1 <= n_found <= scores.size:
        raise ConfigError(f"{n_found} of {scores.size} AI texts are to be found; expected 1 to {scores.size}.")
    return float(np.nextafter(np.partition(scores, scores.size - n_found)[scores.size - n_found], -np.inf))


def decide(
    before: FixedScores,
    after: FixedScores,
    *,
    groups: Sequence[str] | None = None,
    alpha: float = ALPHA,
) -> Decision:
    """Whether the false positive rate fell at the true positive rate of the detector before.

    Both detectors read the same texts, so only those that they judge differently count. Where the control texts are of
    groups, such as chapters of a book, a group counts once, by its balance. Guard texts, all kinds
    together, have a veto: what is mined moves the boundary for texts like it, and may move it for others.

    Args:
        before: Of the detector to beat.
        after: Of the round's detector, on the same texts in the same order.
        groups: One name for each control text; None makes each its own.
        alpha: Largest p-value at which a round is kept, above 0 and at most 1.

    Raises:
        ConfigError: If `alpha` is out of range.
        MetricError: If the two do not have the same texts.

    Source:
        McNemar 1947, Psychometrika 12(2), as `tain.evaluation.paired` has it.
    """
    if not 0 < alpha <= 1:
        raise ConfigError(f"alpha is {alpha}; expected a share above 0 and at most 1, such as 0.05.")
    if before.guard.size != after.guard.size:
        raise MetricError(
            f"{before.guard.size} guard texts before and {after.guard.size} after; expected the same texts."
        )
    rule = RULE.format(alpha=alpha, test=TEST) + (GUARD_RULE if before.guard.size else "")
    if not before.n_found:
        return _nothing_to_compare(before, rule)
    # The operating point may lie in a gap between AI scores; both detectors get the most out of their own gap.
    threshold_before = threshold_finding(before.ai, before.n_found)
    threshold = threshold_finding(after.ai, before.n_found)
    was, now = before.control > threshold_before, after.control > threshold
    p_value = _p_value(was, now, groups)
    guard = (_share(before.guard > threshold_before, "guard texts"), _share(after.guard > threshold, "guard texts"))
    return Decision(
        is_kept=bool(now.sum() < was.sum() and p_value is not None and p_value <= alpha and guard[1].k <= guard[0].k),
        reason=_reason(int(was.sum()), int(now.sum()), was.size, p_value, alpha) + _guard_reason(*guard),
        rule=rule,
        fpr_before=_share(was, "control texts"),
        fpr_after=_share(now, "control texts"),
        tpr_before=_share(before.ai > before.threshold, "AI texts"),
        tpr_after=_share(after.ai > threshold, "AI texts"),
        threshold_after=threshold,
        n_mended=int((was & ~now).sum()),
        n_broken=int((now & ~was).sum()),
        p_value=p_value,
        guard_before=guard[0] if before.guard.size else None,
        guard_after=guard[1] if before.guard.size else None,
    )


def _nothing_to_compare(before: FixedScores, rule: str) -> Decision:
    none_found = _share(before.ai > before.threshold, "AI texts")
    reason = (
        f"The detector before finds none of {before.ai.size:,} AI texts at its operating point, so there is no true "
        "positive rate to hold."
    )
    flagged = _share(before.control > before.threshold, "control texts")
    nothing = rate(0, 0, of="true positives to hold")
    return Decision(False, reason, rule, flagged, nothing, none_found, nothing, None, 0, 0, None)


def _p_value(was: Flags, now: Flags, groups: Sequence[str] | None) -> float | None:
    both_sides = mcnemar(~now, ~was, groups=groups, of="control texts").p_value
    if both_sides is None:
        return None
    # The distribution is symmetric, so the side on which fewer are flagged has half of it.
    return both_sides / 2 if now.sum() < was.sum() else 1 - both_sides / 2


def _reason(n_before: int, n_after: int, n: int, p_value: float | None, alpha: float) -> str:
    if p_value is None:
        return "There are no control texts long enough to compare by."
    counts = f"{n_before:,} of {n:,} control texts were flagged before, {n_after:,} after; p = {p_value:.3g}"
    if n_after >= n_before:
        return f"{counts}: no fewer."
    return f"{counts}: fewer." if p_value <= alpha else f"{counts}: fewer, but no more than chance may do."


def _guard_reason(before: Rate, after: Rate) -> str:
    if not before.n:
        return ""
    fate = "more, which reverts it" if after.k > before.k else "no more"
    return f" Of {before.n:,} guard texts {before.k:,} were flagged before and {after.k:,} after: {fate}."


def _share(flags: Flags, of: str) -> Rate:
    return rate(int(flags.sum()), flags.size, of=of)

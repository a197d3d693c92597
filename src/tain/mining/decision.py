"""Whether a round of mining helped: fewer false positives at the same true positive rate, on texts never mined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import ConfigError
from tain.evaluation.bootstrap import Bootstrap
from tain.evaluation.intervals import Rate, rate
from tain.evaluation.samples import Flags, Floats, as_groups, as_scores

ALPHA = 0.05
DRAWS = Bootstrap(n_draws=2000)
MCNEMAR, BY_GROUP = "McNemar's exact test, one-sided", "paired bootstrap by group, one-sided"
RULE = (
    "A round is kept if fewer control texts are flagged than before, each detector at the true positive rate that the "
    "detector before had at its operating point on the AI validation texts, and if p is at most {alpha:g} by {test}. "
    "Anything else, a tie too, reverts it."
)


@dataclass(frozen=True, slots=True)
class FixedScores:
    """What one detector says of the texts that judge every round.

    Attributes:
        control: Of human texts never mined, shape (n_control,).
        ai: Of AI validation texts, shape (n_ai,).
        threshold: Of its operating point; a text is flagged when it scores above it.
    """

    control: Floats
    ai: Floats
    threshold: float

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
        fpr_before: Control texts flagged by the detector before, at its operating point.
        fpr_after: Flagged by the round's detector, at the same true positive rate.
        tpr_before: AI texts found by the detector before.
        tpr_after: Found by the round's detector; at least as many, more only by ties.
        threshold_after: At which the round's detector finds as many.
        n_mended: Control texts flagged before and not after.
        n_broken: Flagged after and not before.
        p_value: That so much fewer would be flagged by chance; None where nothing could be compared.
        test: Name of the test.
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
    test: str


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
    bootstrap: Bootstrap = DRAWS,
) -> Decision:
    """Whether the false positive rate fell at the true positive rate of the detector before.

    Both detectors read the same texts, so only those that they judge differently count. Where the control texts are of
    groups, such as chapters of a book, groups are drawn instead of texts.

    Args:
        before: Of the detector to beat.
        after: Of the round's detector, on the same texts in the same order.
        groups: One name for each control text; None makes each its own.
        alpha: Largest p-value at which a round is kept, above 0 and at most 1.
        bootstrap: How to draw groups.

    Raises:
        ConfigError: If `alpha` is out of range.
        MetricError: If the two do not have the same texts.

    Source:
        McNemar 1947, Psychometrika 12(2), as the exact binomial test of the texts judged differently.
    """
    if not 0 < alpha <= 1:
        raise ConfigError(f"alpha is {alpha}; expected a share above 0 and at most 1, such as 0.05.")
    index, n_groups = as_groups(groups, n=before.control.size)
    is_grouped = n_groups < before.control.size
    test = BY_GROUP if is_grouped else MCNEMAR
    was = before.control > before.threshold
    if not before.n_found:
        return _nothing_to_compare(before, was, RULE.format(alpha=alpha, test=test), test)
    threshold = threshold_finding(after.ai, before.n_found)
    now = after.control > threshold
    p_value = _p_by_group(was, now, index, n_groups, bootstrap) if is_grouped else _p_mcnemar(was, now)
    return Decision(
        is_kept=bool(now.sum() < was.sum() and p_value <= alpha),
        reason=_reason(int(was.sum()), int(now.sum()), was.size, p_value, alpha),
        rule=RULE.format(alpha=alpha, test=test),
        fpr_before=_share(was, "control texts"),
        fpr_after=_share(now, "control texts"),
        tpr_before=_share(before.ai > before.threshold, "AI texts"),
        tpr_after=_share(after.ai > threshold, "AI texts"),
        threshold_after=threshold,
        n_mended=int((was & ~now).sum()),
        n_broken=int((now & ~was).sum()),
        p_value=p_value,
        test=test,
    )


def _nothing_to_compare(before: FixedScores, was: Flags, rule: str, test: str) -> Decision:
    none_found = _share(before.ai > before.threshold, "AI texts")
    reason = (
        f"The detector before finds none of {before.ai.size:,} AI texts at its operating point, so there is no true "
        "positive rate to hold."
    )
    flagged = _share(was, "control texts")
    nothing = rate(0, 0, of="true positives to hold")
    return Decision(False, reason, rule, flagged, nothing, none_found, nothing, None, 0, 0, None, test)


def _p_mcnemar(was: Flags, now: Flags) -> float:
    from scipy.stats import binom  # half a second to import

    n_mended, n_broken = int((was & ~now).sum()), int((now & ~was).sum())
    return float(binom.sf(n_mended - 1, n_mended + n_broken, 0.5))


def _p_by_group(was: Flags, now: Flags, index: ArrayLike, n_groups: int, bootstrap: Bootstrap) -> float:
    change = now.astype(np.float64) - was
    per_group = np.bincount(np.asarray(index), weights=change, minlength=n_groups)
    draws = np.concatenate([weights @ per_group for weights in bootstrap.weights(n_groups, n_texts=n_groups)])
    return float((1 + (draws >= 0).sum()) / (1 + draws.size))


def _reason(n_before: int, n_after: int, n: int, p_value: float, alpha: float) -> str:
    counts = f"{n_before:,} of {n:,} control texts were flagged before, {n_after:,} after; p = {p_value:.3g}"
    if n_after >= n_before:
        return f"{counts}: no fewer."
    return f"{counts}: fewer." if p_value <= alpha else f"{counts}: fewer, but no more than chance may do."


def _share(flags: Flags, of: str) -> Rate:
    return rate(int(flags.sum()), flags.size, of=of)

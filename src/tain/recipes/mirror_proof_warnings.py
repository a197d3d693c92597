"""What a proof of matching says in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tain.evaluation.intervals import Estimate
from tain.mirrors.matching import Matching

MAX_AUROC = 0.6
LENGTH_MEDIANS = (0.9, 1.1)
MIN_SHARE_NEARER = 0.9
MIN_AGREEMENT = 0.5


@dataclass(frozen=True, slots=True)
class Separation:
    """How far features without meaning tell mirrors from human texts; 0.5 is not at all.

    Attributes:
        auroc: Of all features together, by a logistic regression on texts of groups it was not fitted to, with its
            95% interval over drawn groups.
        formatting: The same of those features that are no habit of writing: length, line breaks, quotes, dashes.
        per_feature: AUROC of each alone; below 0.5 where human texts have more of it.
    """

    auroc: Estimate
    formatting: Estimate
    per_feature: dict[str, float]

    @property
    def worst(self) -> str | None:
        """The feature that gives most away; None where nothing was measured."""
        return max(self.per_feature, key=lambda name: abs(self.per_feature[name] - 0.5), default=None)


def find_warnings(matching: Matching, found: Separation) -> tuple[str, ...]:
    """What should be mended in mirrors, in plain words, worst first; empty where they match.

    Args:
        matching: Length, form and topic.
        found: What trivial features give away after the normaliser.
    """
    kinds = (
        _separation_warnings(found),
        _length_warnings(matching),
        _topic_warnings(matching),
        _form_warnings(matching),
    )
    return tuple(warning for kind in kinds for warning in kind)


def interval(found: Estimate) -> str:
    """A value with its interval, for people."""
    if found.value is None:
        return found.reason or "unknown"
    return f"{found.value:.2f}" + (f" ({found.low:.2f} to {found.high:.2f})" if found.low is not None else "")


def _separation_warnings(found: Separation) -> Iterator[str]:
    if found.auroc.value is not None and found.auroc.value > MAX_AUROC:
        yield (
            f"trivial features tell mirrors from human texts with AUROC {interval(found.auroc)} after normalising, "
            f"more than {MAX_AUROC}; most of all {found.worst}. Length and formatting alone: "
            f"{interval(found.formatting)}. A detector may learn that instead of authorship."
        )


def _length_warnings(matching: Matching) -> Iterator[str]:
    low, high = LENGTH_MEDIANS
    if not low <= matching.lengths.median <= high:
        which = "shorter" if matching.lengths.median < low else "longer"
        yield f"mirrors are {which} than their parents: {matching.lengths.median:.2f} times the words, by the median."


def _topic_warnings(matching: Matching) -> Iterator[str]:
    topic = matching.topic
    if topic is not None and topic.share_nearer < MIN_SHARE_NEARER:
        yield (
            f"only {topic.share_nearer:.0%} of the parents are nearer in meaning to their own mirror than to another's "
            f"(cosine {topic.paired:.2f} against {topic.shuffled:.2f}); mirrors miss their topic."
        )


def _form_warnings(matching: Matching) -> Iterator[str]:
    for each in matching.form:
        if each.agreement < MIN_AGREEMENT:
            means = f"{each.human:.2f} against {each.mirror:.2f}"
            yield f"{each.name}: {each.agreement:.0%} of the pairs agree (means {means})."

"""How well mirrors match their parents: in length, in topic, in form.

What differs here is what a detector learns instead of authorship. A proof needs one more thing, how far trivial
features tell the two sides apart, which `tain.recipes.mirror_proof` adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tain.core.errors import DataError, sample
from tain.core.example import Example
from tain.mirrors.matching_topic import Embed, Pair, TopicMatch, match_topics
from tain.mirrors.prompts.form import form_of
from tain.mirrors.words import count_words, ends_sentence

__all__ = [
    "Embed",
    "FormMatch",
    "LengthMatch",
    "Matching",
    "Pair",
    "TopicMatch",
    "match_forms",
    "match_lengths",
    "match_topics",
    "measure_matching",
]

LENGTH_RATIO = (0.7, 1.4)
COUNT_TOLERANCE = 0.25
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class LengthMatch:
    """Words of the mirror over words of its parent.

    Attributes:
        median: 1 where mirrors are as long as their parents.
        p5: A twentieth of the mirrors have less.
        p25: A quarter has less.
        p75: A quarter has more.
        p95: A twentieth has more.
        share_within: Of mirrors between 0.7 and 1.4.
    """

    median: float
    p5: float
    p25: float
    p75: float
    p95: float
    share_within: float


@dataclass(frozen=True, slots=True)
class FormMatch:
    """One feature of form on both sides.

    Attributes:
        name: Of the feature; person and tense are read in English pairs only.
        human: Its mean over the parents; a share where it is yes or no.
        mirror: Its mean over the mirrors.
        agreement: Share of pairs that agree; counts do when they differ by at most one or a quarter.
    """

    name: str
    human: float
    mirror: float
    agreement: float


@dataclass(frozen=True, slots=True)
class Matching:
    """How mirrors match their parents.

    Attributes:
        n_pairs: Pairs looked at.
        lengths: Length ratios.
        form: One for each feature.
        topic: None where no embedding was given.
    """

    n_pairs: int
    lengths: LengthMatch
    form: tuple[FormMatch, ...]
    topic: TopicMatch | None = None


def measure_matching(pairs: Sequence[Pair], *, embed: Embed | None = None, seed: int = 0) -> Matching:
    """Length, form and topic of mirrors against their parents.

    Args:
        pairs: At least one.
        embed: Gives texts their vectors; None leaves the topic out.
        seed: Of the shuffling that topics are compared with.

    Raises:
        DataError: If there is no pair, or a parent has no words.
    """
    if not pairs:
        raise DataError("There is no pair of a human text and its mirror; expected one or more to measure.")
    topic = match_topics(pairs, embed, seed=seed) if embed is not None else None
    return Matching(len(pairs), match_lengths(pairs), match_forms(pairs), topic)


def match_lengths(pairs: Sequence[Pair]) -> LengthMatch:
    """The length ratios of pairs.

    Raises:
        DataError: If a parent has no words.
    """
    if empty := next((pair.parent for pair in pairs if not count_words(pair.parent.text)), None):
        raise DataError(f"Human text {sample(empty.id)!r} has no words, so no mirror can be compared with it.")
    ratios = np.array([count_words(pair.mirror.text) / count_words(pair.parent.text) for pair in pairs])
    p5, p25, median, p75, p95 = (float(q) for q in np.quantile(ratios, _QUANTILES))
    low, high = LENGTH_RATIO
    return LengthMatch(median, p5, p25, p75, p95, float(np.mean((low <= ratios) & (ratios <= high))))


def match_forms(pairs: Sequence[Pair]) -> tuple[FormMatch, ...]:
    """Paragraphs, sentences, lists, person, tense and end of both sides."""
    both = [(_features(pair.parent, pair.parent), _features(pair.mirror, pair.parent)) for pair in pairs]
    names = dict.fromkeys(name for human, _ in both for name in human)
    return tuple(_form_match(name, [(h[name], m[name]) for h, m in both if name in h]) for name in names)


def _features(example: Example, parent: Example) -> dict[str, float]:
    form = form_of(example.text, language=parent.language or "en")
    features = {
        "paragraphs": float(form.n_paragraphs),
        "sentences": float(form.n_sentences),
        "has a list": float(form.has_list),
        "ends a sentence": float(ends_sentence(example.text)),
    }
    if form.person is None:
        return features
    return features | {"first person": float(form.person == "first"), "past tense": float(form.tense == "past")}


def _form_match(name: str, values: Sequence[tuple[float, float]]) -> FormMatch:
    one, other = np.array(values).T
    slack = np.maximum(1.0, COUNT_TOLERANCE * one) if name in {"paragraphs", "sentences"} else 0.0
    return FormMatch(name, float(one.mean()), float(other.mean()), float(np.mean(np.abs(one - other) <= slack)))

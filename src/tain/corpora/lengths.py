"""Lengths in words: cutting texts at a sentence end, and giving all classes the same lengths."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import ConfigError
from tain.core.example import Example

_WORD = re.compile(r"\S+")
_ENDS_SENTENCE = re.compile(r"[.!?…。！？][\"'”’)\]»]*\Z")
_SHARE_BEFORE_SENTENCE_END = 0.8


def count_words(text: str) -> int:
    """The number of runs of non-space characters."""
    return len(text.split())


def cut_words(text: str, rng: np.random.Generator, *, low: int, high: int) -> str:
    """The beginning of a text, of a random length and ending with a sentence where it can.

    A length is drawn evenly from `low` to `high`; the text stops at the last sentence end within that length, if there
    is one past 80% of `low`, and at the length itself otherwise. Shorter texts are trimmed to their last sentence end
    in the same way, because a corpus that was cut mid-sentence on one side only gives its label away.

    Args:
        text: Normalised or not.
        rng: Draws the length.
        low: Fewest words to aim for, at least 1.
        high: Most words to keep.

    Raises:
        ConfigError: If not 1 <= low <= high.
    """
    if not 1 <= low <= high:
        raise ConfigError(f"Texts are cut to between {low} and {high} words; expected 1 <= low <= high.")
    return cut_at_sentence(text, int(rng.integers(low, high + 1)), at_least=_SHARE_BEFORE_SENTENCE_END * low)


def cut_at_sentence(text: str, n_words: int, *, at_least: float) -> str:
    """The first `n_words` words of a text, or fewer where a sentence ends between `at_least` and there.

    Args:
        text: Normalised or not.
        n_words: The most words to keep.
        at_least: Words before which no sentence end is looked for.
    """
    ends: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        ends.append(match.span())
        if len(ends) == n_words:
            break
    for i in range(len(ends), 0, -1):
        if i < at_least:
            break
        start, end = ends[i - 1]
        if _ENDS_SENTENCE.search(text[start:end]):
            return text[:end]
    return text[: ends[-1][1]] if ends else text


def match_lengths(examples: Sequence[Example], *, by_domain: bool = True) -> list[Example]:
    """The examples, cut so that the classes have the same distribution of lengths.

    Within a domain every text is cut to the smallest length that any class has at the same quantile, so no text grows,
    no text is dropped and as few words as possible are lost. All texts, also those short enough, end at a sentence near
    the target: ends would give the label away if only one class were trimmed. Domains that lack a class stay as they
    are.

    Args:
        examples: With labels.
        by_domain: Match within each domain; otherwise over all texts at once.
    """
    places: defaultdict[str | None, defaultdict[str | None, list[int]]] = defaultdict(lambda: defaultdict(list))
    for i, example in enumerate(examples):
        places[example.domain if by_domain else None][example.label].append(i)
    n_classes = len({example.label for example in examples})
    matched = list(examples)
    for classes in places.values():
        if len(classes) == n_classes:
            _match_classes(matched, list(classes.values()))
    return matched


def _match_classes(examples: list[Example], classes: Iterable[list[int]]) -> None:
    ordered = [sorted((count_words(examples[i].text), i) for i in members) for members in classes]
    lengths = [np.array([n for n, _ in members], dtype=float) for members in ordered]
    for members in ordered:
        ranks = (np.arange(len(members)) + 0.5) / len(members)
        for (_, i), target in zip(members, _shortest(lengths, ranks), strict=True):
            text = cut_at_sentence(examples[i].text, target, at_least=_SHARE_BEFORE_SENTENCE_END * target)
            examples[i] = replace(examples[i], text=text)


def _shortest(lengths: list[NDArray[np.float64]], ranks: NDArray[np.float64]) -> list[int]:
    quantiles = np.stack([np.quantile(each, ranks, method="inverted_cdf") for each in lengths])
    return [max(1, int(n)) for n in quantiles.min(axis=0)]

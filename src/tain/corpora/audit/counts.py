"""Counts over the examples of one split."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from tain.core.example import Example
from tain.corpora.audit.report import Lengths
from tain.corpora.chat import residue
from tain.corpora.lengths import count_words

LAST_HUMAN_MONTH = "2022-11"
UNLABELLED = "no label"
UNNAMED = "no domain"
_LANGUAGE_CHARS = 1000
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def label_of(example: Example) -> str:
    """The label, or words for its absence."""
    return example.label if example.label is not None else UNLABELLED


def count_labels(examples: Iterable[Example]) -> dict[str, int]:
    """Texts by label."""
    return dict(Counter(map(label_of, examples)))


def length_quantiles(examples: Sequence[Example]) -> dict[str, Lengths]:
    """Words per text, by label."""
    words: defaultdict[str, list[int]] = defaultdict(list)
    for example in examples:
        words[label_of(example)].append(count_words(example.text))
    return {label: _lengths(counts) for label, counts in words.items()}


def count_domains(examples: Iterable[Example]) -> dict[str, dict[str, int]]:
    """Texts by domain, most first, and label; empty where no text names its domain."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        counts[example.domain or UNNAMED][label_of(example)] += 1
    if set(counts) == {UNNAMED}:
        return {}
    return {name: dict(labels) for name, labels in sorted(counts.items(), key=lambda item: -item[1].total())}


def count_generators(examples: Iterable[Example]) -> dict[str, int]:
    """Texts by generator, most first."""
    return dict(Counter(example.generator for example in examples if example.generator).most_common())


def count_dates(examples: Iterable[Example]) -> tuple[int, int]:
    """Human texts dated after November 2022, and texts with any date."""
    dated = [example for example in examples if example.date and example.date[:4].isdigit()]
    late = sum(example.label == "human" and (example.date or "")[:7] > LAST_HUMAN_MONTH for example in dated)
    return late, len(dated)


def count_residue(examples: Iterable[Example]) -> dict[str, dict[str, int]]:
    """Texts by label and kind of chat residue."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        counts[label_of(example)].update(residue(example.text))
    return {label: dict(kinds) for label, kinds in counts.items()}


def count_languages(examples: Sequence[Example]) -> dict[str, dict[str, int]]:
    """Texts by label and language, as py3langid takes them to be, most first."""
    import py3langid

    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        counts[label_of(example)][str(py3langid.classify(example.text[:_LANGUAGE_CHARS])[0])] += 1
    return {label: dict(languages.most_common()) for label, languages in counts.items()}


def _lengths(counts: list[int]) -> Lengths:
    quantiles = np.quantile(counts, _QUANTILES, method="inverted_cdf")
    return Lengths(len(counts), float(np.mean(counts)), *(int(q) for q in quantiles))

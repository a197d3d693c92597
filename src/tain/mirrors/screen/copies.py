"""What a text repeats word by word: of its parent, of its instructions, of itself."""

from __future__ import annotations

from collections.abc import Sequence

GRAM_WORDS = 8
LOOP_WORDS = 4


def longest_run(words: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    """The longest run of words that stands in both, the first of equally long ones; empty where none does.

    Whoever shares n words in a row shares n - 1 too, so that the length is found by halving.

    Args:
        words: Of the one text, as `mirrors.words.tokens` gives them.
        other: Of the other.

    Cost:
        Time and memory O((n + m) * r) where r is the length of the run.
    """
    low, high = 0, 1
    while high <= min(len(words), len(other)) and _shared(words, other, high):
        low, high = high, 2 * high
    high = min(high, len(words) + 1, len(other) + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _shared(words, other, middle) else (low, middle)
    return _shared(words, other, low) if low else ()


def shared_runs(words: Sequence[str], other: Sequence[str], *, n: int = GRAM_WORDS) -> tuple[int, int]:
    """How many of a text's runs of n words stand in another, and how many there are.

    Args:
        words: Of the text in question.
        other: Of the other.
        n: Words in a run.
    """
    known = set(_runs(other, n))
    own = _runs(words, n)
    return sum(run in known for run in own), len(own)


def repeated_share(words: Sequence[str], *, n: int = LOOP_WORDS) -> float:
    """The share of a text's runs of n words that stood in it before.

    Args:
        words: Of the text.
        n: Words in a run.
    """
    own = _runs(words, n)
    return 1 - len(set(own)) / len(own) if own else 0.0


def _shared(words: Sequence[str], other: Sequence[str], n: int) -> tuple[str, ...]:
    known = set(_runs(other, n))
    return next((run for run in _runs(words, n) if run in known), ())


def _runs(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]

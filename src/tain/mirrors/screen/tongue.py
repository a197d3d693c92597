"""Which language a text is in, as far as one can tell."""

from __future__ import annotations

import math

MAX_CHARS = 2000
# Each of these is often taken for another of its line; to call them different would reject good mirrors.
_NEIGHBOURS = (
    {"no", "nb", "nn", "da"},
    {"id", "ms", "jv"},
    {"hr", "sr", "bs"},
    {"cs", "sk"},
    {"gl", "pt"},
    {"af", "nl"},
    {"be", "uk"},
    {"hi", "mr", "ne"},
    {"fa", "ur", "ps"},
)


def detect_language(text: str) -> tuple[str, float]:
    """The most likely language, ISO 639-1, and how sure that is in [0, 1].

    Args:
        text: The first 2,000 characters count.

    Source:
        py3langid. Its scores are log-probabilities of a naive Bayes model; dividing them by the root of the number of
        bytes, as its own version 0.4 does, keeps long texts from being always quite sure.
    """
    import py3langid  # half a second, which prompts without a question of language do not need

    beginning = text[:MAX_CHARS]
    ranked = py3langid.rank(beginning)
    scale = math.sqrt(len(beginning.encode("utf-8", "replace")) or 1)
    best = float(ranked[0][1])
    total = sum(math.exp((float(score) - best) / scale) for _, score in ranked)
    return str(ranked[0][0]), 1 / total


def are_alike(one: str, other: str) -> bool:
    """Whether two languages are the same, or so near that a detector mixes them up."""
    return one == other or any({one, other} <= group for group in _NEIGHBOURS)

"""What a text is, as the slice it belongs to: band of length, year, before or after ChatGPT, native writer or not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

LENGTH_EDGES = (25, 50, 100, 200, 400)
CHATGPT = "2022-11-30"
"""The day from which a text of unknown origin may have been written by a chat model."""

_YES = frozenset({"1", "true", "yes", "y", "native", "l1"})
_NO = frozenset({"0", "false", "no", "n", "non-native", "nonnative", "non_native", "l2"})
_ENGLISH = frozenset({"en", "eng", "english"})
_UNKNOWN = frozenset({"", "unknown", "other", "none", "null", "nan", "n/a", "na"})
_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(?!\d)")


def length_band(n_words: int) -> str:
    """The band of lengths that a text falls in, such as "100–199 words".

    Args:
        n_words: 0 or more.
    """
    if n_words < LENGTH_EDGES[0]:
        return f"under {LENGTH_EDGES[0]} words"
    if n_words >= LENGTH_EDGES[-1]:
        return f"{LENGTH_EDGES[-1]} words or more"
    position = int(np.searchsorted(LENGTH_EDGES, n_words, side="right"))
    return f"{LENGTH_EDGES[position - 1]}–{LENGTH_EDGES[position] - 1} words"


def year_of(date: str | None) -> str | None:
    """The year of an ISO 8601 date, whole or in part; None where there is none.

    Args:
        date: As in the data.
    """
    found = _DATE.match(date or "")
    return found[1] if found else None


def era_of(date: str | None) -> str | None:
    """Whether a text is older than ChatGPT; None where the date does not tell.

    Args:
        date: ISO 8601, whole or in part.
    """
    found = _DATE.match(date or "")
    if not found:
        return None
    year, month, day = found.groups()
    earliest, latest = (f"{year}-{month or m}-{day or d}" for m, d in (("01", "01"), ("12", "31")))
    if latest < CHATGPT:
        return f"before {CHATGPT}"
    return f"since {CHATGPT}" if earliest >= CHATGPT else None


def native_of(value: str | None) -> str | None:
    """Native or non-native, from a flag or from a first language, for texts in English; None where it is not known.

    Args:
        value: As in the data: yes, no, native, non-native, or a language.
    """
    word = (value or "").strip().lower()
    if word in _UNKNOWN:
        return None
    if word in _YES or word in _ENGLISH:
        return "native"
    return "non-native" if word in _NO or word.isalpha() else None


def seen_generators(generators: Sequence[str | None], seen: Iterable[str]) -> list[str | None]:
    """Whether each AI text is by a generator that the detector was trained on; None for human texts.

    Names are compared by their letters and digits alone: GPT-4 is gpt_4.

    Args:
        generators: Of each text; None or "human" for people.
        seen: Generators among the training texts.
    """
    known = {_plain(name) for name in seen}
    plain = (_plain(name or "") for name in generators)
    return [None if name in ("", "human") else _seen_words(name in known) for name in plain]


def _seen_words(is_seen: bool) -> str:
    return "seen in training" if is_seen else "not seen in training"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())

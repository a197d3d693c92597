"""Stylometry: how a text is written, in numbers that hardly depend on what it is about or how long it is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from tain.evaluation.readability import TextCounts, count_text, readability, sentences_of
from tain.evaluation.samples import Floats

WINDOW_WORDS = 50
LONG_LETTERS = 7
MAX_CHARS = 20_000

# The 70 of Mosteller and Wallace 1964, Inference and Disputed Authorship: The Federalist.
_FUNCTION_WORDS = (
    "a all also an and any are as at be been but by can do down even every for from had has have her his if in into is "
    "it its may more must my no not now of on one only or our shall should so some such than that the their then there "
    "things this to up upon was were what when which who will with would your"
)
FUNCTION_WORDS = tuple(_FUNCTION_WORDS.split())
MARKS = {
    "commas": re.compile(","),
    "full_stops": re.compile(r"\.(?!\.)"),
    "semicolons": re.compile(";"),
    "colons": re.compile(":"),
    "questions": re.compile(r"\?"),
    "exclamations": re.compile("!"),
    "hyphens": re.compile(r"(?<=\w)-(?=\w)"),
    "dashes": re.compile(r"[–—]| --? "),
    "brackets": re.compile(r"[(\[]"),
    "quotes": re.compile(r"[\"“”«»]"),
    "apostrophes": re.compile(r"(?<=\w)['’](?=\w)"),
    "ellipses": re.compile(r"\.{3}|…"),
    "digits": re.compile(r"\d"),
}


def style_features(texts: Sequence[str]) -> Floats:
    """Readability, lengths, vocabulary, function words and marks of each text, by the names in `STYLE_NAMES`.

    The first 20,000 characters are read. The word list and the formulas are English; other languages get numbers that
    compare only among themselves.

    Args:
        texts: n of them, normalised as for the detector they are compared with.

    Returns:
        Shape (n, len(STYLE_NAMES)), finite; all zero for a text without words.
    """
    rows = [list(_features(text[:MAX_CHARS]).values()) for text in texts]
    return np.array(rows, dtype=np.float64).reshape(len(texts), len(STYLE_NAMES))


def _features(text: str) -> dict[str, float]:
    sentences = sentences_of(text)
    counts = count_text(sentences)
    words = [word.lower() for sentence in sentences for word in sentence]
    return {
        **readability(counts),
        **_lengths(sentences, counts),
        **_vocabulary(words),
        **_function_words(words),
        **{name: len(mark.findall(text)) / max(len(words), 1) for name, mark in MARKS.items()},
    }


def _lengths(sentences: list[list[str]], counts: TextCounts) -> dict[str, float]:
    in_words = np.array([len(sentence) for sentence in sentences] or [0])
    in_letters = np.array([len(word) for sentence in sentences for word in sentence] or [0])
    return {
        "sentence_mean": in_words.mean(),
        "sentence_sd": in_words.std(),
        "sentence_variation": in_words.std() / max(in_words.mean(), 1),  # what is also called burstiness
        "word_mean": in_letters.mean(),
        "word_sd": in_letters.std(),
        "long_words": (in_letters >= LONG_LETTERS).mean(),
        "syllables_per_word": counts.n_syllables / max(counts.n_words, 1),
        "short_words": counts.n_simple / max(counts.n_words, 1),
    }


def _vocabulary(words: list[str]) -> dict[str, float]:
    types = Counter(words)
    n, n_types = max(len(words), 1), max(len(types), 1)
    n_once = sum(count == 1 for count in types.values())
    return {
        "type_token_ratio": len(types) / n,
        "windowed_type_token_ratio": windowed_type_token_ratio(words),
        "root_type_token_ratio": len(types) / math.sqrt(n),
        "yules_k": yules_k(types),
        "hapax_share": n_once / n,
        "hapax_types": n_once / n_types,
    }


def yules_k(types: Counter[str]) -> float:
    """Yule's K, 10⁴ times the chance that two words drawn without order are the same; near constant in length.

    Args:
        types: How often each word is in the text; empty gives 0.

    Source:
        Yule 1944, The Statistical Study of Literary Vocabulary: K = 10⁴ (Σ f² − N) / N².
    """
    n = sum(types.values())
    return 1e4 * (sum(count * count for count in types.values()) - n) / (n * n) if n else 0.0


def windowed_type_token_ratio(words: Sequence[str]) -> float:
    """The share of different words, averaged over all runs of 50 words, so that length does not lower it.

    Args:
        words: In order, in lower case; fewer than 50 are one run, none gives 0.

    Source:
        Covington and McFall 2010, J. Quantitative Linguistics 17(2), there MATTR.
    """
    inside = Counter(words[:WINDOW_WORDS])
    n_types, n_runs = len(inside), 1
    for leaving, entering in zip(words, words[WINDOW_WORDS:], strict=False):
        inside[leaving] -= 1
        if not inside[leaving]:
            del inside[leaving]
        inside[entering] += 1
        n_types += len(inside)
        n_runs += 1
    return n_types / n_runs / max(min(len(words), WINDOW_WORDS), 1)


def _function_words(words: list[str]) -> dict[str, float]:
    types, n = Counter(words), max(len(words), 1)
    shares = {f"word_{word}": types[word] / n for word in FUNCTION_WORDS}
    return {"function_words": sum(shares.values()), **shares}


STYLE_NAMES = tuple(_features(""))

"""How much of what a model writes on one prompt is the same.

    distinct-n = different n-grams / all n-grams of the texts together
    self-BLEU  = mean over texts of BLEU against all the others

Sources: distinct-n: Li et al. 2016, arXiv:1510.03055. Self-BLEU: Zhu et al. 2018, arXiv:1802.01886, with BLEU as in
Papineni et al. 2002 (uniform weights to 4-grams, the closest reference's length) and counts smoothed by one above
unigrams (Lin and Och 2004). Number of distinct outputs: Biderman et al. 2024, arXiv:2405.09673. Tokens are words and
marks.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

MAX_N = 4
_TOKEN = re.compile(r"\w+|[^\w\s]")
Grams = Counter[tuple[str, ...]]


def n_distinct(texts: Sequence[str]) -> int:
    """How many texts differ, white space at the ends aside."""
    return len({text.strip() for text in texts})


def distinct_n(texts: Sequence[str], n: int) -> float | None:
    """The share of n-grams that are different ones, above 0 to 1; None where no text has any.

    Args:
        texts: On one prompt.
        n: Words in an n-gram, at least 1.
    """
    grams = [gram for text in texts for gram in _grams(_tokens(text), n).elements()]
    return len(set(grams)) / len(grams) if grams else None


def self_bleu(texts: Sequence[str], *, max_n: int = MAX_N) -> float | None:
    """How alike the texts are, from 0 to 1; None for fewer than two texts.

    Args:
        texts: On one prompt.
        max_n: Words in the longest n-gram.
    """
    if len(texts) < 2:
        return None
    tokens = [_tokens(text) for text in texts]
    scores = [bleu(own, [*tokens[:i], *tokens[i + 1 :]], max_n=max_n) for i, own in enumerate(tokens)]
    return sum(scores) / len(scores)


def bleu(said: Sequence[str], references: Sequence[Sequence[str]], *, max_n: int = MAX_N) -> float:
    """BLEU of one text, from 0 to 1; an empty text has 0.

    Args:
        said: Its tokens.
        references: Tokens of each reference, one or more.
        max_n: Words in the longest n-gram.
    """
    if not said:
        return 0.0
    logs = []
    for n in range(1, max_n + 1):
        own = _grams(said, n)
        most: Grams = Counter()
        for reference in references:
            most |= _grams(reference, n)
        found, total = (own & most).total(), own.total()
        smoothing = 1 if n > 1 else 0
        if found + smoothing == 0:
            return 0.0
        logs.append(math.log((found + smoothing) / (total + smoothing)))
    length = min((abs(len(reference) - len(said)), len(reference)) for reference in references)[1]
    brevity = min(0.0, 1 - length / len(said))
    return math.exp(brevity + sum(logs) / max_n)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _grams(tokens: Sequence[str], n: int) -> Grams:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))

"""Runs of one to four words of which only the common ones are read: how a text is built, whatever it is about.

"The Danube rises in Germany." is read as `the ^* * in ^* .`: other words are stars, those with a capital are marked,
numbers are `#`. Source: Stamatatos 2017, Authorship Attribution Using Text Distortion, EACL E17-1107, the variant with
single asterisks. Differs: marks are kept, capitals are marked, and the words that are read are those common in every
corpus of the detector that ships (`common_words.txt`, made by scripts/shipped/common_words.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from zlib import crc32

import numpy as np

from tain.evaluation.hashing import Counts, Hashes, count

SIZES = (1, 2, 3, 4)
WORDS_FILE = "common_words.txt"
_TOKEN = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
_NEXT = np.uint64(0x9FB21C651E98DF25)  # an odd number: other runs have other products


def skeleton(text: str) -> list[str]:
    """The words and marks of a text, those that are not common made alike.

    Args:
        text: Any.
    """
    return [_masked(token) for token in _TOKEN.findall(text)]


def skeleton_ngrams(texts: Sequence[str]) -> Counts:
    """How often each run of one to four is in each text.

    Args:
        texts: n of them.
    """
    tokens = [[_hash(token) for token in _TOKEN.findall(text)] for text in texts]
    words: Hashes = np.array([value for own in tokens for value in own], dtype=np.uint64)
    row_of = np.repeat(np.arange(len(texts)), [len(own) for own in tokens])
    rows, hashes, runs = [row_of], [words], words
    for size in SIZES[1:]:
        end = max(len(words) - size + 1, 0)
        runs = runs[:end] * _NEXT + words[size - 1 :][:end]
        inside = row_of[size - 1 :][:end] == row_of[:end]  # a run does not go on into the next text
        rows.append(row_of[:end][inside])
        hashes.append(runs[inside])
    return count(np.concatenate(rows), np.concatenate(hashes), n_rows=len(texts))


@lru_cache
def common_words() -> frozenset[str]:
    """The words that are read, in lower case."""
    return frozenset((files("tain.evaluation") / WORDS_FILE).read_text(encoding="utf-8").split())


def _masked(token: str) -> str:
    bare = token.strip("_")  # marks of emphasis, and of names in code
    word = bare.lower().replace("’", "'")
    if not bare or not bare[0].isalnum():
        return token
    if word in common_words():
        return word
    if bare.isnumeric():
        return "#"
    return "^*" if bare[0].isupper() else "*"


@lru_cache(maxsize=100_000)
def _hash(token: str) -> int:
    return crc32(_masked(token).encode("utf-8", "surrogatepass"))

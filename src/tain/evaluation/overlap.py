"""Whether a test holds texts that a detector was made from: its rates would then say how well it remembers."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tain.evaluation.intervals import Rate, rate

Hashes = NDArray[np.uint64]

_DIGEST_BYTES = 8
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Overlap:
    """Texts of a test that the detector has seen.

    Attributes:
        seen: How many, of how many.
        positions: Where they stand, rising.
    """

    seen: Rate
    positions: tuple[int, ...]


def text_hash(text: str) -> int:
    """A number from 0 to 2^64 - 1 that texts with the same letters and digits share.

    Case, white space, punctuation and the form of a character are left out, as they change when texts are copied. A
    text cut short or with one word changed has another number: the absence of an overlap proves little, its presence
    everything.

    Args:
        text: As read, before it is cut.
    """
    letters = _NO_LETTER.sub("", unicodedata.normalize("NFKC", text).casefold())
    digest = hashlib.blake2b(letters.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()
    return int.from_bytes(digest, "little")


def text_hashes(texts: Iterable[str]) -> Hashes:
    """The numbers of many texts, rising and each once: eight bytes a text, to be kept beside a detector.

    Args:
        texts: Read once.
    """
    return np.unique(hash_each(texts))


def hash_each(texts: Iterable[str]) -> Hashes:
    """The number of each text in order, shape (n,).

    Args:
        texts: n of them, read once.
    """
    return np.fromiter((text_hash(text) for text in texts), dtype=np.uint64)


def overlap(texts: Iterable[str], seen_hashes: Hashes) -> Overlap:
    """The texts whose number is among those seen.

    Args:
        texts: Of the test, read once.
        seen_hashes: From `text_hashes`, in any order.
    """
    hashes = hash_each(texts)
    positions = np.flatnonzero(np.isin(hashes, seen_hashes))
    return Overlap(rate(positions.size, hashes.size, of="texts"), tuple(positions.tolist()))

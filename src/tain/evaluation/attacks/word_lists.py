"""The word lists that come with tain, and swaps that keep the case. `words/SOURCES.md` names their licences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from tain.core.errors import DataError
from tain.evaluation.attacks.base import Edit
from tain.evaluation.attacks.places import outside_links, words

FOLDER = Path(__file__).with_name("words")

Table = Mapping[str, Sequence[str]]


@cache
def spellings() -> Table:
    """American words to their British spelling, and British words to their American one.

    Raises:
        DataError: If the list was not installed.
    """
    pairs = [(american, british) for american, (british, *_) in _rows("spellings.tsv")]
    # Where several words share a spelling, the first stays.
    back = {british: (american,) for american, british in reversed(pairs)}
    return back | {american: (british,) for american, british in pairs}


@cache
def misspellings() -> Table:
    """Words to their common misspellings, the likeliest slips first.

    Raises:
        DataError: If the list was not installed.
    """
    return dict(_rows("misspellings.tsv"))


@cache
def synonyms() -> Table:
    """Word forms to synonyms in the same form, the most used first.

    Raises:
        DataError: If the list was not installed.
    """
    return dict(_rows("synonyms.tsv"))


def _rows(name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    path = FOLDER / name
    if not path.is_file():
        raise DataError(f"{path}: the word list of an attack is missing. Install tain again, or leave the attack out.")
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *others = line.split("\t")
        yield word, tuple(others)


def swappable(text: str, table: Table) -> list[Edit]:
    """The words of a text that a table knows, outside of addresses; each edit leaves its word as it is.

    Args:
        text: The original.
        table: From words in lower case.
    """
    found = (Edit(start, end, text[start:end]) for start, end in words(text))
    return outside_links(text, [edit for edit in found if _has_plain_case(edit.new) and edit.new.lower() in table])


def swap(edit: Edit, table: Table, rng: np.random.Generator) -> Edit:
    """The edit that puts another word for the one that stands there, in the same case.

    Args:
        edit: One of `swappable`.
        table: The same.
        rng: Draws which of several words.
    """
    choices = table[edit.new.lower()]
    return edit._replace(new=_in_case_of(edit.new, choices[int(rng.integers(len(choices)))]))


def _has_plain_case(word: str) -> bool:
    return word.islower() or word.isupper() or (word[0].isupper() and word[1:].islower())


def _in_case_of(word: str, new: str) -> str:
    if word.isupper() and len(word) > 1:
        return new.upper()
    return new[0].upper() + new[1:] if word[0].isupper() else new

"""Texts that stand more than once: the same words, or nearly so, within a split and across splits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from tain.core.errors import ConfigError
from tain.core.example import Example
from tain.core.progress import progress
from tain.corpora.normalise import LATEST, get_normaliser
from tain.corpora.similarity import DEFAULT_SIMILARITY, SketchIndex, jaccard, shingles

_BATCH = 2000
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Duplicate:
    """One text that repeats an earlier one.

    Attributes:
        id: The text that repeats.
        split: Where it stands.
        of: Id of the text that it repeats.
        of_split: Where that one stands.
        kind: `exact` when nothing differs after normalising, case aside; `near` otherwise.
        similarity: Jaccard similarity of their three-word shingles; 1 when exact.
        is_label_same: Whether both have one label. An exact repeat with another label is an error in the data.
    """

    id: str
    split: str
    of: str
    of_split: str
    kind: Literal["exact", "near"]
    similarity: float
    is_label_same: bool


@dataclass(frozen=True)
class Deduplicated:
    """What stays and what went.

    Attributes:
        kept: The examples that stay in each split, in order.
        dropped: What was dropped, of which text, and why.
    """

    kept: dict[str, list[Example]]
    dropped: tuple[Duplicate, ...]


def deduplicate(
    splits: Mapping[str, Sequence[Example]],
    *,
    similarity: float = DEFAULT_SIMILARITY,
    normaliser_version: int = LATEST,
) -> Deduplicated:
    """The splits without texts that repeat an earlier one.

    Splits come first to last, so name first the split that shall lose nothing: the test set. Within one split a near
    repeat with another label stays, because a light rewrite beside its original is what a detector learns from;
    across splits it goes.

    Args:
        splits: Examples by split; ids may repeat between splits.
        similarity: Jaccard similarity of three-word shingles from which texts count as near repeats, in (0, 1].
        normaliser_version: What texts go through before they are compared.

    Raises:
        ConfigError: If the similarity is not in (0, 1].
    """
    plain = normalised_splits(splits, normaliser_version=normaliser_version)
    dropped = tuple(
        each
        for each in find_duplicates(plain, similarity=similarity)
        if each.kind == "exact" or each.is_label_same or each.split != each.of_split
    )
    gone = {(each.split, each.id) for each in dropped}
    kept = {name: [e for e in examples if (name, e.id) not in gone] for name, examples in splits.items()}
    return Deduplicated(kept, dropped)


def normalised_splits(
    splits: Mapping[str, Sequence[Example]], *, normaliser_version: int = LATEST
) -> dict[str, list[Example]]:
    """The same examples with normalised texts.

    Args:
        splits: Examples by split.
        normaliser_version: Which normaliser.
    """
    normaliser = get_normaliser(normaliser_version)
    plain: dict[str, list[Example]] = {}
    with progress("Normalising", sum(map(len, splits.values()))) as advance:
        for name, examples in splits.items():
            plain[name] = []
            for example in examples:
                plain[name].append(replace(example, text=normaliser.normalise(example.text).text))
                advance(1)
    return plain


def find_duplicates(
    splits: Mapping[str, Sequence[Example]], *, similarity: float = DEFAULT_SIMILARITY
) -> list[Duplicate]:
    """Every text that repeats an earlier one, with the text it repeats.

    Args:
        splits: Examples by split, their texts normalised.
        similarity: Jaccard similarity of three-word shingles from which texts count as near repeats, in (0, 1].

    Raises:
        ConfigError: If the similarity is not in (0, 1].

    Source:
        Broder 1997, On the resemblance and containment of documents; MinHash and LSH from the library rensa.
    """
    if not 0 < similarity <= 1:
        raise ConfigError(f"The similarity of near repeats is {similarity}; expected above 0 and at most 1.")
    exact, distinct = _exact(splits)
    return [*exact, *_near(distinct, similarity)]


class _Entry(NamedTuple):
    split: str
    example: Example


def _exact(splits: Mapping[str, Sequence[Example]]) -> tuple[list[Duplicate], list[_Entry]]:
    first: dict[bytes, _Entry] = {}
    duplicates = []
    for name, examples in splits.items():
        for example in examples:
            key = hashlib.blake2b(
                example.text.casefold().encode("utf-8", "replace"), digest_size=_DIGEST_BYTES
            ).digest()
            entry = _Entry(name, example)
            earlier = first.setdefault(key, entry)
            if earlier is not entry:
                duplicates.append(_duplicate(entry, earlier, "exact", 1.0))
    return duplicates, list(first.values())


def _near(entries: list[_Entry], similarity: float) -> Iterator[Duplicate]:
    index = SketchIndex(similarity)
    with progress("Comparing", len(entries)) as advance:
        for batch in _batches(range(len(entries))):
            sets = [shingles(entries[i].example.text) for i in batch]
            for i, own, sketch in zip(batch, sets, index.sketches(sets), strict=True):
                match = _match(entries, entries[i], own, index.query(sketch), similarity)
                if match is not None:
                    yield match
                if match is None or not match.is_label_same:
                    index.insert(i, sketch)
            advance(len(batch))


def _match(
    entries: list[_Entry], entry: _Entry, own: set[str], candidates: Iterable[int], similarity: float
) -> Duplicate | None:
    """The repeat that matters most: of another split first, then of the same label, then the earliest."""

    def rank(i: int) -> tuple[bool, bool, int]:
        return entries[i].split == entry.split, entries[i].example.label != entry.example.label, i

    for i in sorted(candidates, key=rank):
        found = jaccard(own, shingles(entries[i].example.text))
        if found >= similarity:
            return _duplicate(entry, entries[i], "near", found)
    return None


def _duplicate(entry: _Entry, of: _Entry, kind: Literal["exact", "near"], similarity: float) -> Duplicate:
    is_label_same = entry.example.label == of.example.label
    return Duplicate(entry.example.id, entry.split, of.example.id, of.split, kind, similarity, is_label_same)


def _batches(numbers: range) -> Iterator[range]:
    return (numbers[start : start + _BATCH] for start in range(0, len(numbers), _BATCH))

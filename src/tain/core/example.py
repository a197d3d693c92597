"""Examples, label sets and corpora: what everything else is about."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property

from tain.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Example:
    """One text, what it is, and where it came from.

    Attributes:
        id: Unique within its corpus.
        text: As read; nothing is normalised.
        label: A name of the label set, or None when unknown.
        group: Examples of one group never part in a split. A mirror has its parent's.
        source: The corpus or file it came from.
        domain: Kind of text, such as news or essay.
        generator: The model that wrote it; "human" or None for people.
        language: ISO 639-1 code.
        date: ISO 8601 date it was written, whole or in part.
        licence: SPDX identifier or the owner's own words.
    """

    id: str
    text: str
    label: str | None = None
    group: str = ""
    source: str | None = None
    domain: str | None = None
    generator: str | None = None
    language: str | None = None
    date: str | None = None
    licence: str | None = None


EXAMPLE_FIELDS = tuple(f.name for f in fields(Example))


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The names a Classifier chooses from; the position of a name is its class index."""

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse sets that cannot be told apart."""
        if len(self.names) < 2 or len(set(self.names)) != len(self.names):
            raise ConfigError(f"A label set needs two or more different names, got {list(self.names)}.")

    def index(self, name: str) -> int:
        """The class index of a name.

        Raises:
            ConfigError: If the name is not in the set.
        """
        if name not in self.names:
            raise ConfigError(f"Label {name!r} is not one of {list(self.names)}. Map it with --label-map.")
        return self.names.index(name)

    def __len__(self) -> int:
        """The number of classes."""
        return len(self.names)


DETECTION = LabelSet(("human", "ai"))


@dataclass(frozen=True)
class Corpus:
    """Examples held in memory, with the label set they use."""

    examples: tuple[Example, ...]
    labels: LabelSet = field(default=DETECTION)

    def __len__(self) -> int:
        """The number of examples."""
        return len(self.examples)

    def __iter__(self) -> Iterator[Example]:
        """The examples, in order."""
        return iter(self.examples)

    @property
    def texts(self) -> list[str]:
        """The texts, in order."""
        return [example.text for example in self.examples]

    def select(self, keep: Sequence[bool]) -> Corpus:
        """The examples whose flag is true, in order.

        Args:
            keep: One flag per example.
        """
        chosen = (example for example, wanted in zip(self.examples, keep, strict=True) if wanted)
        return Corpus(tuple(chosen), self.labels)

    @cached_property
    def sha256(self) -> str:
        """Hash of ids, labels and texts in order: equal hashes mean the same data."""
        digest = hashlib.sha256("\x1f".join(self.labels.names).encode())
        for example in self.examples:
            row = f"\x1e{example.id}\x1f{example.label}\x1f{example.group}\x1f{example.text}"
            digest.update(row.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

"""What stands beside each mined text: a recorded mirror, one written now, or the nearest AI text there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from tain.core.example import Example
from tain.mining.nearest import Floats, nearest_once

MIRROR = "mirror:"
NEAREST_NOTE = "The nearest AI text by embedding stands in for a mirror: like in topic, not in length or form."


@dataclass(frozen=True)
class Mirrored:
    """Mined texts with what stands beside them.

    Attributes:
        humans: Those that are trained on, hardest first.
        mirrors: AI texts in the groups of the humans; empty without mirrors.
        n_without: Mined texts that are left out because nothing stands beside them.
        note: What the mirrors are, for the ledger.
        details: Numbers, for the ledger.
    """

    humans: list[Example]
    mirrors: list[Example]
    n_without: int
    note: str
    details: dict[str, float] = field(default_factory=dict)


class Mirroring(Protocol):
    """A way to put something beside each text."""

    def is_eligible(self, example: Example) -> bool:
        """Whether a text can have something beside it at all."""

    def mirror(self, humans: Sequence[Example], *, taken: Iterable[str]) -> Mirrored:
        """What stands beside each text; `taken` are ids of mirrors that are trained on already."""


class WithoutMirrors:
    """Mined texts alone: the ablation that says what mirrors are worth."""

    def is_eligible(self, example: Example) -> bool:
        """Every text is."""
        return True

    def mirror(self, humans: Sequence[Example], *, taken: Iterable[str] = ()) -> Mirrored:
        """The texts alone."""
        return Mirrored(list(humans), [], 0, "Without mirrors.")


@dataclass
class RecordedMirrors:
    """Mirrors written beforehand.

    Attributes:
        find: The mirror that was written for a text, or None.
    """

    find: Callable[[Example], Example | None]

    def is_eligible(self, example: Example) -> bool:
        """Whether the text has a mirror."""
        return self.find(example) is not None

    def mirror(self, humans: Sequence[Example], *, taken: Iterable[str] = ()) -> Mirrored:
        """The mirror of each text."""
        found = {human.id: mirror for human in humans if (mirror := self.find(human)) is not None}
        return beside(humans, found, note="Recorded mirrors.")


@dataclass
class NearestTexts:
    """AI texts of which the nearest stands in for a mirror.

    Attributes:
        bank: AI texts, always in the same order.
        embed: Texts in, vectors out.
        bank_vectors: Gives the vectors of the bank when they are first needed.
        min_similarity: A text farther away is no stand-in.
    """

    bank: Sequence[Example]
    embed: Callable[[Sequence[str]], Floats]
    bank_vectors: Callable[[], Floats]
    min_similarity: float = 0.0

    def is_eligible(self, example: Example) -> bool:
        """Every text is."""
        return True

    def mirror(self, humans: Sequence[Example], *, taken: Iterable[str] = ()) -> Mirrored:
        """The nearest AI text of each, the hardest text choosing first, each AI text once."""
        if not humans:
            return Mirrored([], [], 0, NEAREST_NOTE)
        used = frozenset(taken)
        places = [place for place, example in enumerate(self.bank) if mirror_id(example) in used]
        found = nearest_once(
            self.embed([human.text for human in humans]),
            self.bank_vectors(),
            taken=places,
            min_similarity=self.min_similarity,
        )
        chosen = {
            human.id: self.bank[place]
            for human, place in zip(humans, found.indices.tolist(), strict=True)
            if place >= 0
        }
        similarities = found.similarities[~np.isnan(found.similarities)]
        details = {"mean_similarity": round(float(similarities.mean()), 4)} if similarities.size else {}
        return beside(humans, chosen, note=NEAREST_NOTE, details=details)


@dataclass
class WrittenMirrors:
    """Mirrors that a generator writes when they are asked for.

    Attributes:
        write: Human texts in, mirrors out, each in its parent's group; texts whose mirror was rejected have none.
        note: Who writes them.
    """

    write: Callable[[Sequence[Example]], Sequence[Example]]
    note: str = "Mirrors written for this round."

    def is_eligible(self, example: Example) -> bool:
        """Every text is."""
        return True

    def mirror(self, humans: Sequence[Example], *, taken: Iterable[str] = ()) -> Mirrored:
        """The mirror of each text, as far as the generator wrote one."""
        # The parents go out with a group of their own: pools have groups of many texts, such as the chapters of a book.
        alone = [replace(human, group=human.id) for human in humans]
        written = {mirror.group: mirror for mirror in reversed(self.write(alone))}
        return beside(humans, written, note=self.note)


def beside(
    humans: Sequence[Example], found: Mapping[str, Example], *, note: str, details: dict[str, float] | None = None
) -> Mirrored:
    """The texts that have a mirror, and these in their groups.

    A text without one is left out: alone it would teach that its topic is human.

    Args:
        humans: Hardest first.
        found: The mirror of each, by the id of the text.
        note: What the mirrors are.
        details: Numbers.
    """
    kept = [human for human in humans if human.id in found]
    mirrors = [as_mirror(found[human.id], human) for human in kept]
    return Mirrored(kept, mirrors, len(humans) - len(kept), note, details or {})


def as_mirror(example: Example, parent: Example) -> Example:
    """An AI text in the group of the text that it stands beside, and of its kind.

    Args:
        example: By a language model.
        parent: By a person.
    """
    return replace(example, id=mirror_id(example), label="ai", group=parent.group, domain=parent.domain)


def mirror_id(example: Example) -> str:
    """The id under which an AI text is trained on as a mirror."""
    return example.id if example.id.startswith(MIRROR) else f"{MIRROR}{example.id}"

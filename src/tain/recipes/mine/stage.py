"""One round of one arm in parts, each of which is a folder: there and whole, or made now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tain.core.example import Corpus, Example
from tain.core.files import read_json, whole_folder, write_json
from tain.recipes.mine.example_file import load_examples, write_examples
from tain.recipes.mine.mirroring import MIRROR, Mirroring
from tain.recipes.mine.proof import MATCHING, proven
from tain.recipes.mine.selection import Selection

CHOSEN, ADDED = "chosen", "added"
COUNTS = "counts.json"


@dataclass(frozen=True)
class Chosen:
    """What a pass over the pool chose.

    Attributes:
        mined: Hardest first.
        relabelled: Labelled ai by a person.
        random: For the random arm.
        counts: Of the pass.
    """

    mined: list[Example]
    relabelled: list[Example]
    random: list[Example]
    counts: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Chosen | None:
        """What a round's folder holds; None if it has not chosen yet."""
        part = folder / CHOSEN
        if not (part / COUNTS).is_file():
            return None
        mined, relabelled, random = (
            load_examples(part / f"{name}.parquet") for name in ("mined", "relabelled", "random")
        )
        return cls(mined, relabelled, random, read_json(part / COUNTS))


def save_chosen(folder: Path, selection: Selection) -> Chosen:
    """Keep a selection.

    Args:
        folder: Of the round.
        selection: Of the pass.
    """
    mined = [candidate.example for candidate in selection.mined]
    scores = [candidate.score for candidate in selection.mined]
    reasons = Counter(reason.split(" ")[0] for suspect in selection.suspects for reason in suspect.reasons)
    counts = {
        **selection.counts,
        "mined": len(mined),
        "mined by domain": dict(sorted(Counter(example.domain or "" for example in mined).items())),
        "scores": [round(scores[0], 4), round(scores[-1], 4)] if scores else [],
        "suspects": len(selection.suspects),
        "suspects by reason": dict(sorted(reasons.items())),
        "relabelled": len(selection.relabelled),
    }
    with whole_folder(folder / CHOSEN) as part:
        for name, examples in (("mined", mined), ("relabelled", selection.relabelled), ("random", selection.random)):
            write_examples(part / f"{name}.parquet", examples)
        write_json(part / COUNTS, counts)
    return Chosen(mined, selection.relabelled, selection.random, counts)


@dataclass(frozen=True)
class Added:
    """What a round adds to the training texts.

    Attributes:
        file: Parquet.
        counts: What it is.
    """

    file: Path
    counts: dict[str, Any]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What tells its mirrors from its human texts without reading them, in plain words."""
        return tuple(self.counts.get(MATCHING, {}).get("warnings", ()))

    @property
    def n_humans(self) -> int:
        """Mined texts."""
        return int(self.counts["humans"])


def add(
    folder: Path,
    humans: Sequence[Example],
    relabelled: Sequence[Example],
    mirroring: Mirroring,
    *,
    taken: Iterable[str],
    seed: int = 0,
    is_quiet: bool = True,
) -> Added:
    """The texts of a round with what stands beside them; what the folder holds is used as it is.

    Args:
        folder: Of the round and arm.
        humans: Mined, hardest first.
        relabelled: Labelled ai by a person; these stand alone.
        mirroring: What stands beside each mined text.
        taken: Ids of mirrors that are trained on already.
        seed: Of the proof that mirrors match.
        is_quiet: No progress bar.
    """
    target = folder / ADDED
    if not (target / COUNTS).is_file():
        found = mirroring.mirror([_as_mined(example) for example in humans], taken=taken)
        examples = [*map(_as_trained, found.humans), *found.mirrors, *(_as_reviewed(example) for example in relabelled)]
        counts = {
            "humans": len(found.humans),
            "mirrors": len(found.mirrors),
            "left out without a mirror": found.n_without,
            "relabelled": len(relabelled),
            "note": found.note,
            **found.details,
            **proven(found, seed=seed, is_quiet=is_quiet),
            "sha256": Corpus(tuple(examples)).sha256,
        }
        with whole_folder(target) as part:
            write_examples(part / "added.parquet", examples)
            write_json(part / COUNTS, counts)
    return Added(target / "added.parquet", read_json(target / COUNTS))


def mirrors_in(files: Iterable[Path]) -> list[str]:
    """Ids of the mirrors that are trained on in these files."""
    return [example.id for file in files for example in load_examples(file) if example.id.startswith(MIRROR)]


def _as_mined(example: Example) -> Example:
    # A text without a group is its own. Its id may be a mere number, as that of a text it has nothing to do with.
    group = example.group if example.group and example.group != example.id else f"pool:{example.id}"
    return replace(example, group=group, label="human")


def _as_trained(example: Example) -> Example:
    return replace(example, id=f"mined:{example.id}")


def _as_reviewed(example: Example) -> Example:
    return replace(_as_mined(example), id=f"reviewed:{example.id}", label="ai")

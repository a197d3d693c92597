"""Scaling: seed by seed, contestants on more and more texts, the sizes of a growth one after another.

At the first size and at the last, where it is all there is, both growths have the same texts and share their cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tain.core.errors import ConfigError
from tain.core.example import Corpus, Example
from tain.core.files import read_json, sha256_of, whole_file, write_json
from tain.evaluation.thresholds import fit_threshold
from tain.recipes.studies.contestants import run_contestant
from tain.recipes.studies.held_out import HeldOut
from tain.recipes.studies.leave_one_out import require_folders_apart, slug
from tain.recipes.studies.scaling.configuration import Growth, Scaling
from tain.recipes.studies.scaling.measures import measured
from tain.recipes.studies.scaling.mined import hardest_first
from tain.recipes.studies.scaling.texts import Pile, PileReader, grown

SETTINGS, FILES = "study.json", "sha256"
CANDIDATES = "(candidates)"
ALL = 0
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One training.

    Attributes:
        contestant: Its name.
        growth: How its texts were chosen; "both" where growths agree.
        seed: Of everything drawn.
        size: Texts asked for; 0 for all there are.
    """

    contestant: str
    growth: Growth | str
    seed: int
    size: int

    def file(self, output: Path) -> Path:
        """Where its measures lie, and its texts beside them.

        Args:
            output: Folder of the study.
        """
        name = f"n-{self.size}" if self.size else "all"
        return output / "cells" / slug(self.contestant) / self.growth / f"seed-{self.seed}" / f"{name}.json"


class ScalingStudy:
    """The trainings of a study. One that is done is never run again."""

    def __init__(self, study: Scaling, output: Path, *, is_quiet: bool = False) -> None:
        """Open the folder of a study, new or begun.

        Args:
            study: Its settings.
            output: Its folder; what is finished there is kept.
            is_quiet: No progress bars.

        Raises:
            ConfigError: If the folder holds a study with other settings.
            DataError: If a corpus cannot be used.
        """
        self.study, self.output, self.is_quiet = study, output, is_quiet
        require_folders_apart(study.contestants)
        hashes = {one.name: sha256_of(Path(one.file).expanduser()) for one in (*study.train, *study.tests)}
        settings = study.model_dump(mode="json") | {FILES: hashes}
        _require_same(output / SETTINGS, settings)
        write_json(output / SETTINGS, settings)
        self.reader = PileReader(study, is_quiet=is_quiet)

    def run(self, tell: Tell = lambda line: None) -> list[dict[str, Any]]:
        """Every measurement, running those that are missing.

        Args:
            tell: Told each training that is done.
        """
        for seed in self.study.seeds:
            steps = [step for step in self.steps() if step.seed == seed]
            if all(step.file(self.output).is_file() for step in steps):
                continue
            pile = self.reader.pile(seed)
            for step in steps:
                if not step.file(self.output).is_file():
                    self._run(step, pile)
                    tell(_line(read_json(step.file(self.output))))
        return [read_json(step.file(self.output)) for step in self.steps()]

    def steps(self) -> Iterator[Step]:
        """Every training, each after what it grows from."""
        for seed in self.study.seeds:
            for contestant in self.study.contestants:
                yield Step(contestant, "both", seed, self.study.sizes[0])
                for growth in self.study.growth:
                    for size in self.study.sizes[1:]:
                        yield Step(contestant, growth, seed, size)
                if self.study.has_all:
                    yield Step(contestant, "both", seed, ALL)

    def _run(self, step: Step, pile: Pile) -> None:
        train = self._texts(step, pile)
        others = _others(pile, train) if self._is_mined_from(step) else ()
        tests = {**pile.tests, **({CANDIDATES: Corpus(others)} if others else {})}
        part = HeldOut("the tests", Corpus(train), pile.human_calibration, tests, pile.n_repeats, 0)
        file = step.file(self.output)
        file.parent.mkdir(parents=True, exist_ok=True)
        scores = run_contestant(
            self.study.contestants[step.contestant], part, self.study.texts, seed=step.seed,
            folder=file.with_suffix(""), is_quiet=self.is_quiet,
        )  # fmt: skip
        threshold = fit_threshold(scores.calibration, target_fpr=self.study.target_fpr)
        if others:
            order = hardest_first(others, scores.tests[CANDIDATES], threshold=threshold)
            _write_ids(order, file.with_suffix(".hardest.parquet"))
        _write_ids(train, file.with_suffix(".train.parquet"))
        corpora = {
            name: measured(corpus, scores.tests[name], threshold=threshold, target_fpr=self.study.target_fpr)
            for name, corpus in pile.tests.items()
        }
        counts = {"n_train": len(train), "n_human": sum(example.label == "human" for example in train)}
        head = {"contestant": step.contestant, "growth": step.growth, "seed": step.seed, "size": step.size}
        write_json(file, head | counts | {"threshold": threshold, "corpora": corpora})

    def _texts(self, step: Step, pile: Pile) -> tuple[Example, ...]:
        if step.size == ALL:
            return pile.train
        if step.growth != "mined":
            return pile.begin(step.size)
        before = self._before(step)
        by_id = {example.id: example for example in pile.train}
        begun, order = (
            [by_id[name] for name in pl.read_parquet(before.with_suffix(suffix))["id"]]
            for suffix in (".train.parquet", ".hardest.parquet")
        )
        return grown(begun, order, step.size)

    def _before(self, step: Step) -> Path:
        """The smaller training whose errors say what is added."""
        place = self.study.sizes.index(step.size) - 1
        growth = "both" if place == 0 else step.growth
        return Step(step.contestant, growth, step.seed, self.study.sizes[place]).file(self.output)

    def _is_mined_from(self, step: Step) -> bool:
        is_grown = step.size in self.study.sizes[:-1]
        return "mined" in self.study.growth and step.growth in ("both", "mined") and is_grown


def _others(pile: Pile, train: tuple[Example, ...]) -> tuple[Example, ...]:
    known = {example.id for example in train}
    return tuple(example for example in pile.train if example.id not in known)


def _write_ids(examples: tuple[Example, ...], file: Path) -> None:
    with whole_file(file) as part:
        pl.DataFrame({"id": [example.id for example in examples]}).write_parquet(part)


def _require_same(file: Path, asked: dict[str, Any]) -> None:
    if not file.is_file():
        return
    known = read_json(file)
    # More seeds or contestants extend a study; anything else would make its trainings differ in kind.
    changed = [key for key in asked if key not in ("seeds", "contestants") and known.get(key) != asked[key]]
    old = known.get("contestants", {})
    changed += [f"contestants.{name}" for name, own in asked["contestants"].items() if old.get(name, own) != own]
    if changed:
        raise ConfigError(
            f"{file.parent} holds a study with other settings: {', '.join(changed)}. Use another --output."
        )


def _line(cell: dict[str, Any]) -> str:
    mean = sum(own["auroc"] for own in cell["corpora"].values()) / len(cell["corpora"])
    return (
        f"{cell['contestant']}, {cell['growth']}, {cell['n_train']:,} texts, seed {cell['seed']}: mean AUROC {mean:.3f}"
    )

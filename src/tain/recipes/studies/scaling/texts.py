"""The texts of one seed: what may be trained on, in the order in which random growth takes it, and what is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from tain.core.errors import DataError
from tain.core.example import Corpus, Example
from tain.corpora.reading import read_corpus
from tain.corpora.split import assign_split
from tain.detector.calibration import require_support
from tain.recipes.studies.held_out import (
    by_source,
    ended_examples,
    plain_examples,
    require_both,
    sample_examples,
    without_repeats,
)
from tain.recipes.studies.scaling.configuration import Scaling


@dataclass(frozen=True)
class Pile:
    """Everything there is under one seed.

    Attributes:
        train: Every text that may be trained on, group by group in drawn order.
        human_calibration: Human texts of other groups, which set the threshold.
        tests: Texts of each tested corpus.
        n_repeats: Training texts left out because they nearly repeat a test text.
    """

    train: tuple[Example, ...]
    human_calibration: tuple[str, ...]
    tests: Mapping[str, Corpus]
    n_repeats: int

    def begin(self, size: int) -> tuple[Example, ...]:
        """The first groups, whole, until there are so many texts.

        Args:
            size: Number of texts.
        """
        return grown((), self.train, size)


class PileReader:
    """All texts of a study, read and normalised once."""

    def __init__(self, study: Scaling, *, is_quiet: bool = False) -> None:
        """Read every corpus.

        Raises:
            DataError: If a file cannot be used.
        """
        self.study = study
        self.parts: dict[str, list[Example]] = {}
        for part, corpora in {"train": study.train, "tests": study.tests}.items():
            self.parts[part] = [
                example
                for corpus in corpora
                for example in plain_examples(
                    read_corpus([corpus.file], is_quiet=is_quiet), source=corpus.name, min_words=study.texts.min_words
                )
            ]

    def pile(self, seed: int) -> Pile:
        """The texts of a seed; tests are the same for all.

        Args:
            seed: Splits training from calibration texts by group, and draws both.

        Raises:
            DataError: If there is nothing to train or test on.
            ConfigError: If there are too few human texts for the threshold.
        """
        texts = self.study.texts
        shares = {"train": 1 - texts.calibration_share, "calibration": texts.calibration_share}
        places: dict[str, list[Example]] = {"train": [], "calibration": []}
        for example in self.parts["train"]:
            places[assign_split(example.group, seed=seed, shares=shares)].append(example)
        tests = sample_examples(self.parts["tests"], texts.n_test, 0)
        train, n_repeats = without_repeats(sample_examples(places["train"], texts.n_train, seed), tests)
        drawn = sample_examples((e for e in places["calibration"] if e.label == "human"), texts.n_calibration, seed)
        human, _ = without_repeats(drawn, [*train, *tests])
        require_both(train, "train", "the tests")
        require_both(tests, "test", "nothing")
        require_support(len(human), self.study.target_fpr)
        if self.study.sizes[-1] > len(train):
            raise DataError(
                f"sizes asks for {self.study.sizes[-1]:,} texts, but {len(train):,} may be trained on once calibration "
                "and what repeats a test text are left out. Lower it; has_all trains on all there are."
            )
        ordered = _by_group(train, seed)
        return Pile(ordered, tuple(ended_examples(human, texts).texts), by_source(tests, texts), n_repeats)


def grown(begun: Sequence[Example], order: Sequence[Example], size: int) -> tuple[Example, ...]:
    """What was begun and, of the others in order, whole groups until there are so many texts.

    Args:
        begun: Kept, in whole groups.
        order: Examples, those of a group one after another.
        size: Number of texts to reach; the last group may go beyond it.
    """
    known = {example.group for example in begun}
    found = list(begun)
    last = None
    for example in order:
        if example.group in known:
            continue
        if len(found) >= size and example.group != last:
            break
        found.append(example)
        last = example.group
    return tuple(found)


def _by_group(examples: Sequence[Example], seed: int) -> tuple[Example, ...]:
    def place(group: str) -> float:
        return float(np.random.default_rng([seed, crc32(group.encode())]).random())

    places = {group: place(group) for group in {example.group or example.id for example in examples}}
    return tuple(sorted(examples, key=lambda e: (places[e.group or e.id], e.group or e.id, e.id)))

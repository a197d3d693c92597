"""The texts of one held-out part: what is trained on, what sets the threshold, and what is tested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from tain.core.errors import ConfigError, DataError
from tain.core.example import Corpus, Example
from tain.corpora.lengths import count_words, cut_at_sentence
from tain.corpora.normalise import LATEST, get_normaliser
from tain.corpora.reading import read_corpus
from tain.corpora.similarity import HeldTexts
from tain.corpora.split import assign_split
from tain.detector.calibration import require_support
from tain.recipes.studies.configuration import LeaveOneOut, StudyTexts


@dataclass(frozen=True)
class HeldOut:
    """One part held out, under one seed.

    Attributes:
        name: The family or generator.
        train: Texts of everything else; no text of them nearly repeats a test text.
        human_calibration: Human texts of everything else, of other groups than `train`, none of which nearly repeats a
            text of `train` or a test text, as corpora share their human texts; they set the threshold.
        tests: Texts of the part held out, by corpus; of a generator, only corpora that it wrote for.
        n_repeats: Training texts left out because they nearly repeat a test text.
        n_known: Human texts that would have set the threshold but nearly repeat a training or a test text.
    """

    name: str
    train: Corpus
    human_calibration: tuple[str, ...]
    tests: Mapping[str, Corpus]
    n_repeats: int
    n_known: int


class StudyTextsReader:
    """All texts of a study, read and normalised once."""

    def __init__(self, study: LeaveOneOut, *, is_quiet: bool = False) -> None:
        """Read every corpus.

        Raises:
            DataError: If a file cannot be used.
            ConfigError: If `held` names what is not there.
        """
        self.study = study
        self.family = {corpus.name: corpus.family for corpus in study.corpora}
        self.examples: list[Example] = []
        for corpus in study.corpora:
            read = read_corpus([corpus.file], is_quiet=is_quiet)
            self.examples.extend(plain_examples(read, source=corpus.name, min_words=study.texts.min_words))
        self.held = self._held()

    def _held(self) -> tuple[str, ...]:
        by_generator = (e.generator or "unknown" for e in self.examples if e.label == "ai")
        known = self.study.families if self.study.hold_out == "family" else tuple(sorted(set(by_generator)))
        if strange := sorted(set(self.study.held) - set(known)):
            raise ConfigError(f"held names {strange}. Expected some of {list(known)}.")
        return self.study.held or known

    def part(self, name: str, *, seed: int) -> HeldOut:
        """The texts with one family or generator held out.

        Args:
            name: The family or generator.
            seed: Draws the split by group and the samples.

        Raises:
            DataError: If there is nothing to train or test on.
            ConfigError: If there are too few human texts for the threshold.
        """
        texts = self.study.texts
        shares = {"train": 1 - texts.calibration_share, "calibration": texts.calibration_share}
        pile: dict[str, list[Example]] = {"train": [], "calibration": [], "test": []}
        for example in self.examples:
            if (place := self._place(example, name, shares, seed)) is not None:
                pile[place].append(example)
        tests = sample_examples(self._of_tested_corpora(pile["test"]), texts.n_test, seed)
        train, n_repeats = without_repeats(sample_examples(pile["train"], texts.n_train, seed), tests)
        human, n_known = self._calibration(pile["calibration"], [*train, *tests], seed)
        require_both(train, "train", name)
        require_both(tests, "test", name)
        require_support(len(human), self.study.target_fpr)
        return HeldOut(
            name,
            Corpus(tuple(train)),
            tuple(ended_examples(human, texts).texts),
            by_source(tests, texts),
            n_repeats,
            n_known,
        )

    def _calibration(self, pile: list[Example], others: list[Example], seed: int) -> tuple[list[Example], int]:
        drawn = sample_examples((e for e in pile if e.label == "human"), self.study.texts.n_calibration, seed)
        return without_repeats(drawn, others)

    def _place(self, example: Example, held: str, shares: Mapping[str, float], seed: int) -> str | None:
        if self.study.hold_out == "family":
            if self.family[str(example.source)] == held:
                return "test"
            return assign_split(example.group, seed=seed, shares=shares)
        return self._place_by_generator(example, held, seed)

    def _of_tested_corpora(self, tests: list[Example]) -> list[Example]:
        """A corpus that has nothing by the generator held out has only human texts to test, which rank nothing."""
        if self.study.hold_out == "family":
            return tests
        sources = {example.source for example in tests if example.label == "ai"}
        return [example for example in tests if example.source in sources]

    def _place_by_generator(self, example: Example, held: str, seed: int) -> str | None:
        # The human texts have no generator: a share of their groups is tested, and nothing else of those groups used.
        share = self.study.texts.calibration_share
        place = assign_split(
            example.group, seed=seed, shares={"train": 1 - 2 * share, "calibration": share, "test": share}
        )
        is_held = example.label == "ai" and (example.generator or "unknown") == held
        if example.label == "human":
            return place
        return "test" if is_held and place == "test" else None if is_held or place == "test" else place


def plain_examples(corpus: Corpus, *, source: str, min_words: int) -> list[Example]:
    """The texts of a corpus normalised, each once, under names that no other corpus has.

    Args:
        corpus: As it was read.
        source: Name of the corpus.
        min_words: Shorter texts are left out.
    """
    normaliser = get_normaliser(LATEST)
    seen: set[str] = set()
    kept = []
    for example in corpus:
        text = normaliser.normalise(example.text).text
        if count_words(text) >= min_words and text not in seen:
            seen.add(text)
            group = f"{source}/{example.group or example.id}"
            kept.append(replace(example, id=f"{source}/{example.id}", text=text, group=group, source=source))
    return kept


def sample_examples(examples: Iterable[Example], n: int, seed: int) -> list[Example]:
    """The first n of each corpus and label in an order drawn by seed and id, whatever the order of the file."""
    ordered = sorted(examples, key=lambda e: np.random.default_rng([seed, crc32(e.id.encode())]).random())
    counts: dict[tuple[str | None, str | None], int] = {}
    kept = []
    for example in ordered:
        key = (example.source, example.label)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= n:
            kept.append(example)
    return kept


def without_repeats(examples: list[Example], others: list[Example]) -> tuple[list[Example], int]:
    """The examples that nearly repeat none of the others, and how many did.

    Args:
        examples: To keep or leave out.
        others: What must not be repeated.
    """
    held = HeldTexts()
    held.add([example.text for example in others])
    is_near = held.are_near([example.text for example in examples])
    kept = [example for example, near in zip(examples, is_near, strict=True) if not near]
    return kept, len(examples) - len(kept)


def ended_examples(examples: Iterable[Example], texts: StudyTexts) -> Corpus:
    """Ended at a sentence: where corpora stop their human texts must not tell."""
    return Corpus(
        tuple(replace(e, text=cut_at_sentence(e.text, texts.test_words, at_least=texts.min_words)) for e in examples)
    )


def by_source(tests: list[Example], texts: StudyTexts) -> dict[str, Corpus]:
    """Test texts by corpus, ended at a sentence.

    Args:
        tests: Of all corpora.
        texts: How they end.
    """
    names = dict.fromkeys(str(example.source) for example in tests)
    return {name: ended_examples((e for e in tests if e.source == name), texts) for name in names}


def require_both(examples: list[Example], what: str, name: str) -> None:
    """Refuse texts of one class.

    Raises:
        DataError: Naming the class that is missing.
    """
    for label in ("human", "ai"):
        if not any(example.label == label for example in examples):
            raise DataError(f"With {name} held out there is no {label} text to {what} on. Add a corpus that has some.")

"""The texts of a mining, prepared once: what is trained on from the start, what mirrors come from, what judges."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from tain.core.errors import ConfigError
from tain.core.example import Example
from tain.core.files import read_json, whole_folder, write_json
from tain.corpora.lengths import count_words
from tain.corpora.normalise import LATEST, get_normaliser
from tain.corpora.sampling import sample_per_domain
from tain.corpora.similarity import HeldTexts
from tain.corpora.split import assign_split
from tain.detector.calibration import require_support
from tain.detector.settings import MIN_WORDS
from tain.mining.active import read_labels
from tain.mining.control import CALIBRATION, CONTROL, GUARD, HELD, MEASUREMENT, part_again, require_apart
from tain.recipes.mine.configuration import MineSettings
from tain.recipes.mine.example_file import load_examples, write_examples
from tain.recipes.mine.guard import read_guard
from tain.recipes.mine.pool import Pool
from tain.recipes.reading import read, read_beside, set_aside_name

TRAIN, VALID, VALID_AI, BANK = "train", "valid", "valid_ai", "bank"
FURTHER = ("unlabelled", "ngram_train")
"""Settings of the corpus that name texts beside those with which a training begins."""
COUNTS, LABELLED_IDS = "counts.json", "labelled.json"
_COMPARED_AT_ONCE = 256


@dataclass(frozen=True)
class PreparedTexts:
    """The folder of the prepared texts.

    Attributes:
        folder: One Parquet file for each part.
        counts: What was kept and what was left out, by reason.
    """

    folder: Path
    counts: Mapping[str, int]

    def file(self, part: str) -> Path:
        """The Parquet file of a part."""
        return self.folder / f"{part}.parquet"

    @cached_property
    def held(self) -> dict[str, list[Example]]:
        """The human texts that nothing is trained on, by part."""
        return {part: load_examples(self.file(part)) for part in HELD}

    @cached_property
    def guard(self) -> list[Example]:
        """Human texts of kinds that are not mined; there may be none."""
        file = self.file(GUARD)
        return load_examples(file) if file.is_file() else []

    @cached_property
    def valid_ai(self) -> list[Example]:
        """The AI texts that fix the true positive rate."""
        return load_examples(self.file(VALID_AI))

    @cached_property
    def bank(self) -> list[Example]:
        """AI texts that nothing was trained on at first, by id."""
        return sorted(load_examples(self.file(BANK)), key=lambda example: example.id)

    def set_aside(self) -> dict[Path, int]:
        """Files of rows that cannot be used, and how many each has; none where a mining stops at them."""
        files = sorted(self.folder.glob(set_aside_name("*")))
        return {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}

    def labelled_ids(self) -> set[str]:
        """Ids of texts that people have labelled or dropped, as they stand in the pool."""
        return set(read_json(self.folder / LABELLED_IDS))

    @cached_property
    def judges(self) -> HeldTexts:
        """Every text that judges: what nearly repeats one must not be trained on."""
        return held_texts({**self.held, GUARD: self.guard}, self.valid_ai)


def held_texts(held: Mapping[str, Iterable[Example]], valid_ai: Iterable[Example]) -> HeldTexts:
    """All texts that judge, ready to be compared with.

    Args:
        held: Human texts, by part.
        valid_ai: AI texts.
    """
    texts = HeldTexts()
    normaliser = get_normaliser(LATEST)
    for examples in (*held.values(), valid_ai):
        texts.add(normaliser.normalise(example.text).text for example in examples)
    return texts


def prepare(settings: MineSettings, folder: Path, *, is_quiet: bool = False) -> PreparedTexts:
    """The prepared texts; what the folder holds already is used as it is.

    Args:
        settings: What to read and how to split it.
        folder: Appears when complete.
        is_quiet: No progress bars.

    Raises:
        ConfigError: If there are too few human texts for the operating point, or none to take mirrors from.
        DataError: If a file cannot be used.
    """
    if not (folder / COUNTS).is_file():
        with whole_folder(folder) as part:
            counts = _Preparation(settings, part, is_quiet=is_quiet).run()
            write_json(part / COUNTS, dict(counts))
    return PreparedTexts(folder, read_json(folder / COUNTS))


class _Preparation:
    def __init__(self, settings: MineSettings, folder: Path, *, is_quiet: bool) -> None:
        self.settings, self.run_config, self.mining = settings, settings.run, settings.mining
        self.folder, self.is_quiet = folder, is_quiet
        self.corpus = settings.run.corpus
        self.normaliser = get_normaliser(self.corpus.normaliser)
        self.counts: Counter[str] = Counter()
        self.trained: set[bytes] = set()
        self.labelled = [read_labels(Path(file)) for file in self.mining.labelled]

    def run(self) -> Counter[str]:
        held = self._held()
        valid = list(self._valid())
        valid_ai = list(self._valid_ai(valid))
        guard = read_guard(self.settings, held, self.counts, folder=self.folder, is_quiet=self.is_quiet)
        self.judges = held_texts({**held, GUARD: guard}, valid_ai if self.mining.valid_ai else ())
        self.judged_groups = {example.group for example in (*valid_ai, *guard) if example.group != example.id}
        for name, examples in {**held, GUARD: guard, VALID: valid, VALID_AI: valid_ai}.items():
            self.counts[name] = write_examples(self.folder / f"{name}.parquet", examples)
        bank: list[Example] = []
        self.counts[TRAIN] = write_examples(self.folder / f"{TRAIN}.parquet", self._train(bank))
        for part in FURTHER:
            if getattr(self.corpus, part):
                self.counts[part] = write_examples(self.folder / f"{part}.parquet", self._further(part))
        if self.mining.mirror_files:
            bank = list(self._from_mirror_files())
        write_json(self.folder / LABELLED_IDS, sorted(self._labelled_ids()))
        self.counts[BANK] = write_examples(self.folder / f"{BANK}.parquet", bank)
        if self.mining.mirrors == "nearest" and self.mining.n_rounds and not bank:
            raise ConfigError(
                "There is no AI text to stand in for a mirror: all those of --train are trained on from the start. "
                "Give others with --mirror-file FILE, leave some over with --set corpus.max_per_domain=N, or use "
                "--mirrors none."
            )
        return self.counts

    def _held(self) -> dict[str, list[Example]]:
        found, counts = Pool(self.settings, self.folder, is_quiet=self.is_quiet).held()
        self.counts += counts
        long = {part: [e for e in found.get(part, []) if self._n_words(e) >= MIN_WORDS] for part in HELD}
        held, n_repeats = part_again(long)
        self.counts["pool: repeats of texts that judge"] = n_repeats
        require_apart(held)
        try:
            require_support(len(held[CALIBRATION]), self.mining.target_fpr)
        except ConfigError as error:
            raise ConfigError(
                f"Of the pool's {sum(counts.values()):,} texts {len(held[CALIBRATION]):,} are left to calibrate on. "
                f"{error} Give a larger --pool, a larger share in the table mining.shares, or a higher --fpr."
            ) from error
        for part in (CONTROL, MEASUREMENT):
            if not held[part]:
                raise ConfigError(
                    f"No text of the pool is left for {part}. Give a larger --pool, or other shares in mining.shares."
                )
        return held

    def _valid(self) -> Iterator[Example]:
        if self.corpus.valid:
            yield from self._read(VALID)
        else:
            yield from (example for example in self._read(TRAIN) if self._is_split_off(example))

    def _is_split_off(self, example: Example) -> bool:
        share = self.corpus.valid_share
        group = example.group or example.id
        # Seed, names and shares as in a training, so that both split the same texts off.
        shares = {"train": 1 - share, "valid": share}
        return not self.corpus.valid and assign_split(group, seed=self.run_config.seed, shares=shares) == "valid"

    def _valid_ai(self, valid: Iterable[Example]) -> Iterator[Example]:
        found = list(self._ai_of(self.mining.valid_ai, VALID_AI)) if self.mining.valid_ai else valid
        yield from (e for e in found if e.label == "ai" and self._n_words(e) >= MIN_WORDS)

    def _train(self, bank: list[Example]) -> Iterator[Example]:
        chosen = self._chosen()
        for example in self._apart(self._train_rows(self.counts)):
            if chosen is None or example.id in chosen:
                self.trained.add(_digest(example.text))
                yield example
            elif example.label == "ai" and self.mining.mirrors == "nearest" and not self.mining.mirror_files:
                bank.append(example)
            else:
                self.counts["train: over max_per_domain"] += 1
        yield from self._apart(self._labelled())

    def _further(self, part: str) -> Iterator[Example]:
        for example in self._apart(self._read(part)):
            if example.group in self.judged_groups:
                self.counts[f"{part}: group of a text that judges"] += 1
            else:
                yield example

    def _chosen(self) -> set[str] | None:
        cap = self.corpus.max_per_domain
        if cap is None:
            return None
        rows = (replace(example, text="") for example in self._train_rows(Counter()))
        return {example.id for example in sample_per_domain(rows, cap=cap, seed=self.run_config.seed)}

    def _train_rows(self, counts: Counter[str]) -> Iterator[Example]:
        for example in self._read(TRAIN):
            if self._is_split_off(example):
                continue
            if self._n_words(example) < self.corpus.min_words:
                counts["train: too short"] += 1
            elif example.group in self.judged_groups:
                counts["train: group of a text that judges"] += 1
            else:
                yield example

    def _labelled(self) -> Iterator[Example]:
        for labelled in self.labelled:
            for example in labelled.examples:
                self.counts[f"labelled: {example.label}"] += 1
                yield replace(example, id=f"labelled:{example.id}")

    def _labelled_ids(self) -> set[str]:
        return {name for own in self.labelled for name in (*own.dropped, *(example.id for example in own.examples))}

    def _from_mirror_files(self) -> Iterator[Example]:
        if self.mining.mirrors != "nearest":
            return
        for example in self._apart(self._ai_of(self.mining.mirror_files, BANK)):
            if example.group in self.judged_groups:
                self.counts["mirror files: group of a text that judges"] += 1
            elif _digest(example.text) not in self.trained and self._n_words(example) >= self.corpus.min_words:
                self.trained.add(_digest(example.text))  # two copies are one stand-in
                yield example

    def _apart(self, examples: Iterable[Example]) -> Iterator[Example]:
        """Without near repeats of a text that judges."""
        rows = iter(examples)
        while chunk := list(islice(rows, _COMPARED_AT_ONCE)):
            near = self.judges.are_near([self.normaliser.normalise(example.text).text for example in chunk])
            self.counts["train: repeats a text that judges"] += sum(near)
            yield from (example for example, is_near in zip(chunk, near, strict=True) if not is_near)

    def _ai_of(self, files: tuple[str, ...], part: str) -> Iterator[Example]:
        aside = self.folder / set_aside_name(part)
        rows = read_beside(files, self.corpus, default_label="ai", set_aside=aside, is_quiet=self.is_quiet)
        return (example for example in rows if example.label == "ai")

    def _read(self, part: str) -> Iterator[Example]:
        return read(
            getattr(self.corpus, part),
            self.corpus,
            set_aside=self.folder / set_aside_name(part),
            is_labelled=part != "unlabelled",
            is_quiet=self.is_quiet,
        )

    def _n_words(self, example: Example) -> int:
        return count_words(self.normaliser.normalise(example.text).text)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.casefold().encode("utf-8", "surrogatepass"), digest_size=12).digest()

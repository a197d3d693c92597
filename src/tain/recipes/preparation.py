"""From labelled texts to token rows: normalised, kept apart by group, words and likeness, cut to like lengths."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias

import numpy as np

from tain.core.errors import ConfigError, DataError
from tain.core.example import DETECTION, Example
from tain.core.progress import progress
from tain.corpora.excerpts import training_excerpt
from tain.corpora.lengths import count_words
from tain.corpora.normalise import get_normaliser
from tain.corpora.sampling import sample_per_domain
from tain.corpora.similarity import HeldTexts
from tain.corpora.split import assign_split
from tain.detector.ngrams import NgramModel
from tain.evaluation.overlap import Hashes, text_hash
from tain.models import Backbone
from tain.recipes.configuration import CorpusConfig
from tain.recipes.network_teacher import NetworkTeacher, require_same_labels, teacher_folder
from tain.recipes.reading import read, set_aside_name
from tain.recipes.teacher import out_of_fold_logits
from tain.training.store import UNLABELLED, TokenRow

Cut: TypeAlias = tuple[Example, str, int]
Taught: TypeAlias = tuple[Example, str, int, Sequence[float]]

VERSION = 2
"""Goes up when the same texts and settings give other tokens, so that no store made before is used again."""

TOKENISED_AT_ONCE = 256
COMPARED_AT_ONCE = 256
TAUGHT_AT_ONCE = 1024
NGRAM_VIEWS = 3
"""Cuts of each text that n-grams are fitted to: a second and third cost a linear model little, and it ranks better."""


class Preparation:
    """One pass over the files for each part, validation first, counting what happens to the texts.

    No text stands in both parts: neither by its group nor by its words. The validation part keeps it.
    """

    def __init__(
        self, config: CorpusConfig, backbone: Backbone, *, seed: int, folder: Path, is_quiet: bool = False
    ) -> None:
        """Read nothing yet.

        Args:
            config: What to read and how.
            backbone: Its tokenizer and labels.
            seed: Draws the split and the cuts.
            folder: Gets the rows that cannot be used, where they are set aside.
            is_quiet: No progress bars.

        Raises:
            ConfigError: If n-grams are asked for and the labels are other than human and ai; if there are texts
                without labels and no teacher, or a teacher of other labels.
        """
        self.config, self.backbone, self.seed, self.folder, self.is_quiet = config, backbone, seed, folder, is_quiet
        self.labels = backbone.labels
        self._require_labels_for_ngrams()
        self._teacher = self._find_teacher()
        self.normaliser = get_normaliser(config.normaliser)
        self.counts: Counter[str] = Counter()
        self.texts: list[str] = []
        self.label_ids: list[int] = []
        self._seen: set[bytes] = set()
        self._groups: set[bytes] = set()  # of validation rows
        self._joined: set[bytes] = set()  # those of rows that have another's id as group
        self._held = HeldTexts()
        self._hashes = array("Q")

    def rows(self, part: str) -> Iterator[TokenRow]:
        """Tokenised cuts of the texts of a part."""
        cuts = self._cuts(part, n_views=self.config.n_views if part == "train" else 1)
        if part == "train" and self.config.unlabelled:
            cuts = chain(cuts, self._cuts("unlabelled", n_views=self.config.n_views))
        taught = self._taught(cuts) if part == "train" and self.config.teacher else ((*cut, ()) for cut in cuts)
        with progress(f"tokenising {part}", None, is_quiet=self.is_quiet) as advance:
            while chunk := list(islice(taught, TOKENISED_AT_ONCE)):
                ids = self.backbone.tokenizer(
                    [text for _, text, _, _ in chunk], truncation=True, max_length=self.backbone.max_tokens
                )["input_ids"]
                for (example, _, view, teacher), row in zip(chunk, ids, strict=True):
                    yield TokenRow(row, self._class_of(example), example.domain, view, teacher)
                advance(len(chunk))

    @property
    def seen(self) -> Hashes:
        """The hash of every text of the parts that were read, rising and each once."""
        return np.unique(np.array(self._hashes, dtype=np.uint64))

    def fit_ngrams(self) -> NgramModel:
        """The n-grams of the training part, once its rows were read, and of what is for them alone."""
        further = self._texts("ngram_train") if self.config.ngram_train else iter(())
        for example, text in self._apart(further, "ngram_train"):
            self.counts[f"ngram_train: {example.label}"] += 1
            self._hashes.append(text_hash(text))
            for view in range(NGRAM_VIEWS):
                self._count_ngrams(example, text, view=view)
        return NgramModel.fit(self.texts, self.label_ids, share=self.config.ngram_share, seed=self.seed)

    def _require_labels_for_ngrams(self) -> None:
        if self.config.ngram_train and not self.config.ngram_share:
            raise ConfigError(
                "corpus.ngram_train names texts for n-grams, and there are none while corpus.ngram_share is 0. Set it, "
                "to 3 as the detector that ships has it, or leave corpus.ngram_train out."
            )
        if self.config.ngram_share and self.labels != DETECTION:
            raise ConfigError(
                f"corpus.ngram_share is {self.config.ngram_share}, which is for detectors of AI text, and the labels "
                f"are {', '.join(self.labels.names)}. Leave it out."
            )

    def _find_teacher(self) -> Path | None:
        """The folder of a network as teacher, if one is named."""
        if self.config.unlabelled and not self.config.teacher:
            raise ConfigError(
                f"corpus.unlabelled names {', '.join(self.config.unlabelled)}, and there is no teacher to learn from "
                "there. Set corpus.teacher to a trained Run or a classical model."
            )
        folder = teacher_folder(self.config.teacher) if self.config.teacher else None
        if folder is not None:
            require_same_labels(folder, self.labels)
        return folder

    def _class_of(self, example: Example) -> int:
        return UNLABELLED if example.label is None else self.labels.index(example.label)

    def _taught(self, cuts: Iterator[Cut]) -> Iterator[Taught]:
        """Every cut with what the teacher says of it."""
        return self._taught_in_folds(cuts) if self._teacher is None else self._taught_by_network(cuts, self._teacher)

    def _taught_by_network(self, cuts: Iterator[Cut], folder: Path) -> Iterator[Taught]:
        teacher = NetworkTeacher(folder, self.labels)
        with progress("teacher", None, is_quiet=self.is_quiet) as advance:
            while chunk := list(islice(cuts, TAUGHT_AT_ONCE)):
                logits = teacher.logits([text for _, text, _ in chunk], advance=advance)
                for cut, row in zip(chunk, logits, strict=True):
                    yield (*cut, row.tolist())

    def _taught_in_folds(self, cuts: Iterator[Cut]) -> Iterator[Taught]:
        # Folds need all texts at once, so they are held in memory.
        held = list(cuts)
        logits = out_of_fold_logits(
            str(self.config.teacher),
            [text for _, text, _ in held],
            [self._class_of(example) for example, _, _ in held],
            [example.group or example.id for example, _, _ in held],
            seed=self.seed,
            is_quiet=self.is_quiet,
        )
        for cut, row in zip(held, logits, strict=True):
            yield (*cut, row.tolist())

    def require_all_labels(self) -> None:
        """Return only if both parts hold every class.

        Raises:
            DataError: With the counts.
        """
        for part in ("train", "valid"):
            for name in self.labels.names:
                if not self.counts[f"{part}: {name}"]:
                    raise DataError(
                        f"The {part} part holds no {name} text of {self.config.min_words} words or more "
                        f"(counts: {dict(self.counts)}). Give texts of every class, or lower corpus.min_words."
                    )

    def _cuts(self, part: str, *, n_views: int) -> Iterator[Cut]:
        for example, text in self._apart(self._texts(part), part):
            self.counts[f"{part}: {example.label}" if example.label else "train: unlabelled"] += 1
            self._hashes.append(text_hash(text))
            is_counted = part == "train" and self.config.ngram_share > 0
            for view in range(max(n_views, NGRAM_VIEWS if is_counted else 0)):
                cut = self._count_ngrams(example, text, view=view) if is_counted else self._cut(example, text, view)
                if view < n_views:
                    yield example, cut, view

    def _count_ngrams(self, example: Example, text: str, *, view: int) -> str:
        cut = self._cut(example, text, view)
        self.texts.append(cut)
        self.label_ids.append(self.labels.index(str(example.label)))
        return cut

    def _cut(self, example: Example, text: str, view: int) -> str:
        low, high = self.config.cut_low, self.config.cut_high
        return training_excerpt(text, example.id, seed=self.seed, view=view, low=low, high=high)

    def _apart(self, pairs: Iterator[tuple[Example, str]], part: str) -> Iterator[tuple[Example, str]]:
        """Without near repeats of validation texts, which are held in memory for it."""
        if not self.config.near_duplicates:
            yield from pairs
            return
        while chunk := list(islice(pairs, COMPARED_AT_ONCE)):
            texts = [text for _, text in chunk]
            if part == "valid":
                self._held.add(texts)
                yield from chunk
                continue
            for pair, is_near in zip(chunk, self._held.are_near(texts), strict=True):
                if is_near:
                    self.counts[f"{part}: near repeat of a validation text"] += 1
                else:
                    yield pair

    def _texts(self, part: str) -> Iterator[tuple[Example, str]]:
        for example in self._capped(part):
            text = self.normaliser.normalise(example.text).text
            if not self._is_left_out(text, part):
                yield example, text

    def _is_left_out(self, text: str, part: str) -> bool:
        if count_words(text) < self.config.min_words:
            self.counts[f"{part}: too short"] += 1
            return True
        digest = _digest(text.casefold())
        if digest in self._seen:
            self.counts[f"{part}: same text again"] += 1
            return True
        self._seen.add(digest)
        return False

    def _capped(self, part: str) -> Iterator[Example]:
        cap = self.config.max_per_domain
        if cap is None or part != "train":
            yield from self._examples(part, self.counts)
            return
        # One pass chooses and another reads, so that memory holds what is kept without its text.
        long = (e for e in self._examples(part, Counter()) if count_words(e.text) >= self.config.min_words)
        chosen = {e.id for e in sample_per_domain((replace(e, text="") for e in long), cap=cap, seed=self.seed)}
        for example in self._examples(part, self.counts):
            # What is too short was no candidate, and is counted as such further on.
            if example.id in chosen or count_words(example.text) < self.config.min_words:
                yield example
            else:
                self.counts[f"{part}: over max_per_domain"] += 1

    def _examples(self, part: str, counts: Counter[str]) -> Iterator[Example]:
        if part == "valid":
            for example in self._read("valid") if self.config.valid else self._share("valid"):
                if self.config.valid or self.config.unlabelled or self.config.ngram_train:
                    self._note_group(example)
                yield example
        elif part == "train" and not self.config.valid:
            yield from self._share("train")
        else:
            for example in self._read(part):
                if self._is_validated_on(example):
                    counts[f"{part}: group is validated on"] += 1
                else:
                    yield example

    def _note_group(self, example: Example) -> None:
        digest = _digest(example.group)
        self._groups.add(digest)
        if example.group != example.id:
            self._joined.add(digest)

    def _is_validated_on(self, example: Example) -> bool:
        # A row without a group has its id for one. Ids may be mere numbers, so that of two such rows says nothing.
        groups = self._groups if example.group != example.id else self._joined
        return _digest(example.group) in groups

    def _share(self, part: str) -> Iterator[Example]:
        share = self.config.valid_share
        for example in self._read("train"):
            group = example.group or example.id
            if assign_split(group, seed=self.seed, shares={"train": 1 - share, "valid": share}) == part:
                yield example

    def _read(self, source: str) -> Iterator[Example]:
        paths: tuple[str, ...] = getattr(self.config, source)
        # A file of its own for what was named as each, however often that is read.
        file = self.folder / set_aside_name(source)
        return read(paths, self.config, set_aside=file, is_labelled=source != "unlabelled", is_quiet=self.is_quiet)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).digest()

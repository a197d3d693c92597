"""From files to tokenised texts on disk: read, normalised, split by group, cut to like lengths."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from zlib import crc32

import numpy as np

from tain.core.errors import DataError
from tain.core.example import Example
from tain.core.files import sha256_of, whole_folder, write_json
from tain.core.progress import progress
from tain.corpora.excerpts import excerpt
from tain.corpora.lengths import count_words
from tain.corpora.normalise import get_normaliser
from tain.corpora.split import assign_split
from tain.models import Backbone
from tain.recipes.configuration import CorpusConfig
from tain.recipes.reading import read
from tain.training.store import TokenRow, TokenStore, build_store

TOKENISED_AT_ONCE = 256


@dataclass(frozen=True)
class TokenisedCorpus:
    """What a training reads.

    Attributes:
        train: Texts to learn from.
        valid: Texts to judge by.
        counts: What was kept and what was left out, by reason.
        sha256: Hash of the files read, by path.
    """

    train: TokenStore
    valid: TokenStore
    counts: dict[str, int]
    sha256: dict[str, str]


def tokenise(
    config: CorpusConfig, backbone: Backbone, *, cache: Path, seed: int, is_quiet: bool = False
) -> TokenisedCorpus:
    """Tokenised texts for a training; what the cache holds for the same files and settings is used again.

    No text stands in both parts, neither by group nor, once normalised, by its words: the validation part keeps it.

    Args:
        config: What to read and how.
        backbone: Its tokenizer and labels.
        cache: Folder of finished stores.
        seed: Draws the split and the cuts.
        is_quiet: No progress bar.

    Raises:
        DataError: If a file cannot be used, or a class has no text.
    """
    hashes = _hashes([*config.train, *config.valid])
    folder = cache / _key(config, backbone, hashes, seed)
    if not (folder / "counts.json").is_file():
        _build(_Preparation(config, backbone, seed, is_quiet), folder)
    counts = json.loads((folder / "counts.json").read_text(encoding="utf-8"))
    nothing: Iterable[TokenRow] = ()
    return TokenisedCorpus(
        build_store(folder / "train", nothing), build_store(folder / "valid", nothing), counts, hashes
    )


def _hashes(paths: Iterable[str]) -> dict[str, str]:
    hashes: dict[str, str] = {}
    for path in map(Path, paths):
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        # A Hub id has no file here; `datasets` pins what it fetched.
        hashes |= {str(file): sha256_of(file) for file in files if file.is_file()}
    return hashes


def _key(config: CorpusConfig, backbone: Backbone, hashes: dict[str, str], seed: int) -> str:
    vocabulary = hashlib.sha256(json.dumps(backbone.tokenizer.get_vocab(), sort_keys=True).encode()).hexdigest()
    parts = [config.model_dump(mode="json"), hashes, backbone.max_tokens, vocabulary, seed]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


def _build(preparation: _Preparation, folder: Path) -> None:
    seen: set[bytes] = set()
    # All or nothing: counts and repeats of a part are only known while it is made.
    with whole_folder(folder) as part:
        build_store(part / "valid", preparation.rows("valid", seen=seen))
        build_store(part / "train", preparation.rows("train", seen=seen))
        preparation.require_all_labels()
        write_json(part / "counts.json", dict(preparation.counts))


class _Preparation:
    """One pass over the files for each part, counting what happens to the texts."""

    def __init__(self, config: CorpusConfig, backbone: Backbone, seed: int, is_quiet: bool) -> None:
        self.config, self.backbone, self.seed, self.is_quiet = config, backbone, seed, is_quiet
        self.labels = backbone.labels
        self.normaliser = get_normaliser(config.normaliser)
        self.counts: Counter[str] = Counter()

    def rows(self, part: str, *, seen: set[bytes]) -> Iterator[TokenRow]:
        """Tokenised cuts of the texts of a part; `seen` grows by their hashes."""
        n_views = self.config.n_views if part == "train" else 1
        cuts = self._cuts(part, n_views=n_views, seen=seen)
        with progress(f"tokenising {part}", None, is_quiet=self.is_quiet) as advance:
            while chunk := list(islice(cuts, TOKENISED_AT_ONCE)):
                ids = self.backbone.tokenizer(
                    [text for _, text, _ in chunk], truncation=True, max_length=self.backbone.max_tokens
                )["input_ids"]
                for (example, _, view), row in zip(chunk, ids, strict=True):
                    yield TokenRow(row, self.labels.index(str(example.label)), example.domain, view)
                advance(len(chunk))

    def _cuts(self, part: str, *, n_views: int, seen: set[bytes]) -> Iterator[tuple[Example, str, int]]:
        low, high = self.config.cut_low, self.config.cut_high
        for example in self._examples(part):
            text = self.normaliser.normalise(example.text).text
            if self._is_left_out(text, part, seen):
                continue
            self.counts[f"{part}: {example.label}"] += 1
            for view in range(n_views):
                rng = np.random.default_rng([self.seed, view, crc32(example.id.encode("utf-8", "replace"))])
                yield example, excerpt(text, rng, low=low, high=high), view

    def _examples(self, part: str) -> Iterator[Example]:
        if self.config.valid:
            yield from read(self.config.valid if part == "valid" else self.config.train, self.config)
            return
        share = self.config.valid_share
        for example in read(self.config.train, self.config):
            group = example.group or example.id
            if assign_split(group, seed=self.seed, shares={"train": 1 - share, "valid": share}) == part:
                yield example

    def _is_left_out(self, text: str, part: str, seen: set[bytes]) -> bool:
        if count_words(text) < self.config.min_words:
            self.counts[f"{part}: too short"] += 1
            return True
        digest = hashlib.blake2b(text.casefold().encode("utf-8", "replace"), digest_size=12).digest()
        if digest in seen:
            self.counts[f"{part}: same text again"] += 1
            return True
        seen.add(digest)
        return False

    def require_all_labels(self) -> None:
        for part in ("train", "valid"):
            for name in self.labels.names:
                if not self.counts[f"{part}: {name}"]:
                    raise DataError(
                        f"The {part} part holds no {name} text of {self.config.min_words} words or more "
                        f"(counts: {dict(self.counts)}). Give texts of every class, or lower corpus.min_words."
                    )

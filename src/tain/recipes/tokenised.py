"""Tokenised texts on disk: made once for the same files, settings and tokenizer, then used again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tain.core.files import read_json, sha256_of, whole_folder, write_json
from tain.corpora.hub import hub_revision
from tain.corpora.places import find_places
from tain.detector.ngrams import NGRAMS, NgramModel, read_ngrams, write_ngrams
from tain.detector.seen import SEEN, UNKNOWN, Seen, read_seen, write_seen
from tain.evaluation.hashed_tfidf import NGRAM_BLOCKS
from tain.models import Backbone
from tain.recipes.configuration import CorpusConfig
from tain.recipes.network_teacher import teacher_folder, teacher_sha256
from tain.recipes.preparation import NGRAM_VIEWS, VERSION, Preparation
from tain.recipes.reading import set_aside_name
from tain.training.store import TokenStore, build_store, open_store

PARTS = ("valid", "train")
SOURCES = (*PARTS, "unlabelled", "ngram_train")
COUNTS = "counts.json"
UNKNOWN_REVISION = "unknown"
NGRAM_MODELS = "ngrams-"


@dataclass(frozen=True)
class TokenisedCorpus:
    """What a training reads.

    Attributes:
        train: Texts to learn from.
        valid: Texts to judge by.
        counts: What was kept and what was left out, by reason.
        sha256: Hash of the files read, by path, a network as teacher included; of Hub data sets the commit.
        set_aside: Files of the rows that cannot be used, where there were some.
        seen: Hashes of the texts in both parts.
        ngrams: What stands beside the network, where corpus.ngram_share asks for it.
    """

    train: TokenStore
    valid: TokenStore
    counts: dict[str, int]
    sha256: dict[str, str]
    set_aside: tuple[Path, ...] = ()
    seen: Seen = UNKNOWN
    ngrams: NgramModel | None = None


def hash_corpus(config: CorpusConfig) -> dict[str, str]:
    """The sha256 of every file that is read, by path; of a Hub data set its commit, "unknown" if the Hub is silent.

    A network as teacher counts as one file, under the name it was given.

    Args:
        config: Names the files.

    Raises:
        DataError: If a file is not there.
        ConfigError: If the teacher is a path without a trained model.
    """
    found = {
        place.name: sha256_of(place.path) if place.path else hub_revision(place.name) or UNKNOWN_REVISION
        for place in find_places([*config.train, *config.valid, *config.unlabelled, *config.ngram_train], labels=None)
    }
    if config.teacher and (folder := teacher_folder(config.teacher)):
        found[config.teacher] = teacher_sha256(folder)
    return found


def tokenise(
    config: CorpusConfig,
    backbone: Backbone,
    *,
    cache: Path,
    seed: int,
    sha256: Mapping[str, str] | None = None,
    is_builder: bool = True,
    is_quiet: bool = False,
) -> TokenisedCorpus:
    """Tokenised texts for a training; what the cache holds for the same files and settings is used again.

    No text stands in both parts, neither by group nor, once normalised, by its words: the validation part keeps it.

    Args:
        config: What to read and how.
        backbone: Its tokenizer and labels.
        cache: Folder of finished stores.
        seed: Draws the split and the cuts.
        sha256: What `hash_corpus` gave; None reads the files for it.
        is_builder: May make a store again that is there; of several processes the first one alone may.
        is_quiet: No progress bars.

    Raises:
        DataError: If a file cannot be used, or a class has no text.
    """
    hashes = dict(hash_corpus(config) if sha256 is None else sha256)
    folder = cache / _key(config, backbone, hashes, seed)
    # A data set whose commit nobody knows may have changed since its tokens were stored.
    is_doubtful = UNKNOWN_REVISION in hashes.values() and is_builder
    if is_doubtful or not _is_whole(folder):
        _build(config, backbone, folder, seed=seed, is_quiet=is_quiet)
    aside = tuple(file for part in SOURCES if (file := folder / set_aside_name(part)).is_file())
    train, valid = open_store(folder / "train"), open_store(folder / "valid")
    return TokenisedCorpus(
        train, valid, read_json(folder / COUNTS), hashes, aside, read_seen(folder), read_ngrams(folder)
    )


def _is_whole(folder: Path) -> bool:
    # A store of a tain that did not note which texts it holds is made again.
    return all((folder / name).is_file() for name in (COUNTS, SEEN))


def _key(config: CorpusConfig, backbone: Backbone, hashes: dict[str, str], seed: int) -> str:
    rules = _rules(backbone.tokenizer)
    settings = config.model_dump(mode="json")
    for name in ("unlabelled", "ngram_train"):  # no settings yet when most stores were made
        if not settings[name]:
            del settings[name]
    parts = [VERSION, settings, hashes, backbone.max_tokens, backbone.labels.names, rules, seed]
    if config.ngram_train:
        parts.append(NGRAM_VIEWS)
    if config.ngram_share or str(config.teacher).startswith(NGRAM_MODELS):
        parts.append(list(NGRAM_BLOCKS))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


def _rules(tokenizer: Any) -> dict[str, object]:  # noqa: ANN401 (the backend is transformers' own affair)
    """All by which a tokenizer makes ids of a text: its vocabulary, and how it splits and joins."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return {"vocabulary": tokenizer.get_vocab()}
    rules: dict[str, object] = json.loads(backend.to_str())
    # What the last call asked for, not what the tokenizer is; ours asks for its own.
    return rules | {"truncation": None, "padding": None}


def _build(config: CorpusConfig, backbone: Backbone, folder: Path, *, seed: int, is_quiet: bool) -> None:
    # All or nothing: counts and repeats of a part are only known while it is made.
    with whole_folder(folder) as target:
        preparation = Preparation(config, backbone, seed=seed, folder=target, is_quiet=is_quiet)
        for part in PARTS:
            build_store(target / part, preparation.rows(part))
        preparation.require_all_labels()
        if config.ngram_share:
            write_ngrams(target / NGRAMS, preparation.fit_ngrams())
        write_seen(target / SEEN, Seen(training=preparation.seen))
        write_json(target / COUNTS, preparation.counts | _n_set_aside(target))


def _n_set_aside(folder: Path) -> dict[str, int]:
    files: Iterable[tuple[str, Path]] = ((part, folder / set_aside_name(part)) for part in SOURCES)
    return {f"{part}: set aside": _n_lines(file) for part, file in files if file.is_file()}


def _n_lines(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for _ in lines)

"""Scores of a pool far larger than memory, kept so that no text is ever scored twice by the same detector.

They lie in SQLite and not in Parquet shards, because the question is always "has this detector scored this text?":
an index answers it from disk for any pool, in any order and after rows were added, where shards would have to be
joined in memory. A shard of scores is committed in one transaction, so a process that is killed loses at most the
shard it was computing, and the next one cuts the stream into the same shards.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import DataError
from tain.core.example import Example
from tain.core.progress import Advance

Floats = NDArray[np.float64]
Scorer = Callable[[Sequence[str]], NDArray[np.floating]]
"""Texts in, one score each out; NaN for a text that is too short."""

SHARD_TEXTS = 1024
SHARD_CHARS = 16_000_000
_AT_ONCE = 500  # parameters of one query; SQLite may be built with a limit of 999
_WAIT_S = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS detector (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS score (
    detector INTEGER NOT NULL, text BLOB NOT NULL, score REAL, PRIMARY KEY (detector, text)
) WITHOUT ROWID;
"""


class PoolScores:
    """The scores in one SQLite file, by detector and by the hash of the text.

    What a network alone says of windows is kept likewise, under the network's hash and those of the windows.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; it is made when the first score is kept.

        Args:
            path: Of the file. Its folder is made.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._opened() as connection:
            connection.executescript(_SCHEMA)

    def known(self, detector: str, texts: Sequence[bytes]) -> dict[bytes, float]:
        """The scores that are there, by the hash of the text; NaN where a text was too short.

        Args:
            detector: Its hash, or that of a network.
            texts: Hashes, as `text_key` makes them; of windows whatever tells them apart.
        """
        found: dict[bytes, float] = {}
        with self._opened() as connection:
            number = _number(connection, detector)
            for start in range(0, len(texts), _AT_ONCE):
                part = texts[start : start + _AT_ONCE]
                marks = ",".join("?" * len(part))
                query = f"SELECT text, score FROM score WHERE detector = ? AND text IN ({marks})"
                rows = connection.execute(query, (number, *part))
                found.update({bytes(text): np.nan if score is None else score for text, score in rows})
        return found

    def keep(self, detector: str, scores: Mapping[bytes, float]) -> None:
        """Keep scores, all of them or none.

        Args:
            detector: Its hash.
            scores: By the hash of the text.
        """
        with self._opened() as connection, connection:
            connection.execute("INSERT OR IGNORE INTO detector (name) VALUES (?)", (detector,))
            number = _number(connection, detector)
            # SQLite has no NaN: too short a text has a row without a score.
            rows = [(number, key, None if np.isnan(score) else float(score)) for key, score in scores.items()]
            connection.executemany("INSERT OR REPLACE INTO score VALUES (?, ?, ?)", rows)

    def count(self, detector: str) -> int:
        """How many texts this detector has scored."""
        with self._opened() as connection:
            query = "SELECT COUNT(*) FROM score WHERE detector = ?"
            return int(connection.execute(query, (_number(connection, detector),)).fetchone()[0])

    def _opened(self) -> closing[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.path, timeout=_WAIT_S)
            connection.execute("PRAGMA schema_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise DataError(
                f"{self.path}: cannot be read as SQLite ({error}). Delete it; scores are made anew."
            ) from error
        return closing(connection)


@dataclass(frozen=True)
class ScoredShard:
    """Some texts of a stream with their scores.

    Attributes:
        examples: In the order of the stream.
        scores: Shape (n,); NaN where a text is too short.
        n_new: How many had to be scored now.
    """

    examples: list[Example]
    scores: Floats
    n_new: int


def score_stream(
    examples: Iterable[Example],
    *,
    detector: str,
    scorer: Scorer,
    store: PoolScores,
    shard_texts: int = SHARD_TEXTS,
    advance: Advance | None = None,
) -> Iterator[ScoredShard]:
    """The scores of a stream, shard by shard; what the store holds is not computed again.

    Args:
        examples: Read once, one shard in memory at a time.
        detector: Hash of all that decides a score.
        scorer: Called with the texts that the store lacks.
        store: Gets what was computed before a shard is handed out.
        shard_texts: Most texts of a shard; it also ends at 16 million characters.
        advance: Told the number of texts done.
    """
    for shard in _shards(iter(examples), shard_texts):
        yield _scored(shard, detector, scorer, store)
        if advance:
            advance(len(shard))


def score_texts(
    examples: Sequence[Example], *, detector: str, scorer: Scorer, store: PoolScores, advance: Advance | None = None
) -> Floats:
    """The scores of texts in memory, shape (n,); arguments as in `score_stream`."""
    shards = score_stream(examples, detector=detector, scorer=scorer, store=store, advance=advance)
    return np.concatenate([np.empty(0), *(shard.scores for shard in shards)])


def text_key(text: str) -> bytes:
    """The hash that a text is known by."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _scored(shard: list[Example], detector: str, scorer: Scorer, store: PoolScores) -> ScoredShard:
    keys = [text_key(example.text) for example in shard]
    known = store.known(detector, keys)
    missing = {key: example.text for key, example in zip(keys, shard, strict=True) if key not in known}
    if missing:
        scores = np.asarray(scorer(list(missing.values())), dtype=np.float64)
        if scores.shape != (len(missing),):
            raise DataError(
                f"The detector gave scores of shape {scores.shape} for {len(missing)} texts; expected one each."
            )
        new = dict(zip(missing, scores.tolist(), strict=True))
        store.keep(detector, new)
        known |= new
    return ScoredShard(shard, np.array([known[key] for key in keys]), len(missing))


def _shards(examples: Iterator[Example], n_texts: int) -> Iterator[list[Example]]:
    while shard := list(islice(_some(examples), n_texts)):
        yield shard


def _some(examples: Iterator[Example]) -> Iterator[Example]:
    n_chars = 0
    for example in examples:
        yield example
        n_chars += len(example.text)
        if n_chars >= SHARD_CHARS:
            return


def _number(connection: sqlite3.Connection, detector: str) -> int:
    row = connection.execute("SELECT number FROM detector WHERE name = ?", (detector,)).fetchone()
    return int(row[0]) if row else -1

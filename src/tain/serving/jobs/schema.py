"""The tables of a server's jobs, and how their file is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tain.core.errors import DataError
from tain.serving.errors import Refusal

VERSION = 1
APPLICATION_ID = 0x7461696A  # "taij"
BUSY_S = 30.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    key_name TEXT NOT NULL,                 -- whose it is; empty where no keys are asked for
    idempotency_key TEXT,
    request_sha256 TEXT NOT NULL,           -- of the upload and what was asked of it
    name TEXT NOT NULL,                     -- of the file, for people; never a path of ours
    suffix TEXT NOT NULL,
    n_bytes INTEGER NOT NULL,
    text_column TEXT,
    id_column TEXT,
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    model_sha TEXT NOT NULL,
    target_fpr REAL NOT NULL,
    prior REAL,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    reason TEXT,                            -- why it failed
    created REAL NOT NULL,                  -- seconds since 1970, as all times here
    started REAL,
    finished REAL,
    owner TEXT,                             -- the process that works on it
    until REAL,                             -- when its claim ends
    turn INTEGER NOT NULL DEFAULT 0,        -- when it was last worked on, in turns of all jobs
    n_rows INTEGER,                         -- none before the file was read
    position INTEGER NOT NULL DEFAULT 0,    -- byte of the file of rows where the next block begins
    n_done INTEGER NOT NULL DEFAULT 0,
    n_human INTEGER NOT NULL DEFAULT 0,
    n_ai INTEGER NOT NULL DEFAULT 0,
    n_too_short INTEGER NOT NULL DEFAULT 0,
    n_failed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_job_for_a_key ON jobs (key_name, idempotency_key)
WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, turn, number);
CREATE TABLE IF NOT EXISTS results (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    row INTEGER NOT NULL,                   -- place in the file, from 0
    line INTEGER NOT NULL,                  -- line of a text file or row of a Parquet file, from 1
    id TEXT,
    label TEXT,
    score REAL,
    probability REAL,
    n_words INTEGER,
    n_windows INTEGER,
    error TEXT,                             -- why the row has no score
    PRIMARY KEY (job, row)
) STRICT, WITHOUT ROWID;
"""


def prepare(path: Path) -> None:
    """Make the file if there is none.

    Args:
        path: In a folder that exists.

    Raises:
        DataError: If it is no file of jobs, or one of a later version of tain.
    """
    try:
        connection = _open(path, mode="rwc")
        try:
            _check(connection, path)
            # Space of deleted jobs goes back; this holds only where it is said before the first table.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(
                f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; {SCHEMA}"
                f" PRAGMA user_version = {VERSION}; COMMIT;"
            )
        finally:
            connection.close()
        path.chmod(0o600)
    except (sqlite3.Error, OSError) as error:
        raise DataError(f"{path}: cannot be opened as a store of jobs ({error}). Name another --jobs-dir.") from error


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of this thread's own, for looking.

    Raises:
        Refusal: 503 if the file cannot be read.
    """
    try:
        connection = _open(path, mode="rw")
        try:
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise Refusal(503, f"The store of jobs cannot be used now ({error}). Try again later.") from error


@contextmanager
def writing(path: Path, *, is_durable: bool = False) -> Iterator[sqlite3.Connection]:
    """All of it or nothing; no other thread or process writes meanwhile.

    Args:
        path: Of the file.
        is_durable: Return only when it would survive a power cut. A crash of the process it survives anyway.

    Raises:
        Refusal: 503 if the file cannot be written.
    """
    with reading(path) as connection:
        connection.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _open(path: Path, *, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_S, isolation_level=None
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and application != APPLICATION_ID:
        raise DataError(f"{path} is a database, but holds no jobs. Name another --jobs-dir.")
    if version > VERSION:
        raise DataError(f"{path} was written by a later tain (version {version} of it, here {VERSION}). Update tain.")

"""The tables of a mirror store, and how its file is opened."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tain.core.errors import DataError

VERSION = 1
APPLICATION_ID = 0x7461696E  # "tain"
BUSY_S = 60.0
WAL_TRIES = 100

SCHEMA = """
CREATE TABLE IF NOT EXISTS mirrors (
    id INTEGER PRIMARY KEY,
    parent_id TEXT NOT NULL UNIQUE,
    parent_sha256 TEXT NOT NULL,
    parent TEXT NOT NULL,                     -- the human text and where it came from, as JSON
    state TEXT NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'claimed', 'answered', 'accepted', 'rejected')),
    owner TEXT,                               -- the process that asks now
    until REAL,                               -- when its claim ends, seconds since 1970
    reserved_usd REAL NOT NULL DEFAULT 0,     -- what it may be spending
    lost_usd REAL NOT NULL DEFAULT 0,         -- what may have been charged for answers that never came
    attempts INTEGER NOT NULL DEFAULT 0,      -- mirrors that were turned down
    failures INTEGER NOT NULL DEFAULT 0,      -- requests that had no answer
    reason TEXT,                              -- why there is no mirror in the end
    last_error TEXT,
    answer_id INTEGER REFERENCES answers (id) -- the answer to judge, or the one that was accepted
) STRICT;
CREATE INDEX IF NOT EXISTS mirrors_by_state ON mirrors (state, failures, id);
CREATE TABLE IF NOT EXISTS answers (
    id INTEGER PRIMARY KEY,
    parent_id TEXT NOT NULL REFERENCES mirrors (parent_id),
    step TEXT NOT NULL CHECK (step IN ('topic', 'text')),
    attempt INTEGER NOT NULL,
    request TEXT NOT NULL,                    -- prompt, template, variant, model and parameters, as JSON
    request_sha256 TEXT NOT NULL,
    text TEXT NOT NULL,
    finish_reason TEXT,
    model TEXT NOT NULL,                      -- who says that it answered
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    is_estimated INTEGER NOT NULL,
    usd REAL NOT NULL,
    date TEXT NOT NULL,
    verdict TEXT CHECK (verdict IN ('accepted', 'rejected', 'unused')),
    left_out TEXT NOT NULL,                   -- parameters that the generator does not take, as JSON
    mirror TEXT,                              -- the text in the answer, once it was judged
    rejections TEXT NOT NULL DEFAULT '[]'     -- reasons and details, as JSON
) STRICT;
CREATE INDEX IF NOT EXISTS answers_by_parent ON answers (parent_id, step, id);
CREATE UNIQUE INDEX IF NOT EXISTS one_accepted_mirror ON answers (parent_id)
WHERE verdict = 'accepted' AND step = 'text';
CREATE TABLE IF NOT EXISTS totals (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    spent_usd REAL NOT NULL, reserved_usd REAL NOT NULL, lost_usd REAL NOT NULL
) STRICT;
INSERT OR IGNORE INTO totals VALUES (1, 0, 0, 0);
CREATE TABLE IF NOT EXISTS outputs (path TEXT, sha256 TEXT, PRIMARY KEY (path, sha256)) STRICT;
"""
# What this process was asked to do: each connection has its own, and it goes with the connection.
WANTED = """
CREATE TEMP TABLE wanted (
    position INTEGER PRIMARY KEY, parent_id TEXT NOT NULL UNIQUE, is_given_up INTEGER NOT NULL DEFAULT 0
)
"""


def connect(path: Path, *, is_read_only: bool = False) -> sqlite3.Connection:
    """An open store, made if there is none.

    Args:
        path: Its file. `-wal` and `-shm` files stand beside it while it is open.
        is_read_only: There has to be one, and nothing is written into it.

    Raises:
        DataError: If the file is no store, or one of a later version of tain.
    """
    try:
        if not is_read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        mode = "ro" if is_read_only else "rwc"
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
        connection.row_factory = sqlite3.Row
        _prepare(connection, path, is_read_only=is_read_only)
        connection.execute(WANTED)
    except sqlite3.Error as error:
        raise DataError(f"{path}: cannot be opened as a mirror store ({error}). Name another with --store.") from error
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path, *, is_durable: bool = False) -> Iterator[None]:
    """All of it or nothing; no other process writes meanwhile.

    Args:
        connection: To the store.
        path: For the message of an error.
        is_durable: Return only when it would survive a power cut. A crash of the process it survives anyway.

    Raises:
        DataError: If the store cannot be written.
    """
    try:
        connection.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise DataError(
            f"{path}: the mirror store cannot be written ({error}). Free space or choose another place for it; "
            "run the same command again to go on."
        ) from error


def _prepare(connection: sqlite3.Connection, path: Path, *, is_read_only: bool) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if tables and application != APPLICATION_ID:
        raise DataError(f"{path} is a database, but no mirror store. Name another file with --store.")
    if version > VERSION:
        raise DataError(f"{path} was written by a later tain (store version {version}, here {VERSION}). Update tain.")
    if is_read_only or version == VERSION:
        return
    _use_wal(connection)
    connection.executescript(
        f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
    )


def _use_wal(connection: sqlite3.Connection) -> None:
    # Two processes that make one store at the same moment: the busy time-out does not hold for this switch.
    for is_last in [False] * (WAL_TRIES - 1) + [True]:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if is_last:
                raise
            time.sleep(0.05)

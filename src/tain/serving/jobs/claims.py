"""How jobs are worked on: one process at a time holds a job, and writes a block whole or not at all."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tain.mirrors.owner import is_surely_dead, new_owner
from tain.serving.jobs.record import OPEN, RESULT_COLUMNS, JobRecord, Result, job_of
from tain.serving.jobs.schema import writing
from tain.serving.jobs.store import JOB

CLAIM_S = 60.0
_FREE = f"""
SELECT id, owner FROM jobs
WHERE state IN {OPEN} AND model_sha IN (SELECT value FROM json_each(?)) AND owner IS NOT NULL AND owner != ?
AND until >= ?
"""
_NEXT = f"""
{JOB} WHERE state IN {OPEN} AND model_sha IN (SELECT value FROM json_each(?))
AND (owner IS NULL OR owner = ? OR until < ?) ORDER BY turn, number LIMIT 1
"""
_TAKE = """
UPDATE jobs SET state = 'running', owner = ?, until = ?, started = coalesce(started, ?),
turn = (SELECT max(turn) + 1 FROM jobs) WHERE id = ?
"""
_MINE = "id = ? AND owner = ? AND state = 'running'"
_COUNT = f"""
UPDATE jobs SET position = ?, n_done = n_done + ?, n_human = n_human + ?, n_ai = n_ai + ?,
n_too_short = n_too_short + ?, n_failed = n_failed + ?, until = ? WHERE {_MINE} AND n_done = ?
"""
_WRITE = f"INSERT INTO results (job, row, {', '.join(RESULT_COLUMNS)}) VALUES (?, ?, {', '.join('?' * 8)})"
_END = f"UPDATE jobs SET state = ?, reason = ?, finished = ?, owner = NULL WHERE {_MINE}"


class Claims:
    """The jobs that this process works on. Where a claim was lost, nothing is written."""

    def __init__(self, path: Path, model_shas: Sequence[str]) -> None:
        """Nothing is claimed yet.

        Args:
            path: Of the store.
            model_shas: Hashes of the models at hand; jobs for others wait.
        """
        self._path = path
        self._shas = json.dumps(list(model_shas))
        self._owner = new_owner()

    def next(self) -> JobRecord | None:
        """A job to go on with, the one that waited longest for its turn; None where there is none."""
        with writing(self._path) as connection:
            self._free_the_dead(connection)
            row = connection.execute(_NEXT, (self._shas, self._owner, time.time())).fetchone()
            if row is None:
                return None
            connection.execute(_TAKE, (self._owner, time.time() + CLAIM_S, time.time(), row["id"]))
            return job_of(connection.execute(f"{JOB} WHERE id = ?", (row["id"],)).fetchone())

    def renew(self, job: JobRecord) -> bool:
        """Hold a job for longer; False where it was cancelled, deleted or lost."""
        with writing(self._path) as connection:
            query = f"UPDATE jobs SET until = ? WHERE {_MINE}"
            return connection.execute(query, (time.time() + CLAIM_S, job.id, self._owner)).rowcount == 1

    def set_rows(self, job: JobRecord, n_rows: int) -> bool:
        """Say that the file of rows is complete; False where the job is no longer ours."""
        with writing(self._path) as connection:
            query = f"UPDATE jobs SET n_rows = ? WHERE {_MINE} AND n_rows IS NULL"
            return connection.execute(query, (n_rows, job.id, self._owner)).rowcount == 1

    def commit(self, job: JobRecord, results: Sequence[Result], *, position: int) -> bool:
        """Write the results of a block and where the next begins, together or not at all.

        Args:
            job: As it was claimed; its results so far say which rows these are.
            results: Of the next rows in order.
            position: Byte of the file of rows behind them.

        Returns:
            False where the job was cancelled, deleted or lost; then nothing was written.
        """
        counts = Counter(result.label or "failed" for result in results)
        numbers = [len(results), *(counts[name] for name in ("human", "ai", "too_short", "failed"))]
        with writing(self._path) as connection:
            mine = (job.id, self._owner, job.n_done)
            if not connection.execute(_COUNT, (position, *numbers, time.time() + CLAIM_S, *mine)).rowcount:
                return False
            rows = [[getattr(result, name) for name in RESULT_COLUMNS] for result in results]
            connection.executemany(_WRITE, [(job.number, job.n_done + i, *row) for i, row in enumerate(rows)])
            if job.n_done + len(results) == job.n_rows:
                self._end(connection, job, "done", None)
        return True

    def fail(self, job: JobRecord, reason: str) -> bool:
        """End a job that cannot go on; results so far stay. Whether it was still there to be ended."""
        with writing(self._path) as connection:
            return self._end(connection, job, "failed", reason)

    def release(self) -> None:
        """Let go of all jobs, so that another process need not wait."""
        with writing(self._path) as connection:
            connection.execute("UPDATE jobs SET owner = NULL WHERE owner = ?", (self._owner,))

    def _end(self, connection: sqlite3.Connection, job: JobRecord, state: str, reason: str | None) -> bool:
        return connection.execute(_END, (state, reason, time.time(), job.id, self._owner)).rowcount > 0

    def _free_the_dead(self, connection: sqlite3.Connection) -> None:
        # A claim of a process that was killed need not run out.
        for row in connection.execute(_FREE, (self._shas, self._owner, time.time())).fetchall():
            if is_surely_dead(row["owner"]):
                connection.execute("UPDATE jobs SET owner = NULL WHERE id = ?", (row["id"],))

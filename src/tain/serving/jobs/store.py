"""Where jobs and their results are kept, as requests see them; `claims` is how they are worked on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tain.serving.errors import Refusal
from tain.serving.jobs.record import JOB_COLUMNS, NEW_COLUMNS, OPEN, RESULT_COLUMNS, JobRecord, NewJob, job_of
from tain.serving.jobs.schema import reading, writing

JOB = f"SELECT {', '.join(JOB_COLUMNS)} FROM jobs"
PAGE_ROWS = 1000
_RESULTS = f"SELECT row, {', '.join(RESULT_COLUMNS)} FROM results WHERE job = ? AND row > ? ORDER BY row LIMIT ?"
_ADD = f"INSERT INTO jobs ({', '.join(NEW_COLUMNS)}, created) VALUES ({', '.join('?' * len(NEW_COLUMNS))}, ?)"


class JobStore:
    """Jobs in a file of SQLite. Any thread may ask; each call has a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened.

        Args:
            path: Of a file that `schema.prepare` made.
        """
        self.path = path

    def add(self, job: NewJob) -> tuple[JobRecord, bool]:
        """Keep a job; it survives a power cut from here on.

        Args:
            job: With a new id.

        Returns:
            The job, or the one that the same request made before under the same idempotency key; whether it is new.

        Raises:
            Refusal: 422 if another request came under that key.
        """
        with writing(self.path, is_durable=True) as connection:
            if job.idempotency_key is not None:
                query = f"{JOB} WHERE key_name = ? AND idempotency_key = ?"
                row = connection.execute(query, (job.key_name, job.idempotency_key)).fetchone()
                if row is not None:
                    return _same(job_of(row), job), False
            values = [getattr(job, name) for name in NEW_COLUMNS]
            connection.execute(_ADD, (*values, time.time()))
            return job_of(connection.execute(f"{JOB} WHERE id = ?", (job.id,)).fetchone()), True

    def get(self, identity: str, *, key_name: str) -> JobRecord:
        """One job.

        Args:
            identity: Its id.
            key_name: Whose it has to be.

        Raises:
            Refusal: 404 if there is none, or it is somebody else's.
        """
        with reading(self.path) as connection:
            row = connection.execute(f"{JOB} WHERE id = ? AND key_name = ?", (identity, key_name)).fetchone()
        if row is None:
            raise Refusal(404, "There is no such job, or it was deleted. GET /v1/jobs lists yours.")
        return job_of(row)

    def newest(self, *, key_name: str, before: int | None, limit: int) -> list[JobRecord]:
        """Jobs of one key, the newest first.

        Args:
            key_name: Whose.
            before: Only those with a lower number.
            limit: Most of them.
        """
        with reading(self.path) as connection:
            rows = connection.execute(
                f"{JOB} WHERE key_name = ? AND number < ? ORDER BY number DESC LIMIT ?",
                (key_name, before if before is not None else 1 << 62, limit),
            )
            return [job_of(row) for row in rows]

    def cancel(self, job: JobRecord) -> None:
        """Stop a job where it stands; results so far stay. One that has ended stays as it is."""
        with writing(self.path) as connection:
            connection.execute(
                f"UPDATE jobs SET state = 'cancelled', owner = NULL, finished = ? WHERE id = ? AND state IN {OPEN}",
                (time.time(), job.id),
            )

    def delete(self, job: JobRecord) -> None:
        """Forget a job and all its results, whatever it is doing."""
        with writing(self.path) as connection:
            connection.execute("DELETE FROM jobs WHERE id = ?", (job.id,))
        self._give_back()

    def results(self, job: JobRecord, *, after: int = -1, limit: int = PAGE_ROWS) -> list[dict[str, Any]]:
        """Rows that have a result, in the order of the file.

        Args:
            job: Whose.
            after: Only rows behind this one.
            limit: Most of them.
        """
        with reading(self.path) as connection:
            return [dict(row) for row in connection.execute(_RESULTS, (job.number, after, limit))]

    def pages(self, job: JobRecord) -> Iterator[list[dict[str, Any]]]:
        """All rows that have a result now, page by page; what is added meanwhile is left out.

        Args:
            job: As it stands; its number of rows done says how many there are.
        """
        after = -1
        while (left := job.n_done - 1 - after) > 0:
            page = self.results(job, after=after, limit=min(PAGE_ROWS, left))
            if not page:  # deleted meanwhile
                return
            yield page
            after = page[-1]["row"]

    def drop_old(self, *, keep_s: float) -> None:
        """Forget jobs that ended longer ago than they are to be kept.

        Args:
            keep_s: Seconds.
        """
        with writing(self.path) as connection:
            n_old = connection.execute("DELETE FROM jobs WHERE finished < ?", (time.time() - keep_s,)).rowcount
        if n_old:
            self._give_back()

    def open_ids(self) -> set[str]:
        """Ids of the jobs that still need their files."""
        with reading(self.path) as connection:
            return {row[0] for row in connection.execute(f"SELECT id FROM jobs WHERE state IN {OPEN}")}

    @property
    def n_bytes(self) -> int:
        """What the jobs and results take on disk."""
        with reading(self.path) as connection:
            size, pages, free = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_size", "page_count", "freelist_count")
            )
        return int(size * (pages - free))

    def _give_back(self) -> None:
        with reading(self.path) as connection:
            connection.execute("PRAGMA incremental_vacuum").fetchall()


def _same(known: JobRecord, asked: NewJob) -> JobRecord:
    if known.request_sha256 != asked.request_sha256:
        raise Refusal(
            422,
            "Another request came under this Idempotency-Key. Send the same file and fields again, or another key.",
            error_type="idempotency",
        )
    return known

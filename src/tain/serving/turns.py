"""Jobs that take turns: a long one gives one row to a batch, and then the next does; a short one is read at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition
from typing import Any

from tain.serving.job import Job

CHARS_A_TOKEN = 8  # twice as many as most texts have, so that texts of a few windows fill a batch by themselves

AnyJob = Job[Any]
Batch = list[tuple[AnyJob, Any]]
"""Jobs and a row of each."""


class Turns:
    """Jobs that wait, added by any thread, and those that one thread reads from now."""

    def __init__(self, lock: Condition) -> None:
        """Nobody is here yet.

        Args:
            lock: Held by whoever adds a job or makes one leave.
        """
        self._lock = lock
        self.waiting: deque[AnyJob] = deque()
        # Touched by the reading thread alone.
        self._short: deque[AnyJob] = deque()
        self._long: deque[AnyJob] = deque()
        self._short_chars = 0

    @property
    def has_any(self) -> bool:
        """Whether a job waits or is being read."""
        return bool(self.waiting or self._short or self._long)

    def leave(self, job: AnyJob) -> None:
        """Forget a job that was cancelled while it waited."""
        if job.future.cancelled() and job in self.waiting:
            self.waiting.remove(job)

    def fill(self, batch_tokens: int) -> Batch:
        """The next batch: the short jobs, and a row of each long one in turn, with as many new jobs as have room.

        Where long texts fill the turns, new short ones still come in, up to half a batch of them, and first, with all
        their rows: none waits until a book has been read, or for a turn of its own for each of its few rows.

        Args:
            batch_tokens: Most tokens, unless one row alone has more.
        """
        self._short_chars = batch_tokens  # a character is a token at most, so all of it is read within one batch
        self._short, self._long = (_still_asked(jobs) for jobs in (self._short, self._long))
        n_here = sum(_tokens_left(job) for job in self._short) + sum(len(_next_row(job)) for job in self._long)
        n_new = self._take_new(batch_tokens - n_here, self._next_waiting)
        self._take_new(batch_tokens // 2 - n_new, self._next_short)
        batch: Batch = []
        while jobs := self._short or self._long:
            job = jobs[0]
            batch_tokens -= len(_next_row(job))
            if batch and batch_tokens < 0:
                break
            batch.append((job, job.take()))
            if not job.has_more:
                jobs.popleft()
            elif jobs is self._long:
                jobs.rotate(-1)
        return batch

    def _take_new(self, most_tokens: int, take: Callable[[], AnyJob | None]) -> int:
        """Prepare new jobs while their first turns have room; how many tokens these have.

        Cutting a book takes as long as a tenth of a batch, and everybody waits meanwhile: where several come at once,
        the others come in with the next batches, which those that are there fill.
        """
        n_tokens = n_chars = 0
        while n_tokens < most_tokens and n_chars < CHARS_A_TOKEN * most_tokens and (job := take()) is not None:
            n_chars += job.n_chars
            if not _is_prepared(job):
                continue
            if self._is_short(job):
                n_tokens += _tokens_left(job)
                self._short.append(job)
            else:
                n_tokens += len(_next_row(job))
                self._long.append(job)
        return n_tokens

    def _is_short(self, job: AnyJob) -> bool:
        return job.n_chars <= self._short_chars

    def _next_waiting(self) -> AnyJob | None:
        with self._lock:
            return self.waiting.popleft() if self.waiting else None

    def _next_short(self) -> AnyJob | None:
        with self._lock:
            found = next(filter(self._is_short, self.waiting), None)
            if found is not None:
                self.waiting.remove(found)
            return found


def _still_asked(jobs: deque[AnyJob]) -> deque[AnyJob]:
    return deque(job for job in jobs if not job.future.done())


def _next_row(job: AnyJob) -> Sequence[int]:
    return job.rows[job.n_taken]


def _tokens_left(job: AnyJob) -> int:
    return sum(map(len, job.rows[job.n_taken :]))


def _is_prepared(job: AnyJob) -> bool:
    """Whether the job has rows to be read; one that has none is answered here."""
    if job.future.cancelled():
        return False
    try:
        job.prepare()
    except Exception as error:
        job.fail(error)
        return False
    if not job.rows:
        job.finish()
    return bool(job.rows)

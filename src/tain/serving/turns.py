"""Jobs that take turns: each gives one row to a batch, and then the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
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
        self._active: deque[AnyJob] = deque()  # touched by the reading thread alone

    @property
    def has_any(self) -> bool:
        """Whether a job waits or is being read."""
        return bool(self.waiting or self._active)

    def leave(self, job: AnyJob) -> None:
        """Forget a job that was cancelled while it waited."""
        if job.future.cancelled() and job in self.waiting:
            self.waiting.remove(job)

    def fill(self, batch_tokens: int) -> Batch:
        """The next batch: a row of each active job in turn, with as many new jobs as have room in a turn.

        Where long texts fill the turns, new short ones still come in, up to half a batch of them, and first: none waits
        until a book has been read.

        Args:
            batch_tokens: Most tokens, unless one row alone has more.
        """
        self._active = deque(job for job in self._active if not job.future.done())
        n_active = sum(len(job.rows[job.n_taken]) for job in self._active)
        n_new = self._take_new(batch_tokens - n_active, self._next_waiting, self._active.append)
        short: Callable[[], AnyJob | None] = partial(self._next_short, most_chars=batch_tokens)
        self._take_new(batch_tokens // 2 - n_new, short, self._active.appendleft)
        batch: Batch = []
        n_tokens = 0
        while self._active:
            job = self._active[0]
            n_tokens += len(job.rows[job.n_taken])
            if batch and n_tokens > batch_tokens:
                break
            self._active.popleft()
            batch.append((job, job.take()))
            if job.has_more:
                self._active.append(job)
        return batch

    def _take_new(self, most_tokens: int, take: Callable[[], AnyJob | None], join: Callable[[AnyJob], None]) -> int:
        """Prepare new jobs while their first rows have room; how many tokens these have.

        Cutting a book takes as long as a tenth of a batch, and everybody waits meanwhile: where several come at once,
        the others come in with the next batches, which those that are there fill.
        """
        n_tokens = n_chars = 0
        while n_tokens < most_tokens and n_chars < CHARS_A_TOKEN * most_tokens and (job := take()) is not None:
            n_chars += job.n_chars
            if _is_prepared(job):
                n_tokens += len(job.rows[0])
                join(job)
        return n_tokens

    def _next_waiting(self) -> AnyJob | None:
        with self._lock:
            return self.waiting.popleft() if self.waiting else None

    def _next_short(self, most_chars: int) -> AnyJob | None:
        # A character is a token at most, so all of it is read within one batch.
        with self._lock:
            found = next((job for job in self.waiting if job.n_chars <= most_chars), None)
            if found is not None:
                self.waiting.remove(found)
            return found


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

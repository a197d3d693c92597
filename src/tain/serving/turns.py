"""Jobs that take turns: each gives one row to a batch, and then the next."""

from __future__ import annotations

from collections import deque
from threading import Condition
from typing import Any

from tain.serving.job import Job

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

        Args:
            batch_tokens: Most tokens, unless one row alone has more.
        """
        self._active = deque(job for job in self._active if not job.future.done())
        n_turn = sum(len(job.rows[job.n_taken]) for job in self._active)
        while n_turn < batch_tokens and (job := self._next_waiting()) is not None:
            if _is_prepared(job):
                n_turn += len(job.rows[0])
                self._active.append(job)
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

    def _next_waiting(self) -> AnyJob | None:
        with self._lock:
            return self.waiting.popleft() if self.waiting else None


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

"""The one thread that reads: it takes windows of many requests in turn, up to a number of tokens.

Each request gives one window in turn, so a short text waits for the batch that is being read and for its own, however
long a text came before it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from tain.serving.errors import Refusal, overloaded
from tain.serving.job import Job
from tain.serving.logs import note
from tain.serving.served import Logits

AnyJob = Job[Any]
Batch = list[tuple[AnyJob, Any]]
"""Jobs and a row of each."""
_FIRST_GUESS_CHARS_PER_S = 2000.0
_MOST_WAIT_S = 60.0


class Batcher:
    """Takes jobs from any thread, answers each exactly once, and drops those whose future is cancelled."""

    def __init__(
        self,
        *,
        batch_tokens: int,
        max_jobs: int,
        max_chars: int,
        on_batch: Callable[[int, float], None] = lambda n_tokens, seconds: None,
    ) -> None:
        """Start the thread.

        Args:
            batch_tokens: Most tokens of a batch, unless one row alone has more.
            max_jobs: Taken and not yet answered.
            max_chars: Of their texts.
            on_batch: Told tokens and seconds of each batch.
        """
        self._batch_tokens, self._max_jobs, self._max_chars = batch_tokens, max_jobs, max_chars
        self._on_batch = on_batch
        self._changed = threading.Condition()
        self._waiting: deque[AnyJob] = deque()
        self._active: deque[AnyJob] = deque()  # touched by the reading thread alone
        self._is_closing = False
        self._chars_per_s = _FIRST_GUESS_CHARS_PER_S
        self.n_jobs = 0
        self.n_chars = 0
        self._thread = threading.Thread(target=self._run, name="tain-reader", daemon=True)
        self._thread.start()

    @property
    def is_ready(self) -> bool:
        """Whether jobs are taken and read."""
        return self._thread.is_alive() and not self._is_closing

    def submit(self, job: AnyJob) -> None:
        """Take a job; its future is answered later. Cancel the future to take it back.

        Args:
            job: Not submitted before.

        Raises:
            Refusal: 429 if too much waits, 503 if the server is going down.
        """
        n_chars = job.n_chars
        with self._changed:
            if self._is_closing:
                raise Refusal(503, "The server is going down and takes no more requests. Try again later.")
            self._require_room(n_chars)
            self.n_jobs += 1
            self.n_chars += n_chars
            self._waiting.append(job)
            self._changed.notify()
        job.future.add_done_callback(lambda future: self._leave(job, n_chars))

    def close(self) -> None:
        """Take no more jobs, finish those that were taken, and stop the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _require_room(self, n_chars: int) -> None:
        # A request that is larger than the whole room may come in when nobody else is there.
        if self.n_jobs >= self._max_jobs or (self.n_jobs and self.n_chars + n_chars > self._max_chars):
            wait_s = min(_MOST_WAIT_S, self.n_chars / self._chars_per_s)
            raise overloaded(f"{self.n_jobs} requests are waiting, which is all that may.", retry_after_s=wait_s)

    def _leave(self, job: AnyJob, n_chars: int) -> None:
        with self._changed:
            self.n_jobs -= 1
            self.n_chars -= n_chars
            if job.future.cancelled() and job in self._waiting:
                self._waiting.remove(job)

    def _run(self) -> None:
        while self._wait():
            started = time.perf_counter()
            n_chars = self.n_chars
            batch = self._fill()
            if batch:
                self._read(batch)
            done, seconds = n_chars - self.n_chars, time.perf_counter() - started
            if done > 0:
                self._chars_per_s += 0.2 * (done / max(seconds, 1e-6) - self._chars_per_s)

    def _wait(self) -> bool:
        with self._changed:
            while not self._waiting and not self._active:
                if self._is_closing:
                    return False
                self._changed.wait()
        return True

    def _fill(self) -> Batch:
        """The next batch: a row of each active job in turn, with as many new jobs as have room in a turn."""
        self._active = deque(job for job in self._active if not job.future.done())
        n_turn = sum(len(job.rows[job.n_taken]) for job in self._active)
        while n_turn < self._batch_tokens and (job := self._next_waiting()) is not None:
            if self._is_prepared(job):
                n_turn += len(job.rows[0])
                self._active.append(job)
        batch: Batch = []
        n_tokens = 0
        while self._active:
            job = self._active[0]
            n_tokens += len(job.rows[job.n_taken])
            if batch and n_tokens > self._batch_tokens:
                break
            self._active.popleft()
            batch.append((job, job.take()))
            if job.has_more:
                self._active.append(job)
        return batch

    def _next_waiting(self) -> AnyJob | None:
        with self._changed:
            return self._waiting.popleft() if self._waiting else None

    def _is_prepared(self, job: AnyJob) -> bool:
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

    def _read(self, batch: Batch) -> None:
        started = time.perf_counter()
        for model in {id(job.model): job.model for job, _ in batch}.values():
            own = [(job, row) for job, row in batch if job.model is model]
            try:
                outputs = self._outputs(own)
            except Exception as error:
                self._read_apart(own, error)
                continue
            for (job, _), output in zip(own, outputs, strict=True):
                job.put(output)
        self._on_batch(sum(len(row) for _, row in batch), time.perf_counter() - started)

    def _outputs(self, own: Batch) -> Logits:
        return own[0][0].model.outputs([row for _, row in own], batch_tokens=self._batch_tokens)

    def _read_apart(self, own: Batch, error: Exception) -> None:
        """Read row by row after a failure, so that one bad text takes no other with it."""
        note("batch_failed", {"n_rows": len(own)}, level=logging.ERROR, exc_info=error)
        for job, row in own:
            if job.future.done():
                continue
            try:
                [output] = self._outputs([(job, row)])
            except Exception:
                job.fail(Refusal(424, "The network failed on this request. The log of the server says why."))
                continue
            job.put(output)

"""The one thread that reads: it takes windows of many requests in turn, up to a number of tokens.

Texts of the background are read when there is no request, and otherwise in one turn of nine, so that they never stand
still and requests hardly notice.

Each request gives one window in turn, so a short text waits for the batch that is being read and for its own, however
long a text came before it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from tain.core.allocator import give_back_memory
from tain.serving.errors import Refusal, overloaded
from tain.serving.logs import note
from tain.serving.served import Logits
from tain.serving.turns import AnyJob, Batch, Turns

_FIRST_GUESS_CHARS_PER_S = 2000.0
_MOST_WAIT_S = 60.0
_BEFORE_BACKGROUND = 8
_BACKGROUND_PART = 4
_TIDY_S = 30.0


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
        self._requests, self._background = Turns(self._changed), Turns(self._changed)
        self._n_before = 0  # batches of requests since one of the background
        self._is_closing = False
        self._chars_per_s = _FIRST_GUESS_CHARS_PER_S
        self._tidied = self._read_last = time.monotonic()
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
            if job.is_background:  # whoever sends it holds few at a time
                self._background.waiting.append(job)
            else:
                self._require_room(n_chars)
                self.n_jobs += 1
                self.n_chars += n_chars
                self._requests.waiting.append(job)
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
            if job.is_background:
                self._background.leave(job)
                return
            self.n_jobs -= 1
            self.n_chars -= n_chars
            self._requests.leave(job)

    def _run(self) -> None:
        while self._wait():
            started = time.perf_counter()
            n_chars = self.n_chars
            batch = self._fill()
            if batch:
                self._read(batch)
                self._read_last = time.monotonic()
                if self._read_last - self._tidied > _TIDY_S:
                    self._tidy()
            done, seconds = n_chars - self.n_chars, time.perf_counter() - started
            if done > 0:
                self._chars_per_s += 0.2 * (done / max(seconds, 1e-6) - self._chars_per_s)

    def _wait(self) -> bool:
        with self._changed:
            while not self._requests.has_any and not self._background.has_any:
                if self._is_closing:
                    return False
                if not self._changed.wait(_TIDY_S if self._tidied < self._read_last else None):
                    self._tidy()
        return True

    def _tidy(self) -> None:
        give_back_memory()
        self._tidied = time.monotonic()

    def _fill(self) -> Batch:
        """The next batch: of requests, and of the background where there are none, or have been for long enough."""
        is_due = self._background.has_any and self._n_before >= _BEFORE_BACKGROUND
        batch = [] if is_due else self._requests.fill(self._batch_tokens)
        self._n_before += 1
        if batch:
            return batch
        # Smaller, because a request that comes now waits for it.
        self._n_before = 0
        return self._background.fill(self._batch_tokens // _BACKGROUND_PART)

    def _read(self, batch: Batch) -> None:
        started = time.perf_counter()
        for own in _by_network(batch):
            try:
                outputs = self._outputs(own)
            except Exception as error:
                self._read_apart(own, error)
                continue
            for (job, _), output in zip(own, outputs, strict=True):
                job.put(output)
        self._on_batch(sum(len(row) for _, row in batch), time.perf_counter() - started)

    def _outputs(self, own: Batch) -> list[Logits]:
        """What one network says of rows of one model, or of all that share it."""
        model = own[0][0].model
        if model.share is None:
            return list(model.outputs([row for _, row in own], batch_tokens=self._batch_tokens))
        pairs = [(job.model.share.adapter, row) for job, row in own if job.model.share]
        logits = model.share.network.logits(pairs, batch_tokens=self._batch_tokens)
        return [job.model.from_logits(each[None])[0] for (job, _), each in zip(own, logits, strict=True)]

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


def _by_network(batch: Batch) -> list[Batch]:
    """The rows that are read in one pass each: those of one network, whatever the models that share it."""
    found: dict[int, Batch] = {}
    for job, row in batch:
        share = job.model.share
        found.setdefault(id(share.network if share else job.model), []).append((job, row))
    return list(found.values())

"""The one thread that works on jobs, a block of rows at a time and each open job in turn."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import Any

from tain.core.errors import TainError
from tain.detector.verdict import Verdict
from tain.serving.batcher import Batcher
from tain.serving.confined import Cancelled
from tain.serving.errors import Refusal
from tain.serving.job import Job
from tain.serving.jobs.claims import CLAIM_S, Claims
from tain.serving.jobs.desk import Desk
from tain.serving.jobs.record import JobRecord, Result
from tain.serving.jobs.rows import FileRow, read_block
from tain.serving.jobs.upload_rows import read_upload
from tain.serving.logs import note
from tain.serving.served_detector import ServedDetector

_IDLE_S = 2.0
_POLL_S = 0.1
_TROUBLE_S = 10.0
_SWEEP_S = 600.0
_RENEW_S = CLAIM_S / 6


class Runner:
    """Claims jobs, reads their files, has their texts scored behind those of requests, and writes what comes."""

    def __init__(self, desk: Desk, batcher: Batcher, models: Sequence[ServedDetector]) -> None:
        """Start the thread.

        Args:
            desk: Jobs and their files.
            batcher: Scores.
            models: At hand.
        """
        self._desk, self._batcher = desk, batcher
        self._models = {model.id.sha256: model for model in models}
        self._claims = Claims(desk.store.path, list(self._models))
        self._stopping, self._called = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="tain-jobs", daemon=True)
        self._thread.start()

    def call(self) -> None:
        """Say that there is a new job."""
        self._called.set()

    def close(self) -> None:
        """Stop at once; the block under way is left for whoever comes next, and nothing of it is written."""
        self._stopping.set()
        self._called.set()
        self._thread.join()

    def _run(self) -> None:
        swept = 0.0
        while not self._stopping.is_set():
            try:
                if time.monotonic() - swept > _SWEEP_S:
                    self._desk.sweep()
                    swept = time.monotonic()
                self._called.clear()
                if not self._turn() and not self._stopping.is_set():
                    self._called.wait(_IDLE_S)
            except Exception as error:  # the disk is full, or a defect: the other jobs and the requests go on
                note("jobs_failed", {}, level=logging.ERROR, exc_info=error)
                self._stopping.wait(_TROUBLE_S)
        self._let_go()

    def _let_go(self) -> None:
        try:
            self._claims.release()
        except Refusal as error:
            note("jobs_failed", {}, level=logging.ERROR, exc_info=error)

    def _turn(self) -> bool:
        """Work on one job for a moment; whether there was one."""
        job = self._claims.next()
        if job is None:
            return False
        try:
            if job.n_rows is None:
                self._read(job)
            else:
                self._score(job)
        except Cancelled:
            pass
        except (Refusal, TainError, FileNotFoundError) as error:
            if isinstance(error, Refusal) and error.status_code >= 500:
                raise
            self._fail(job, error)
        if job.id not in self._desk.store.open_ids():
            self._desk.uploads.drop(job.id)
        return True

    def _fail(self, job: JobRecord, error: Exception) -> None:
        is_lost = isinstance(error, FileNotFoundError)
        reason = "The file is gone from the disk. Send it again." if is_lost else _reason(error)
        if self._claims.fail(job, reason):  # a job that was deleted meanwhile has lost its file for good reason
            note("job_failed", {"job": job.id}, level=logging.WARNING)

    def _read(self, job: JobRecord) -> None:
        n_rows = read_upload(self._desk, job, is_cancelled=lambda: not self._is_wanted(job))
        if self._claims.set_rows(job, n_rows):
            self._desk.uploads.upload(job.id, job.suffix).unlink(missing_ok=True)

    def _score(self, job: JobRecord) -> None:
        block, position = read_block(self._desk.uploads.rows(job.id), job.position)
        if not block:
            raise FileNotFoundError
        results = self._results(job, block)
        if self._claims.commit(job, results, position=position):
            fields = {"job": job.id, "first": job.n_done, "n_rows": len(block)}
            note("job_block", fields)

    def _results(self, job: JobRecord, block: Sequence[FileRow]) -> list[Result]:
        sound = [row for row in block if row.text is not None]
        scored = iter(self._scored(job, sound) if sound else ())
        return [next(scored) if row.text is not None else _refused(row, row.error) for row in block]

    def _scored(self, job: JobRecord, rows: Sequence[FileRow]) -> list[Result]:
        try:
            verdicts = self._verdicts(job, [row.text or "" for row in rows])
        except (Refusal, TainError) as error:
            if isinstance(error, Refusal) and error.status_code != 424:
                raise
            if len(rows) == 1:
                return [_refused(rows[0], _reason(error))]
            # One bad text takes no other with it.
            return [result for row in rows for result in self._scored(job, [row])]
        return [_result(row, verdict) for row, verdict in zip(rows, verdicts, strict=True)]

    def _verdicts(self, job: JobRecord, texts: Sequence[str]) -> list[Verdict]:
        model = self._models[job.model_sha]

        def answer(readings: list[Any], n_tokens: int) -> list[Verdict]:
            detector = model.detector
            return [
                detector.verdict(reading, target_fpr=job.target_fpr, prior=job.prior, has_windows=False)
                for reading in readings
            ]

        asked = Job(model, texts, answer, is_background=True)
        self._batcher.submit(asked)
        while not self._is_done(asked):
            if not self._is_wanted(job):
                asked.future.cancel()
        try:
            return asked.future.result()
        except CancelledError:
            raise Cancelled from None

    def _is_done(self, asked: Job[Any]) -> bool:
        """Wait for an answer, but not for so long that the claim runs out, or beyond the end of the server."""
        done = threading.Event()
        asked.future.add_done_callback(lambda _: done.set())
        end = time.monotonic() + _RENEW_S
        while not done.wait(_POLL_S) and not self._stopping.is_set() and time.monotonic() < end:
            pass
        return asked.future.done()

    def _is_wanted(self, job: JobRecord) -> bool:
        return not self._stopping.is_set() and self._claims.renew(job)


def _result(row: FileRow, verdict: Verdict) -> Result:
    scores = (verdict.label, verdict.score, verdict.probability, verdict.n_words, verdict.n_windows)
    return Result(row.line, row.id, *scores)


def _refused(row: FileRow, reason: str | None) -> Result:
    return Result(row.line, row.id, error=reason)


def _reason(error: Exception) -> str:
    return str(error.detail) if isinstance(error, Refusal) else str(error)

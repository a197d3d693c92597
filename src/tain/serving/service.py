"""What the routes share: the models, the thread that reads, the counts, and the way from a request to its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Request

from tain.serving.adapters.shelf import Shelf, no_such_model
from tain.serving.batcher import Batcher
from tain.serving.errors import Refusal
from tain.serving.job import Job
from tain.serving.jobs.desk import Limits
from tain.serving.jobs.work import Work
from tain.serving.logs import note
from tain.serving.metrics import Metrics
from tain.serving.report_page import ReportPages
from tain.serving.served import Served, Side
from tain.serving.served_detector import ServedDetector
from tain.serving.settings import Settings

T = TypeVar("T")


@dataclass
class Service:
    """A server's parts.

    Attributes:
        settings: What it was told.
        models: By name; the first is for requests that name none.
        metrics: Counts and times.
        started: Seconds since 1970.
        shelf: Models that are loaded when a request names one; None without a folder of them.
        batcher: None before it has started.
        reports: Pages of the models' Reports.
    """

    settings: Settings
    models: dict[str, Served]
    metrics: Metrics
    started: int
    shelf: Shelf | None = None
    batcher: Batcher | None = None
    _jobs: Work | None = None
    reports: ReportPages = field(default_factory=ReportPages)

    def start(self) -> None:
        """Start the thread that reads."""
        self.batcher = Batcher(
            batch_tokens=self.settings.batch_tokens,
            max_jobs=self.settings.max_requests,
            max_chars=self.settings.max_waiting_chars,
            on_batch=self.metrics.batch,
        )
        limits = Limits(
            max_rows=self.settings.max_job_rows,
            max_chars=self.settings.max_body_bytes,
            max_bytes=self.settings.max_jobs_bytes,
            keep_days=self.settings.keep_jobs_days,
        )
        detectors = [model for model in self.models.values() if isinstance(model, ServedDetector)]
        self._jobs = Work(self.settings.jobs_folder, limits, detectors, self.batcher)
        self.metrics.adapters.set_function(lambda: len(self.shelf.loaded) if self.shelf else 0)
        self.metrics.adapter_bytes.set_function(lambda: self.shelf.n_bytes if self.shelf else 0)
        self.metrics.waiting.set_function(lambda: self.batcher.n_jobs if self.batcher else 0)
        self.metrics.waiting_chars.set_function(lambda: self.batcher.n_chars if self.batcher else 0)

    async def stop(self) -> None:
        """Answer what was taken, and stop."""
        if self._jobs:
            await asyncio.to_thread(self._jobs.close)
        if self.batcher:
            await asyncio.to_thread(self.batcher.close)
        if self.shelf:
            self.shelf.close()

    @property
    def jobs(self) -> Work:
        """Files of texts that are scored while nobody waits.

        Raises:
            Refusal: 503 before the server has started.
        """
        if self._jobs is None:
            raise Refusal(503, "The server is not ready. Try again in a moment.")
        return self._jobs

    @property
    def is_ready(self) -> bool:
        """Whether requests are answered."""
        return self.batcher is not None and self.batcher.is_ready

    def model(self, name: str | None) -> Served:
        """The model of a name among those that the server was started with, which are always in memory.

        Args:
            name: None takes the first.

        Raises:
            Refusal: 404 if there is none of that name, 422 if it is an adapter.
        """
        if name is None:
            return next(iter(self.models.values()))
        if name in self.models:
            return self.models[name]
        if self.shelf is None:
            known = ", ".join(self.models)
            raise Refusal(404, f"There is no model named {name[:80]!r}. There are: {known}.", error_type="not_found")
        if self.shelf.folder.place(name) is None:
            raise no_such_model(name)
        raise Refusal(422, f"{name} is an adapter, which may be dropped at any time. Serve it with --model for this.")

    def detector(self, name: str | None) -> ServedDetector:
        """The detector of a name among the models that the server was started with.

        Args:
            name: None takes the first model.

        Raises:
            Refusal: 404 if there is none of that name, 422 if it gives no verdicts or is an adapter.
        """
        return require_detector(self.model(name))


def require_detector(model: Served) -> ServedDetector:
    """The model as a detector.

    Raises:
        Refusal: 422 if it gives no verdicts.
    """
    if isinstance(model, ServedDetector):
        return model
    raise Refusal(
        422, f"{model.id.name} has no operating points, so it gives no verdicts. Use /v1/classify, or a detector."
    )


def service_of(request: Request) -> Service:
    """The parts of the server that a request came to."""
    service: Service = request.app.state.service
    return service


async def ask(
    request: Request,
    model: Served,
    texts: Sequence[str],
    answer: Callable[[list[Any], int], T],
    *,
    cut: Side | None = None,
) -> T:
    """What the model says of the texts of a request.

    Args:
        request: Its texts leave the queue when its sender goes, or when its time is up.
        model: Reads them.
        texts: Raw.
        answer: From the readings and the number of tokens to what is sent; runs in the reading thread.
        cut: End to leave out of long texts.

    Raises:
        Refusal: 400 without texts, 413 for too many, 429 for too much at once, 499, 503 or 504.
        TainError: If a text cannot be read.
    """
    service = service_of(request)
    _check_number(len(texts), service.settings.max_texts)
    if service.batcher is None:
        raise Refusal(503, "The server is not ready. Try again in a moment.")
    job = Job(model, texts, answer, cut)
    service.batcher.submit(job)
    result = await _result(request, job)
    service.metrics.texts.labels(model.id.name).inc(len(texts))
    size = {"n_texts": len(texts), "n_chars": job.n_chars}
    told = {"texts": list(texts)} if service.settings.has_texts_in_logs else {}
    note("texts", {"request_id": request.scope["request_id"], "model": model.id.name, **size, **told})
    return result


async def _result(request: Request, job: Job[T]) -> T:
    future = asyncio.wrap_future(job.future)
    leaving = asyncio.create_task(_left(request))
    left_s = request.scope["deadline"] - time.monotonic()
    try:
        either: set[asyncio.Future[Any]] = {future, leaving}
        await asyncio.wait(either, timeout=max(0.0, left_s), return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            return future.result()
        if leaving.done():
            raise Refusal(499, "The client left before the answer.")
        raise Refusal(504, "The answer took too long. Send fewer or shorter texts, or come back when less is waiting.")
    finally:
        future.cancel()
        leaving.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _check_number(n_texts: int, most: int) -> None:
    if not n_texts:
        raise Refusal(400, "There is no text. Expected at least one.", error_type="empty")
    if n_texts > most:
        raise Refusal(413, f"The request has {n_texts} texts; at most {most} are read at once. Split it.")

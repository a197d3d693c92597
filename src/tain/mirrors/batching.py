"""Many requests at a time for a model that answers in batches, such as one on this machine."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeAlias

from tain.core.errors import EndpointError, TainError
from tain.mirrors.request import Answer, FatalError, MirrorRequest, RetryableError

Complete: TypeAlias = Callable[[Sequence[MirrorRequest]], Sequence[Answer | EndpointError]]
Waiting: TypeAlias = tuple[MirrorRequest, asyncio.Future[Answer]]


class BatchGenerator:
    """A Generator around a function that answers several requests at once, in a thread of its own.

    While one batch is written, requests gather for the next one.
    """

    name: ClassVar[str] = "local"

    def __init__(self, complete: Complete, *, batch_size: int = 16) -> None:
        """Take the function.

        Args:
            complete: Answers in the order of the requests, or says why there is none. Never called twice at a time.
            batch_size: Most requests in one call.
        """
        self._complete, self._batch_size = complete, batch_size
        self._waiting: deque[Waiting] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._is_hurried = False

    async def generate(self, request: MirrorRequest) -> Answer:
        """The answer to one request, as part of some batch.

        Args:
            request: What to ask.

        Raises:
            RetryableError: If it was not begun before the user ended the run.
            RefusedError: If the model cannot answer this one.
            FatalError: If the model cannot answer at all.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await future

    def n_answers(self, parent_id: str) -> int | None:
        """No limit: another seed gives another text."""

    def hurry(self) -> None:
        """Give up requests that were not begun."""
        self._is_hurried = True

    async def close(self) -> None:
        """Nothing is open."""

    async def _work(self) -> None:
        await asyncio.sleep(0)  # lets requests that come at the same moment into the first batch
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(self._batch_size, len(self._waiting)))]
            await self._answer([(request, future) for request, future in batch if not future.done()])

    async def _answer(self, batch: Sequence[Waiting]) -> None:
        answers = await self._answers([request for request, _ in batch])
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue  # the run was cancelled meanwhile
            if isinstance(answer, EndpointError):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    async def _answers(self, requests: Sequence[MirrorRequest]) -> Sequence[Answer | EndpointError]:
        if self._is_hurried:
            return [RetryableError("stopped before it was begun") for _ in requests]
        try:
            return await asyncio.to_thread(self._complete, requests)
        except (TainError, MemoryError, RuntimeError) as failure:
            return [FatalError(f"the local model failed: {failure}") for _ in requests]

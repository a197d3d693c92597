"""What one request asks of a model, from the moment it is taken to its one answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from tain.serving.served import Logits, Served, Side, Work

T = TypeVar("T")


@dataclass(eq=False)
class Job(Generic[T]):
    """Texts of one request. Its future gets exactly one answer, or is cancelled by whoever waited for it.

    Attributes:
        model: What reads them.
        texts: Raw.
        answer: From the readings to what is sent, given also the number of tokens; runs in the reading thread.
        cut: End to leave out of long texts.
        is_background: Nobody waits for it now, so it is read when no request is.
        future: Where the answer goes.
        work: The texts as rows, once they are prepared.
        n_taken: Rows given to the network.
    """

    model: Served
    texts: Sequence[str]
    answer: Callable[[list[Any], int], T]
    cut: Side | None = None
    is_background: bool = False
    future: Future[T] = field(default_factory=Future)
    work: Work | None = None
    n_taken: int = 0
    _outputs: list[Logits] = field(default_factory=list)

    @property
    def n_chars(self) -> int:
        """Of all its texts."""
        return sum(map(len, self.texts))

    @property
    def rows(self) -> Sequence[Sequence[int]]:
        """What the network reads; none before it is prepared."""
        return self.work.rows if self.work else ()

    @property
    def has_more(self) -> bool:
        """Whether rows are left for another turn."""
        return self.n_taken < len(self.rows)

    def prepare(self) -> None:
        """Turn the texts into rows.

        Raises:
            TainError: If a text cannot be read.
        """
        self.work = self.model.prepare(self.texts, cut=self.cut)

    def take(self) -> Sequence[int]:
        """The next row."""
        self.n_taken += 1
        return self.rows[self.n_taken - 1]

    def put(self, output: Logits) -> None:
        """Keep what the network said of the next row; they come in order.

        Args:
            output: Of one row.
        """
        self._outputs.append(output)
        if len(self._outputs) == len(self.rows):
            self.finish()

    def finish(self) -> None:
        """Give the answer, unless nobody waits for it any more."""
        if self.future.cancelled():
            return
        try:
            assert self.work is not None
            outputs = np.stack(self._outputs) if self._outputs else np.empty(0, dtype=np.float32)
            result = self.answer(self.model.finish(self.work, outputs), self.work.n_tokens)
        except Exception as error:  # whatever it is, it is this request's and no other's
            self.fail(error)
            return
        if self.future.set_running_or_notify_cancel():
            self.future.set_result(result)

    def fail(self, error: Exception) -> None:
        """Give an error for an answer.

        Args:
            error: What the request is told.
        """
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)

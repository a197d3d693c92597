"""Connections that stand still are cut off: uvicorn alone waits for ever for the end of a head, and for a reader."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(H11Protocol):
    """A connection whose head has to be there in time, and whose reader has to go on reading.

    Bodies and answers have bounds of their own, in `intake` and `service`.

    Attributes:
        patience_s: For a whole head, however it drips in; and for a reader that takes nothing.
    """

    patience_s = 60.0
    _head: asyncio.TimerHandle | None = None
    _reader: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head from now on."""
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Wait no longer once a head is whole."""
        super().data_received(data)
        self._watch_head()

    def on_response_complete(self) -> None:
        """Wait for the next head."""
        super().on_response_complete()
        self._watch_head()

    def pause_writing(self) -> None:
        """Wait for the reader, whose buffers are full."""
        super().pause_writing()
        self._reader = self._reader or self._cut_off_later()

    def resume_writing(self) -> None:
        """The reader goes on."""
        super().resume_writing()
        self._reader = _cancelled(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        self._head, self._reader = _cancelled(self._head), _cancelled(self._reader)

    def _watch_head(self) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering or self.transport.is_closing():
            self._head = _cancelled(self._head)
        else:  # a byte now and then starts nothing anew
            self._head = self._head or self._cut_off_later()

    def _cut_off_later(self) -> asyncio.TimerHandle:
        # Not closed, which would wait until the rest has been read.
        return self.loop.call_later(self.patience_s, self.transport.abort)


def _cancelled(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    if timer is not None:
        timer.cancel()
    return None

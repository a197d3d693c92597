"""How much may come in: bytes of one body, seconds it may take, and bodies at a time."""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tain.serving.errors import Refusal, overloaded


class Intake:
    """ASGI middleware that counts while a body is read, so that none is ever held whole to be refused."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, max_requests: int) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            max_body_bytes: Of one request.
            max_requests: With a body, at a time.
        """
        self._app, self._max_bytes, self._max_requests = app, max_body_bytes, max_requests
        self._n_requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass.

        Raises:
            Refusal: 408, 413 or 429; also from `receive`, while the body is read.
        """
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdigit() and int(length) > self._max_bytes:
            raise self._too_large()
        if self._n_requests >= self._max_requests:
            raise overloaded(f"{self._n_requests} requests are being answered, which is all that may.", retry_after_s=1)
        self._n_requests += 1
        try:
            await self._app(scope, self._counting(scope, receive), send)
        finally:
            self._n_requests -= 1

    def _counting(self, scope: Scope, receive: Receive) -> Receive:
        n_bytes, is_whole = 0, False

        async def counted() -> Message:
            nonlocal n_bytes, is_whole
            if is_whole:  # what comes now is the client's leaving, which may take its time
                return await receive()
            try:
                left_s = max(0.0, scope["deadline"] - time.monotonic())
                message = await asyncio.wait_for(receive(), left_s)
            except TimeoutError:
                raise Refusal(408, "The request came too slowly. Send it again.") from None
            n_bytes += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if n_bytes > self._max_bytes:
                raise self._too_large()
            return message

        return counted

    def _too_large(self) -> Refusal:
        return Refusal(413, f"The body is larger than {self._max_bytes:,} bytes. Split the request.")

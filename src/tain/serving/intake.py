"""How much may come in: bytes of one body, seconds it may take, and bodies at a time; more where files are taken."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tain.serving.errors import Refusal, overloaded


@dataclass(frozen=True, slots=True)
class Upload:
    """What an address that takes files may be sent.

    Attributes:
        max_bytes: Of one request.
        timeout_s: From its first byte to its answer.
        max_requests: At a time, as each is on the disk while it comes in.
    """

    max_bytes: int
    timeout_s: float
    max_requests: int = 4


class Intake:
    """ASGI middleware that counts while a body is read, so that none is ever held whole to be refused."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, max_requests: int, uploads: Mapping[str, Upload]) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            max_body_bytes: Of one request.
            max_requests: With a body, at a time.
            uploads: Addresses that may be sent more.
        """
        self._app, self._max_bytes, self._max_requests = app, max_body_bytes, max_requests
        self._uploads = uploads
        self._n_requests: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass.

        Raises:
            Refusal: 408, 413 or 429; also from `receive`, while the body is read.
        """
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        upload = self._uploads.get(scope["path"]) if scope["method"] == "POST" else None
        max_bytes = upload.max_bytes if upload else self._max_bytes
        if upload:
            scope["deadline"] = max(scope["deadline"], time.monotonic() + upload.timeout_s)
        length = Headers(scope=scope).get("content-length", "")
        if length.isdigit() and int(length) > max_bytes:
            raise _too_large(max_bytes)
        place, most = (scope["path"], upload.max_requests) if upload else ("", self._max_requests)
        if self._n_requests[place] >= most:
            raise overloaded(f"{most} such requests are being answered, which is all that may.", retry_after_s=1)
        self._n_requests[place] += 1
        try:
            await self._app(scope, self._counting(scope, receive, max_bytes), send)
        finally:
            self._n_requests[place] -= 1

    def _counting(self, scope: Scope, receive: Receive, max_bytes: int) -> Receive:
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
            if n_bytes > max_bytes:
                raise _too_large(max_bytes)
            return message

        return counted


def _too_large(max_bytes: int) -> Refusal:
    return Refusal(413, f"The body is larger than {max_bytes:,} bytes. Split the request.")

"""The outermost layer of a request: its id, its line in the log, its count, and the last resort for errors."""

from __future__ import annotations

import logging
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tain.serving.errors import UNEXPECTED, Refusal, error_response
from tain.serving.logs import note
from tain.serving.metrics import Metrics

HEADER = "X-Request-Id"
_SOUND_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Context:
    """ASGI middleware. Whatever happens inside, one answer with a request id goes out."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, timeout_s: float) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            metrics: Counts.
            timeout_s: For the whole of a request; whoever waits reads `deadline` in the scope.
        """
        self._app, self._metrics, self._timeout_s = app, metrics, timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        scope["request_id"] = request_id = _request_id(scope)
        scope["deadline"] = started + self._timeout_s
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[HEADER] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Cache-Control"] = "no-store"
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Refusal as refusal:
            if not status:
                await error_response(refusal, request_id)(scope, receive, send_with_headers)
        except Exception as error:  # one of the two doors: nothing leaves it but a request id
            note("defect", {"request_id": request_id}, level=logging.ERROR, exc_info=error)
            if not status:
                await error_response(Refusal(500, UNEXPECTED), request_id)(scope, receive, send_with_headers)
        finally:
            self._count(scope, status or 499, time.monotonic() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(route, method, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        line = {"request_id": scope["request_id"], "method": method, "route": route, "status": status}
        note("request", {**line, "ms": round(1000 * seconds, 1), "key": scope.get("key_name")})


def _request_id(scope: Scope) -> str:
    # What a client sends goes into the log and into a header, so only plain names pass.
    sent = Headers(scope=scope).get(HEADER, "")
    return sent if _SOUND_ID.fullmatch(sent) else uuid4().hex

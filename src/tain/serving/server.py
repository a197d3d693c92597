"""A server as a process: listens, answers, and on a signal finishes what it took."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from math import ceil

import uvicorn

from tain.core.errors import ConfigError
from tain.serving.app import create_app
from tain.serving.connections import Connection
from tain.serving.logs import start_log
from tain.serving.settings import Settings

_SPARE_S = 5
_LEAST_CONNECTIONS = 1000


def serve(settings: Settings, *, on_ready: Callable[[str, list[str]], None]) -> None:
    """Serve until SIGTERM or SIGINT; then no request is taken, and those that were are answered.

    Args:
        settings: All of them.
        on_ready: Told the address and the names of the models as soon as connections are accepted.

    Raises:
        ConfigError: If the address cannot be had, or a setting is impossible.
        DetectorError: If a folder is no model.
    """
    app = create_app(settings)
    listener = listen(settings.host, settings.port)
    start_log()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        http=type("Connection", (Connection,), {"patience_s": settings.timeout_s}),
        server_header=False,
        # Whoever sits behind a proxy tells it to limit rates; a forwarded address can be made up.
        proxy_headers=False,
        ws="none",
        lifespan="on",
        # Beyond what may wait: connections that have not sent a request yet, and those that are told to come back.
        limit_concurrency=max(4 * settings.max_requests, _LEAST_CONNECTIONS),
        timeout_graceful_shutdown=ceil(settings.timeout_s) + _SPARE_S,
    )
    # uvicorn raises the signal again when it is done, which would end the process as if it had failed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    on_ready(f"http://{host}:{listener.getsockname()[1]}", list(app.state.service.models))
    uvicorn.Server(config).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections.

    Raises:
        ConfigError: If the address cannot be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} cannot be listened on ({error.strerror or error}). Choose another --port or --host."
        ) from error

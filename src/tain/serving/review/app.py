"""A review as an application, and as a process that ends with Ctrl-C."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from starlette.middleware import Middleware

from tain.core.version import VERSION
from tain.recipes.review.review import Review
from tain.serving.access import Access
from tain.serving.context import Context
from tain.serving.errors import add_error_handlers
from tain.serving.intake import Intake
from tain.serving.logs import NAME, start_log
from tain.serving.metrics import Metrics
from tain.serving.rate import RateLimit
from tain.serving.review import routes
from tain.serving.server import listen

HOST = "127.0.0.1"
HOSTS = (HOST, "localhost")
MAX_BODY_BYTES, MAX_REQUESTS, TIMEOUT_S = 4096, 16, 30.0


def create_review_app(review: Review) -> FastAPI:
    """An application for one review, with the layers that `tain serve` has on loopback.

    Args:
        review: What is decided on.
    """
    app = FastAPI(
        title="tain review",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(Context, metrics=Metrics(), timeout_s=TIMEOUT_S),
            Middleware(Access, keys=None, hosts=HOSTS, limit=RateLimit(0)),
            Middleware(Intake, max_body_bytes=MAX_BODY_BYTES, max_requests=MAX_REQUESTS, uploads={}),
        ],
    )
    app.state.review = review
    add_error_handlers(app)
    app.include_router(routes.router)
    return app


def serve_review(review: Review, *, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve to this machine until SIGTERM or SIGINT.

    Args:
        review: What is decided on.
        port: 0 takes a free one.
        on_ready: Told the address as soon as connections are accepted.

    Raises:
        ConfigError: If the port cannot be had.
    """
    app, listener = create_review_app(review), listen(HOST, port)
    start_log()
    logging.getLogger(NAME).setLevel(logging.WARNING)  # a line for each key press would help nobody
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, proxy_headers=False, ws="none", lifespan="off"
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    on_ready(f"http://{HOST}:{listener.getsockname()[1]}")
    uvicorn.Server(config).run(sockets=[listener])

"""The application: layers, routes and life of a server."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware

from tain.core.errors import ConfigError
from tain.core.version import VERSION
from tain.serving.access import Access
from tain.serving.adapters.folder import AdapterFolder
from tain.serving.adapters.opening import Opener
from tain.serving.adapters.shelf import Shelf
from tain.serving.context import Context
from tain.serving.errors import add_error_handlers
from tain.serving.intake import Intake, Upload
from tain.serving.keys import KeyRing, read_keys
from tain.serving.metrics import Metrics
from tain.serving.rate import RateLimit
from tain.serving.routes import about, check, classify, files, jobs, page
from tain.serving.routes import filter as gates
from tain.serving.served import Served, open_models
from tain.serving.service import Service
from tain.serving.settings import Settings

_ABOUT = (
    "Whether a text was written by a person or by a language model, at a stated false positive rate. "
    "A result is evidence, never a verdict on a person."
)

_UPLOAD_S = 600.0


def create_app(settings: Settings | None = None) -> FastAPI:
    """An application that answers for the models of its settings; it starts to read when its lifespan begins.

    Args:
        settings: None takes the detector that ships, on loopback.

    Raises:
        ConfigError: If it would listen to other machines without keys, or two models have one name.
        DetectorError: If a folder is no model.
    """
    chosen = settings or Settings()
    keys = _keys(chosen)
    metrics = Metrics()
    models = open_models(chosen.models, engine=chosen.engine)
    service = Service(chosen, models, metrics, int(time.time()), _shelf(chosen, models, metrics))
    app = FastAPI(
        title="tain",
        version=VERSION,
        description=_ABOUT,
        # The pages that FastAPI would make load scripts from another host.
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
        middleware=[
            Middleware(Context, metrics=service.metrics, timeout_s=chosen.timeout_s),
            Middleware(Access, keys=keys, hosts=chosen.hosts, limit=RateLimit(chosen.rate)),
            Middleware(
                Intake,
                max_body_bytes=chosen.max_body_bytes,
                max_requests=chosen.max_requests,
                uploads=_uploads(chosen),
            ),
        ],
    )
    app.state.service = service
    add_error_handlers(app)
    for routes in (check, files, classify, gates, jobs, about, page):
        app.include_router(routes.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    service.start()
    try:
        yield
    finally:
        await service.stop()


def _shelf(settings: Settings, models: Mapping[str, Served], metrics: Metrics) -> Shelf | None:
    if settings.adapters is None:
        return None
    folder = AdapterFolder(settings.adapters)
    if both := sorted(set(folder.names()) & set(models)):
        raise ConfigError(
            f"{settings.adapters / both[0]}: there is a model named {both[0]!r} already. Requests choose a model by "
            "its name; rename the folder."
        )
    opener = Opener(folder, engine=settings.engine)
    return Shelf(folder, opener.open, max_bytes=settings.adapter_memory_bytes, on_load=metrics.adapter_loads.inc)


def _uploads(settings: Settings) -> dict[str, Upload]:
    return {
        "/v1/jobs": Upload(settings.max_job_bytes, _UPLOAD_S),
        "/v1/check/file": Upload(settings.max_file_bytes, settings.timeout_s),
    }


def _keys(settings: Settings) -> KeyRing | None:
    keys = read_keys(settings.keys) if settings.keys else None
    if not settings.is_loopback and not (keys and keys.keys):
        raise ConfigError(
            f"host {settings.host} can be reached from other machines, so API keys are needed. Make one with: tain key "
            "add keys.json --name NAME, and pass --keys keys.json; or listen on 127.0.0.1."
        )
    return keys

"""What a server says of itself: health, models, limits, metrics."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from tain.core.version import VERSION
from tain.evaluation.thresholds import OperatingPoint
from tain.serving.adapters.card import card_of_folder
from tain.serving.errors import ALWAYS, Refusal, declared
from tain.serving.routes.security import KEY
from tain.serving.served import Served
from tain.serving.served_detector import ServedDetector
from tain.serving.service import Service, service_of
from tain.serving.shapes.about import (
    Classes,
    Health,
    Info,
    ModelCard,
    ModelList,
    ModelType,
    OperatingPointBody,
    PointBody,
)

router = APIRouter(tags=["about"], responses=ALWAYS)


@router.get("/health", summary="Whether requests are answered", responses=declared(503))
async def health(request: Request) -> Health:
    """Needs no key."""
    if not service_of(request).is_ready:
        raise Refusal(503, "The server is going down.")
    return Health()


@router.get("/v1/models", summary="The models", dependencies=[KEY])
async def models(request: Request) -> ModelList:
    """As OpenAI's list of models; adapters stand behind the others, in memory or not."""
    service = service_of(request)
    data = [_card(model, service.started) for model in service.models.values()]
    return ModelList(data=[*data, *await asyncio.to_thread(_adapters, service)])


@router.get("/info", summary="The first model and the limits", dependencies=[KEY])
async def info(request: Request) -> Info:
    """As text-embeddings-inference says it, with the operating point."""
    service = service_of(request)
    model, settings = service.model(None), service.settings
    names = dict(enumerate(model.labels))
    return Info(
        model_id=model.id.name,
        model_sha=model.id.sha256,
        model_version=model.id.version,
        model_type=ModelType(
            classifier=Classes(
                id2label={str(i): name for i, name in names.items()}, label2id={name: i for i, name in names.items()}
            )
        ),
        operating_point=_default_point(model) if isinstance(model, ServedDetector) else None,
        min_words=model.detector.settings.min_words if isinstance(model, ServedDetector) else None,
        max_input_length=model.max_tokens,
        max_concurrent_requests=settings.max_requests,
        max_batch_tokens=settings.batch_tokens,
        max_client_batch_size=settings.max_texts,
        max_body_bytes=settings.max_body_bytes,
        version=VERSION,
    )


@router.get(
    "/metrics",
    summary="Counts and times for Prometheus",
    dependencies=[KEY],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus text"}},
)
async def metrics(request: Request) -> Response:
    """Needs the scope admin."""
    return Response(service_of(request).metrics.page(), media_type=CONTENT_TYPE_LATEST)


def _adapters(service: Service) -> list[ModelCard]:
    if (shelf := service.shelf) is None:
        return []
    shelf.forget_absent()
    loaded, cards = shelf.loaded, []
    for name in shelf.folder.names():
        place = shelf.folder.place(name)
        if name in service.models or place is None:
            continue
        card = (
            _card(loaded[name], service.started, is_adapter=True)
            if name in loaded
            else card_of_folder(name, place, created=service.started)
        )
        cards += [card] if card else []
    return cards


def _card(model: Served, created: int, *, is_adapter: bool = False) -> ModelCard:
    detector = model.detector if isinstance(model, ServedDetector) else None
    return ModelCard(
        id=model.id.name,
        created=created,
        version=model.id.version,
        model_sha=model.id.sha256,
        labels=list(model.labels),
        max_model_len=model.max_tokens,
        can_check=detector is not None,
        can_take_jobs=detector is not None and not is_adapter,
        operating_points=[_point(point) for point in detector.calibration.record.points] if detector else [],
        default_fpr=detector.settings.default_fpr if detector else None,
        min_words=detector.settings.min_words if detector else None,
        has_report=detector is not None and detector.report is not None,
        is_loaded=True,
    )


def _point(point: OperatingPoint) -> PointBody:
    return PointBody.model_validate(point, from_attributes=True)


def _default_point(model: ServedDetector) -> OperatingPointBody:
    return OperatingPointBody(**_point(model.detector.point()).model_dump(), even_prior=model.even_prior)

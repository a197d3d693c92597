"""`POST /v1/check`: verdicts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from tain.serving.chosen import detector_of
from tain.serving.errors import READING
from tain.serving.routes.security import KEY
from tain.serving.service import ask
from tain.serving.shapes.check import CheckRequest, CheckResponse, VerdictBody, verdict_body

router = APIRouter(tags=["check"], dependencies=[KEY], responses=READING)


@router.post("/v1/check", summary="Verdicts on one text or many")
async def check(body: CheckRequest, request: Request) -> CheckResponse:
    """Label, score, probability, evidence, windows and warnings for each text, at a stated false positive rate."""
    model = await detector_of(request, body.model)
    # A rate that the calibration does not support is refused before anything is read.
    model.detector.point(body.target_fpr)

    def answer(readings: list[Any], n_tokens: int) -> list[VerdictBody]:
        verdicts = (model.detector.verdict(r, target_fpr=body.target_fpr, prior=body.prior) for r in readings)
        return [verdict_body(verdict, has_windows=body.windows) for verdict in verdicts]

    verdicts = await ask(request, model, body.texts, answer)
    return CheckResponse(
        id=request.scope["request_id"],
        model=model.id.name,
        version=model.id.version,
        model_sha=model.id.sha256,
        verdicts=verdicts,
    )

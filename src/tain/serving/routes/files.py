"""`POST /v1/check/file`: a verdict on the text of a document."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile

from tain.serving.chosen import detector_of
from tain.serving.documents.extract import extract
from tain.serving.errors import READING, declared
from tain.serving.jobs.kinds import plain_name
from tain.serving.routes.security import KEY
from tain.serving.service import ask, service_of
from tain.serving.shapes.check import FileBody, FileCheckResponse, VerdictBody, verdict_body

router = APIRouter(tags=["check"], dependencies=[KEY], responses=READING | declared(415))


@router.post("/v1/check/file", summary="A verdict on a document")
async def check_file(
    request: Request,
    file: Annotated[UploadFile, File(description="A .txt, .md, .docx, .pdf, .html or .rtf file.")],
    model: Annotated[str | None, Form(description="Name of a detector; none takes the first.")] = None,
    target_fpr: Annotated[float | None, Form(gt=0, lt=1, description="None takes the detector's default.")] = None,
    prior: Annotated[float | None, Form(gt=0, lt=1, description="Share of AI texts; none takes 0.5.")] = None,
    windows: Annotated[bool, Form(description="List the windows of the text.")] = True,
) -> FileCheckResponse:
    """The same as /v1/check says of the text, with the text and its windows' places in it."""
    service = service_of(request)
    chosen = await detector_of(request, model)
    # A rate that the calibration does not support is refused before anything is read.
    chosen.detector.point(target_fpr)
    name = plain_name(file.filename)
    found = await asyncio.to_thread(extract, file.file, name, max_chars=service.settings.max_body_bytes)

    def answer(readings: list[Any], n_tokens: int) -> list[VerdictBody]:
        verdicts = (chosen.detector.verdict(r, target_fpr=target_fpr, prior=prior) for r in readings)
        return [verdict_body(verdict, has_windows=windows) for verdict in verdicts]

    return FileCheckResponse(
        id=request.scope["request_id"],
        model=chosen.id.name,
        version=chosen.id.version,
        model_sha=chosen.id.sha256,
        verdicts=await ask(request, chosen, [found.text], answer),
        file=FileBody(
            name=name,
            kind=found.kind,
            n_bytes=found.n_bytes,
            n_chars=len(found.text),
            n_pages=found.n_pages,
            encoding=found.encoding,
        ),
        text=found.text,
    )

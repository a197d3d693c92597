"""`/v1/jobs`: files of texts that are scored while nobody waits."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Header, Query, Request, Response, UploadFile
from fastapi.responses import StreamingResponse

from tain.serving.errors import ALWAYS, declared
from tain.serving.jobs.desk import Asked
from tain.serving.jobs.export import MEDIA_TYPES, Kind, export
from tain.serving.jobs.record import OPEN, JobRecord
from tain.serving.jobs.store import PAGE_ROWS
from tain.serving.routes.security import KEY
from tain.serving.service import Service, service_of
from tain.serving.shapes.jobs import JobBody, JobList, ResultBody, ResultPage, job_body

router = APIRouter(tags=["jobs"], dependencies=[KEY], responses=ALWAYS | declared(404, 422, 503))
_OF_JOB = {
    "job": "job_v1_jobs__job_id__get",
    "results": "results_v1_jobs__job_id__results_get",
    "download": "download_v1_jobs__job_id__results__kind__get",
    "cancel": "cancel_v1_jobs__job_id__cancel_post",
    "delete": "delete_v1_jobs__job_id__delete",
}
_LINKS = {name: {"operationId": to, "parameters": {"job_id": "$response.body#/id"}} for name, to in _OF_JOB.items()}
_TAKING: dict[int | str, dict[str, Any]] = {202: {"links": _LINKS}, **declared(400, 408, 413, 415, 507)}
_CHANGING = declared(408, 413)
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A row for each result", "content": {name: {} for name in MEDIA_TYPES.values()}}
}


@router.post("/v1/jobs", status_code=202, summary="Score a file", responses=_TAKING)
def add(
    request: Request,
    response: Response,
    file: Annotated[UploadFile, File(description="JSONL, CSV or Parquet, also with .gz or .zst.")],
    model: Annotated[str | None, Form(description="Name of a detector; none takes the first.")] = None,
    target_fpr: Annotated[float | None, Form(gt=0, lt=1, description="None takes the detector's default.")] = None,
    prior: Annotated[float | None, Form(gt=0, lt=1, description="Share of AI texts; none takes 0.5.")] = None,
    text_column: Annotated[str | None, Form(max_length=200, description="None looks for the usual names.")] = None,
    id_column: Annotated[str | None, Form(max_length=200, description="None looks for the usual names.")] = None,
    idempotency_key: Annotated[
        str | None, Header(min_length=1, max_length=200, description="The same key and request give the same job.")
    ] = None,
) -> JobBody:
    """202 when the file is safe on the disk; what is wrong with its rows shows in the results."""
    service = service_of(request)
    chosen = service.detector(model)
    asked = Asked(chosen, chosen.detector.point(target_fpr).target_fpr, prior, text_column or None, id_column or None)
    job, is_new = service.jobs.desk().hand_in(
        file.file, file.filename, asked, key_name=_key_of(request), idempotency_key=idempotency_key
    )
    service.jobs.call()
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    if not is_new:
        response.headers["Idempotent-Replayed"] = "true"
    return _body(service, job)


@router.get("/v1/jobs", summary="Your jobs, the newest first")
def jobs(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[int | None, Query(ge=0, le=1 << 53, description="From next of the page before.")] = None,
) -> JobList:
    """Those that the same API key made."""
    service = service_of(request)
    found = service.jobs.desk().store.newest(key_name=_key_of(request), before=before, limit=limit + 1)
    more = found[limit - 1].number if len(found) > limit else None
    return JobList(data=[_body(service, job) for job in found[:limit]], next=more)


@router.get("/v1/jobs/{job_id}", summary="How a job stands")
def job(request: Request, job_id: str) -> JobBody:
    """State, counts and times."""
    return _body(service_of(request), _find(request, job_id))


@router.get("/v1/jobs/{job_id}/results", summary="Results so far, a page at a time")
def results(
    request: Request,
    job_id: str,
    after: Annotated[int, Query(ge=-1, le=1 << 53, description="From next of the page before.")] = -1,
    limit: Annotated[int, Query(ge=1, le=PAGE_ROWS)] = 100,
) -> ResultPage:
    """In the order of the file. While the job goes on, next leads to rows that are still to come."""
    found = _find(request, job_id)
    rows = service_of(request).jobs.desk().store.results(found, after=after, limit=limit)
    last = rows[-1]["row"] if rows else after
    is_all = found.state not in OPEN and last >= found.n_done - 1
    data = [ResultBody(**row) for row in rows]
    return ResultPage(state=found.state, data=data, next=None if is_all else last)


@router.get(
    "/v1/jobs/{job_id}/results.{kind}",
    summary="Results so far as a file",
    response_class=StreamingResponse,
    responses=_FILE,
)
def download(request: Request, job_id: str, kind: Kind) -> StreamingResponse:
    """One row for each row of the upload that has a result, in its order."""
    found = _find(request, job_id)
    store = service_of(request).jobs.desk().store
    # The name is of our own making: what a client sent never stands in a header.
    headers = {"Content-Disposition": f'attachment; filename="results-{found.id}.{kind}"'}
    return StreamingResponse(export(store, found, kind), media_type=MEDIA_TYPES[kind], headers=headers)


@router.post("/v1/jobs/{job_id}/cancel", summary="Stop a job where it stands", responses=_CHANGING)
def cancel(request: Request, job_id: str) -> JobBody:
    """Results so far stay; a job that has ended stays as it is. The upload is deleted."""
    desk = service_of(request).jobs.desk()
    found = _find(request, job_id)
    desk.store.cancel(found)
    desk.uploads.drop(found.id)
    return job(request, job_id)


@router.delete("/v1/jobs/{job_id}", status_code=204, summary="Stop a job and forget it", responses=_CHANGING)
def delete(request: Request, job_id: str) -> Response:
    """Upload and results are deleted."""
    desk = service_of(request).jobs.desk()
    found = _find(request, job_id)
    desk.store.delete(found)
    desk.uploads.drop(found.id)
    return Response(status_code=204)


def _find(request: Request, job_id: str) -> JobRecord:
    return service_of(request).jobs.desk().store.get(job_id, key_name=_key_of(request))


def _body(service: Service, job: JobRecord) -> JobBody:
    return job_body(job, is_served=service.jobs.can_score(job.model_sha))


def _key_of(request: Request) -> str:
    return str(request.scope.get("key_name", ""))

"""What people see: the page that checks a text, its files, and the Report of a detector.

Nothing here comes from another host, and no page runs a script that is not ours.
"""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request, Response

from tain.serving.chosen import model_of
from tain.serving.errors import ALWAYS, Refusal, declared
from tain.serving.routes.security import KEY
from tain.serving.service import service_of

router = APIRouter(tags=["page"], default_response_class=Response, responses=ALWAYS)

_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_PAGES = files("tain.serving") / "page"
_FILES = {
    each.name: (each.read_bytes(), f"{kind}; charset=utf-8")
    for each in _PAGES.iterdir()
    for ending, kind in _KINDS.items()
    if each.name.endswith(ending)
}
_SHUT = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    f"require-trusted-types-for 'script'; {_SHUT}"
)
# A Report carries its styles and plots within itself, and no script.
REPORT_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; {_SHUT}"
_PAGE: dict[int | str, dict[str, Any]] = {200: {"description": "A page", "content": {"text/html": {}}}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "Its content", "content": {kind: {} for kind in _KINDS.values()}}
}
_MISSING = {status: answer | {"content": {"text/html": {}}} for status, answer in declared(404).items()}
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@router.get("/", summary="The page that checks a text", responses=_PAGE)
async def check_page() -> Response:
    """Needs no key, as it shows nothing that does."""
    return page_response("index.html")


@router.get("/jobs", summary="The page for many texts", responses=_PAGE)
async def jobs_page() -> Response:
    """Says so where the server takes none. Needs no key."""
    return page_response("jobs.html")


@router.get("/page/{name}", summary="A file of the pages", responses=_FILE | declared(404, 422))
async def page_file(name: str) -> Response:
    """A style, a script or the icon. Needs no key."""
    return page_response(name)


@router.get(
    "/report", summary="How a detector was measured", dependencies=[KEY], responses=_PAGE | _MISSING | declared(422)
)
async def report(request: Request, model: str | None = None) -> Response:
    """A page without script; 404, and a page that says so, where the detector came without a Report."""
    service = service_of(request)
    page, is_there = await asyncio.to_thread(service.reports.page, await model_of(request, model))
    return _html(page, 200 if is_there else 404)


def page_response(name: str) -> Response:
    """A file of our pages, with the headers that keep everything else out.

    Args:
        name: Of the file.

    Raises:
        Refusal: 404 if there is none.
    """
    if name not in _FILES:
        raise Refusal(404, "There is no such file. GET / is the page.")
    content, kind = _FILES[name]
    return Response(content, media_type=kind, headers={**_HEADERS, "Content-Security-Policy": PAGE_POLICY})


def _html(page: str, status: int) -> Response:
    headers = {**_HEADERS, "Content-Security-Policy": REPORT_POLICY}
    # Half a surrogate pair, which a text of a Report may hold, is no UTF-8.
    return Response(page.encode("utf-8", "replace"), status, headers, "text/html; charset=utf-8")

"""One error body for everything that is refused or goes wrong, always with the true status.

The words of `error_type` are those of text-embeddings-inference where it has one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from tain.core.errors import DetectorError, TainError

ERROR_TYPES = {
    400: "malformed",
    401: "unauthorised",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    413: "too_large",
    415: "unsupported",
    421: "wrong_host",
    422: "validation",
    424: "backend",
    429: "overloaded",
    499: "client_left",
    500: "internal",
    503: "unhealthy",
    504: "timeout",
    507: "full",
}
UNEXPECTED = "Something went wrong here. The log of the server says more under this request id."
_FRAMEWORK = {
    400: "The body cannot be read as what its Content-Type says.",
    404: "There is no such address. GET /openapi.json lists them.",
    405: "The address does not take this method. GET /openapi.json says which it takes.",
}
_MOST_PROBLEMS = 10
_MEANINGS = {
    400: "Not what its Content-Type says, or nothing to read",
    401: "No key, or none that is known",
    403: "The key may not do this",
    404: "No such model, or no such job",
    408: "The request came too slowly",
    413: "The request, or the number of its texts, is too large",
    415: "No kind of file that is read here, or not the kind that its name says",
    421: "The Host header names another host",
    422: "A field or a text cannot be used",
    424: "The network failed on it",
    429: "Too many requests; Retry-After says when to come back",
    500: "A defect",
    503: "The server is going down",
    504: "Not answered in time",
    507: "No room on the disk",
}
_HEADERS = {
    401: {"headers": {"WWW-Authenticate": {"required": True, "schema": {"type": "string", "const": "Bearer"}}}},
    429: {"headers": {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}},
}


class ErrorBody(BaseModel):
    """What every answer but a good one holds."""

    error: str = Field(description="What is wrong, what was expected and what to do.")
    error_type: str = Field(description="The same in one word that stays.")
    request_id: str = Field(description="As in the header X-Request-Id.")


class Refusal(HTTPException):
    """A request that gets no answer, and why."""

    def __init__(
        self, status: int, message: str, *, error_type: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Say what is wrong, the value, what was expected and what to do.

        Args:
            status: HTTP status.
            message: For whoever sent the request; holds no text of theirs.
            error_type: None takes the word of the status.
            headers: Sent along.
        """
        super().__init__(status, message, dict(headers or {}))
        self.error_type = error_type or ERROR_TYPES[status]


def overloaded(message: str, *, retry_after_s: float, error_type: str = "overloaded") -> Refusal:
    """A 429 that says when to come back."""
    seconds = max(1, round(retry_after_s))
    return Refusal(
        429, f"{message} Retry in {seconds} s.", error_type=error_type, headers={"Retry-After": str(seconds)}
    )


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route declares of its errors.

    Args:
        statuses: Those that it can answer with.
    """
    return {
        status: {"model": ErrorBody, "description": _MEANINGS[status], **_HEADERS.get(status, {})}
        for status in sorted(statuses)
    }


ALWAYS = declared(401, 403, 421, 429, 500)
"""What any route may answer with."""
READING = ALWAYS | declared(400, 404, 408, 413, 422, 424, 503, 504)
"""What a route that reads texts may answer with."""


def error_response(error: HTTPException, request_id: str) -> Response:
    """The answer that an error makes.

    Args:
        error: Ours or the framework's.
        request_id: Of the request.
    """
    kind = error.error_type if isinstance(error, Refusal) else ERROR_TYPES.get(error.status_code, "http")
    body = {"error": str(error.detail), "error_type": kind, "request_id": request_id}
    # Plain ASCII, as a name in the message may hold half a character.
    content = json.dumps(body, ensure_ascii=True)
    return Response(content, error.status_code, dict(error.headers or {}), "application/json")


def add_error_handlers(app: FastAPI) -> None:
    """Make every error that a route meets answer with the one body."""
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(TainError, _on_tain_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


def _id_of(request: Request) -> str:
    return str(request.scope.get("request_id", ""))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not isinstance(error, Refusal) and error.status_code in _FRAMEWORK:
        headers = {"Allow": _methods(request)} if error.status_code == 405 else error.headers
        refusal = Refusal(error.status_code, _FRAMEWORK[error.status_code], headers=headers)
        return error_response(refusal, _id_of(request))
    return error_response(error, _id_of(request))


def _methods(request: Request) -> str:
    # The framework names those of one route alone, where an address has a route for each method.
    paths = request.app.openapi()["paths"]
    found = {name.upper() for path in paths if compile_path(path)[0].match(request.url.path) for name in paths[path]}
    return ", ".join(sorted(found))


async def _on_tain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TainError)
    # Where a model lies on this machine is nobody's business.
    message = "The model cannot be used." if isinstance(error, DetectorError) else str(error)
    return error_response(Refusal(error.http_status, message, error_type=error.code), _id_of(request))


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = error.errors()
    is_no_json = any(problem["type"] == "json_invalid" for problem in problems)
    message = f"The body is no JSON: {problems[0]['ctx']['error']}." if is_no_json else _told(problems)
    return error_response(Refusal(400 if is_no_json else 422, message), _id_of(request))


def _told(problems: Sequence[Mapping[str, Any]]) -> str:
    # The value itself stays out: it is the text of somebody.
    lines = [f"{_place(problem['loc'])}: {problem['msg']}." for problem in problems[:_MOST_PROBLEMS]]
    more = len(problems) - len(lines)
    return " ".join([*lines, f"And {more} more." if more else ""]).strip()


def _place(loc: Sequence[object]) -> str:
    return ".".join(str(part)[:80] for part in loc[1:]) or "The body"

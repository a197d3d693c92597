"""What the failures of an endpoint mean: try again, leave this request, or stop."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tain.core.errors import EndpointError
from tain.mirrors.request import FatalError, RefusedError, RetryableError

NO_CREDIT = re.compile(r"insufficient_quota|insufficient.(funds|credit|balance)|billing_hard_limit|out of credit", re.I)
ADVICE: Mapping[int, str] = {
    401: "Set OPENAI_API_KEY to a key of this endpoint.",
    402: "The account has no credit left.",
    403: "The key may not use this model or endpoint.",
    404: "Check --base-url, which most often ends in /v1, and the name after --model.",
    405: "Check --base-url, which most often ends in /v1.",
}
RETRYABLE = frozenset({408, 409, 425, 429})
ABOUT_THE_REQUEST = frozenset({400, 413, 422, 451})
MAX_CHARS = 400
RETRY_DELAY = re.compile(r"^(\d+(?:\.\d+)?)s$")


def error_of(status: int, headers: Mapping[str, str], body: str) -> EndpointError:
    """The error for a response that is no success.

    Args:
        status: HTTP status, 300 or more.
        headers: Names in lower case.
        body: Text of the response, cleared of secrets.
    """
    said = message_in(body)
    line = f"the endpoint answered {status}" + (f" ({said})" if said else "")
    if status == 429 and NO_CREDIT.search(body):
        return FatalError(f"{line}. {ADVICE[402]} Run the same command again once there is; nothing is lost.")
    if status in RETRYABLE or status >= 500:
        return RetryableError(line, retry_after_s=retry_after_s(headers, body))
    if status in ABOUT_THE_REQUEST:
        return RefusedError(line)
    return FatalError(f"{line}. {ADVICE.get(status, 'Check --base-url.')}")


def message_in(body: str) -> str:
    """What an endpoint says went wrong, on one short line, with the parameter it is about."""
    try:
        value = json.loads(body)
    except ValueError:
        return _line(body)
    if isinstance(value, list) and value:  # as Gemini's does
        value = value[0]
    error = value.get("error", value) if isinstance(value, dict) else value
    if not isinstance(error, dict):
        return _line(str(error))
    words = [error.get(name) for name in ("message", "detail", "code", "param")]
    return _line("; ".join(dict.fromkeys(str(word) for word in words if word)) or body)


def retry_after_s(headers: Mapping[str, str], body: str = "") -> float | None:
    """How long an endpoint asks to wait, in seconds; None where it does not say.

    Args:
        headers: Names in lower case. `retry-after` holds seconds or a date, `retry-after-ms` milliseconds.
        body: Gemini writes `retryDelay` there instead.
    """
    if (value := headers.get("retry-after-ms")) and _is_number(value):
        return float(value) / 1000
    if value := headers.get("retry-after"):
        return float(value) if _is_number(value) else _until(value)
    delay = re.search(r'"retryDelay"\s*:\s*"([^"]*)"', body)
    match = RETRY_DELAY.match(delay.group(1)) if delay else None
    return float(match.group(1)) if match else None


def _line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= MAX_CHARS else flat[: MAX_CHARS - 1] + "…"


def _is_number(value: str) -> bool:
    return re.fullmatch(r"\s*\d+(\.\d+)?\s*", value) is not None


def _until(value: str) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())

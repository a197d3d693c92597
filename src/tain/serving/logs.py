"""The log: one JSON object a line on stderr, without texts unless they are asked for."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

NAME = "tain.serving"
log = logging.getLogger(NAME)


class JsonLines(logging.Formatter):
    """Each record as one line; what a client sent is escaped, so that no line can be forged."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


def note(
    event: str, fields: Mapping[str, object], *, level: int = logging.INFO, exc_info: BaseException | None = None
) -> None:
    """Write a line.

    Args:
        event: What happened, in one word.
        fields: What is known about it; never a text of a client, except where texts are asked for.
        level: How bad it is.
        exc_info: Where it came from.
    """
    log.log(level, event, extra={"fields": fields}, exc_info=exc_info)


def start_log() -> None:
    """Send our lines, and those of uvicorn, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in (NAME, "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if name == NAME else logging.WARNING)

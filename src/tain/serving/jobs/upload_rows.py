"""From an upload to its file of rows, by a process that may not take much."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from secrets import token_hex

from tain.serving.confined import Bounds, run_confined
from tain.serving.jobs.desk import Desk
from tain.serving.jobs.record import JobRecord

_MODULE = "tain.serving.jobs.reading"
_MEMORY_BYTES = 2 << 30
_SECONDS = 300.0
_ANSWER_BYTES = 1 << 16
_MOST_BYTES = 4 << 30
_ASK_S = 2.0


def read_upload(desk: Desk, job: JobRecord, *, is_cancelled: Callable[[], bool]) -> int:
    """Make the file of rows; one that is there is replaced.

    Args:
        desk: Knows where files lie and how large they may be.
        job: What was asked.
        is_cancelled: Asked every other second.

    Returns:
        The number of rows.

    Raises:
        Refusal: If the upload cannot be read at all, or takes too much to read.
        Cancelled: If nobody waits for it any more.
        FileNotFoundError: If it is gone.
    """
    upload, rows = desk.uploads.upload(job.id, job.suffix), desk.uploads.rows(job.id)
    upload.stat()
    # A name of its own: a program that a killed server started may still be writing.
    part = rows.with_suffix(f".{token_hex(4)}.part")
    max_bytes = max(0, min(_MOST_BYTES, desk.room()))
    asked = {
        "name": job.name,
        "text_column": job.text_column,
        "id_column": job.id_column,
        "max_rows": desk.limits.max_rows,
        "max_chars": desk.limits.max_chars,
        "max_bytes": max_bytes,
    }
    # A row may be written before it is known that it was too much.
    bounds = Bounds(_MEMORY_BYTES, _SECONDS, max_bytes + 8 * desk.limits.max_chars, _ANSWER_BYTES)
    arguments = [str(upload), str(part), json.dumps(asked)]
    try:
        found = run_confined(_MODULE, arguments, bounds=bounds, is_cancelled=_now_and_then(is_cancelled))
        os.replace(part, rows)
    finally:
        part.unlink(missing_ok=True)
    return int(found["n_rows"])


def _now_and_then(is_cancelled: Callable[[], bool]) -> Callable[[], bool]:
    asked = 0.0

    def ask() -> bool:
        nonlocal asked
        if time.monotonic() - asked < _ASK_S:
            return False
        asked = time.monotonic()
        return is_cancelled()

    return ask

"""Programs that read what strangers send: in a process of their own, with little memory and little time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from tain.serving.errors import Refusal

_POLL_S = 0.05
_CONFINEMENT = "tain.serving.confinement"
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a program may take.

    Attributes:
        memory_bytes: Of address space.
        seconds: Of the clock, and of processor time.
        file_bytes: Of any file that it writes.
        answer_bytes: Of what it answers.
    """

    memory_bytes: int
    seconds: float
    file_bytes: int
    answer_bytes: int


class Cancelled(Exception):
    """Raised when a program was stopped because nobody waits for it any more."""


def run_confined(
    module: str,
    arguments: Sequence[str],
    *,
    bounds: Bounds,
    stdin: BinaryIO | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """What a module of ours answers, run as a program that holds no keys and none of our environment.

    Args:
        module: Prints one JSON object: `{"error", "status"}` where it refuses, anything else where it is done.
        arguments: Of its command line.
        bounds: Beyond them it is stopped.
        stdin: A file on disk, at its beginning; None gives it none.
        is_cancelled: Asked many times a second.

    Raises:
        Refusal: With the status that the program asks for; 422 if it died or took too much.
        Cancelled: If it was stopped for that.
    """
    limits = (bounds.memory_bytes, int(bounds.seconds) + 1, max(bounds.file_bytes, bounds.answer_bytes))
    command = [sys.executable, "-P", "-m", _CONFINEMENT, *map(str, limits), module, *arguments]
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {
        "PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "2",
    }
    with tempfile.TemporaryFile() as answer:
        process = subprocess.Popen(
            command,
            stdin=stdin or subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.DEVNULL,  # may hold pieces of the text
            env=environment,
            start_new_session=True,
        )
        try:
            _wait(process, bounds.seconds, is_cancelled)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        answer.seek(0)
        return _answer(answer.read(bounds.answer_bytes + 1), process.returncode, bounds)


def _wait(process: subprocess.Popen[bytes], seconds: float, is_cancelled: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while process.poll() is None:
        if is_cancelled():
            raise Cancelled
        if time.monotonic() > end:
            raise _too_much(seconds)
        time.sleep(_POLL_S)


def _answer(content: bytes, status: int, bounds: Bounds) -> dict[str, Any]:
    if status or len(content) > bounds.answer_bytes:
        raise _too_much(bounds.seconds)
    found: dict[str, Any] = json.loads(content)
    if "error" in found:
        raise Refusal(found["status"], found["error"])
    return found


def _too_much(seconds: float) -> Refusal:
    return Refusal(
        422,
        f"The file cannot be read within {seconds:.0f} s and the memory that one file may take. It is damaged, or made "
        "to fill a machine. Save its text as another file.",
        error_type="unreadable",
    )

"""Programs that a model wrote, run: shut in, with little memory and time, and never by default.

What the system offers is used and said: processes and network of their own, and no writing outside a folder that is
deleted afterwards (`jail.py`). None of that is a reason to run them where secrets lie: use a container that you can
throw away.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from tain.core.errors import ConfigError

JAIL = Path(__file__).with_name("jail.py")
DONE = "tain-program-went-to-its-end"
Outcome = Literal["passed", "failed", "time"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may take.

    Attributes:
        memory_bytes: Of address space.
        seconds: Of the clock, and of processor time.
        file_bytes: Of any file that it writes.
    """

    memory_bytes: int = 512 << 20
    seconds: float = 5.0
    file_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a program.

    Attributes:
        outcome: passed if it went to its end without an error; time if it took too long.
        walls: What shut it in, beside the limits: processes, network, files.
    """

    outcome: Outcome
    walls: tuple[str, ...]


def run_program(source: str, limits: Limits | None = None, *, is_allowed: bool = False) -> Ran:
    """Run a Python program in a process, a folder and, where the system has them, spaces of its own.

    Args:
        source: Python; whoever wrote it is not trusted.
        limits: Beyond them it is stopped; None takes the defaults.
        is_allowed: Whether the user said so. Nothing runs without that.

    Raises:
        ConfigError: If it is not allowed, or the system knows no limits.
    """
    if not is_allowed:
        raise ConfigError(
            "Programs that a model wrote are not run unless allow_code is true. They run shut in as far as this system "
            "can; set it only on a machine or container without secrets."
        )
    if sys.platform == "win32":
        raise ConfigError("Programs that a model wrote cannot be shut in on this system. Use Linux.")
    own = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="tain-program-") as folder:
        program = Path(folder, "program.py")
        # It has to print this last, so that sys.exit(0) before the tests is no pass. One that sets out to cheat can.
        token = f"{DONE}-{os.urandom(8).hex()}"
        program.write_text(f"{source}\n\nprint({token!r}, flush=True)\n", encoding="utf-8", errors="replace")
        return _ran(program, own, token)


def _ran(program: Path, limits: Limits, token: str) -> Ran:
    numbers = (str(limits.memory_bytes), str(int(limits.seconds) + 1), str(limits.file_bytes))
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as told:
        command = ["/bin/sh", "-c", 'exec "$@" 3>&2 2>/dev/null', "sh", sys.executable, "-I", "-S", "-B", str(JAIL)]
        process = subprocess.Popen(
            [*command, *numbers, str(program)],
            cwd=program.parent,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=told,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
        is_late = _is_late(process, limits.seconds)
        walls, output = _read(told), _read(printed)
    is_done = process.returncode == 0 and output.splitlines()[-1:] == [token]
    return Ran("time" if is_late else "passed" if is_done else "failed", tuple(walls.split()))


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")  # no longer than the limit of a file


def _is_late(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
        return True
    return False

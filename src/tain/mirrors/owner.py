"""Who holds a claim, and whether that process still lives."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

import psutil

SEPARATOR = "|"
START_FIELD = 19  # of /proc/PID/stat behind the name: ticks since the machine started, which no clock can move


def new_owner() -> str:
    """A name for this process that no other has: machine, process space, process, its start, and a random part."""
    pid = os.getpid()
    return SEPARATOR.join((_place(), str(pid), _start(pid), secrets.token_hex(4)))


def is_surely_dead(owner: str) -> bool:
    """Whether the process of a name was on this machine and is gone.

    Args:
        owner: What `new_owner` gave. Of a process on another machine, or in another container, nothing can be known.
    """
    place, _, rest = owner.rpartition(SEPARATOR)[0].partition(SEPARATOR)
    pid, _, start = rest.partition(SEPARATOR)
    if place != _place() or not pid.isdigit():
        return False
    try:
        # Numbers of processes are used again; the moment of its start tells another process from this one.
        return _start(int(pid)) != start or psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
        return True
    except (psutil.Error, OSError):
        return False


def _start(pid: int) -> str:
    if Path("/proc/self/stat").exists():
        return (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
            .split()[START_FIELD]
        )
    return repr(psutil.Process(pid).create_time())


def _place() -> str:
    try:
        space = str(Path("/proc/self/ns/pid").readlink())  # two containers may have one host name and the same numbers
    except OSError:
        space = ""
    return f"{socket.gethostname()} {space}".replace(SEPARATOR, "/")

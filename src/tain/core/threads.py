"""How many threads to compute with: what was asked for, else what this process may use and others leave."""

from __future__ import annotations

import os

import psutil

from tain.core.machine import n_cpus

LOOK_S = 0.3  # long enough to tell a running job from a blip
VARIABLE = "OMP_NUM_THREADS"


def granted_threads(asked: int | None = None) -> int:
    """Threads for work that is done in parts, each by one thread that waits for no other.

    Such threads take turns with other programs and lose only the time these use, so all cores are taken that the
    process may use: by its affinity, and within the limits of its container.

    Args:
        asked: Is taken as it is; None reads OMP_NUM_THREADS, and without that counts cores.
    """
    return asked or _variable() or max(1, int(n_cpus()))


def idle_threads(asked: int | None = None) -> int:
    """Threads for work whose every step they share: the granted ones, as far as their cores are idle now.

    Two threads that share a core with another job wait for each other at every step; one was seen to be 2 to 48
    times faster then. What runs at a lower priority than this process gives way to it, and counts as idle.

    Args:
        asked: As in `granted_threads`.
    """
    if asked:
        return asked
    return int(max(1, min(granted_threads(), round((os.cpu_count() or 1) * idle_share()))))


def idle_share() -> float:
    """The share of the machine's processor time that a new program could have, 0 to 1."""
    times = psutil.cpu_times_percent(interval=LOOK_S)
    free = times.idle + getattr(times, "iowait", 0.0)
    gives_way = getattr(times, "nice", 0.0) if _is_at_usual_priority() else 0.0
    return min(1.0, float(free + gives_way) / 100)


def _is_at_usual_priority() -> bool:
    return hasattr(os, "getpriority") and os.getpriority(os.PRIO_PROCESS, 0) <= 0


def _variable() -> int | None:
    # It may also be a list, one number for each level of nesting.
    first = os.environ.get(VARIABLE, "").partition(",")[0].strip()
    return int(first) if first.isdigit() and int(first) else None

"""What this process may use of the machine: cores and memory, within the limits of its container."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

GIB = 1 << 30
CGROUP = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")
UNLIMITED_BYTES = 1 << 60  # what the older cgroups write for "no limit" is a number near 2**63


def n_cpus() -> float:
    """The cores this process may use; a container may grant part of one."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(mine, container_cpus() or mine)


def free_memory_bytes() -> int:
    """The memory that a new program could take now."""
    free: int = psutil.virtual_memory().available
    limit = container_memory_bytes()
    if limit is None:
        return free
    used = _number(CGROUP / "memory.current") or _number(CGROUP / "memory/memory.usage_in_bytes") or 0
    return max(0, min(free, limit - used + _cached_files_bytes()))


def container_cpus() -> float | None:
    """The cores that a container, or a group of processes inside it, grants; None without a limit."""
    granted = [cpus for group in _groups() if (cpus := _cpus_of(group)) is not None]
    if granted:
        return min(granted)
    old_quota = _number(CGROUP / "cpu/cpu.cfs_quota_us")
    old_period = _number(CGROUP / "cpu/cpu.cfs_period_us")
    return old_quota / old_period if old_quota and old_period else None


def container_memory_bytes() -> int | None:
    """The memory that a container grants; None without a limit."""
    limit = _number(CGROUP / "memory.max") or _number(CGROUP / "memory/memory.limit_in_bytes")
    return limit if limit and limit < UNLIMITED_BYTES else None


def _groups() -> list[Path]:
    """The groups that this process is in, from its own to the root's; each may set a limit."""
    lines = _text(OWN_GROUP).splitlines()
    own = next((line.removeprefix("0::").strip("/") for line in lines if line.startswith("0::")), "")
    # A path that leads out of what is mounted here is another container's affair.
    path = CGROUP / own if own and ".." not in Path(own).parts else CGROUP
    return [path, *(parent for parent in path.parents if CGROUP in (parent, *parent.parents))]


def _cpus_of(group: Path) -> float | None:
    quota, _, period = _text(group / "cpu.max").partition(" ")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None


def _cached_files_bytes() -> int:
    # Counted as used, but given back at once to whoever asks for memory.
    lines = (_text(CGROUP / "memory.stat") or _text(CGROUP / "memory/memory.stat")).splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)


def _number(path: Path) -> int | None:
    text = _text(path)  # -1 and "max" both say that there is no limit
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""

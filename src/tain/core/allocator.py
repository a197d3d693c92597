"""Memory that the program no longer uses, back to the system."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def give_back_memory() -> bool:
    """Let the system have the pages that hold nothing any more; whether there was a way to.

    Each thread of glibc's allocator keeps what was freed for later, and pieces of it lie between what is in use, so
    that the resident set of a process that reads texts of all lengths for days creeps up while it holds no more than
    before. Does nothing on systems with another allocator. Cost: milliseconds for tens of MB.

    Source: `malloc_trim(3)`.
    """
    trim = _malloc_trim()
    if trim is None:
        return False
    trim(0)
    return True


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
        return found
    except (AttributeError, OSError, TypeError):  # TypeError: Windows has no library without a name
        return None

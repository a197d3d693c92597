"""Keeping what libraries print out of what is piped on."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STDOUT, STDERR = 1, 2


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Send what C code prints to stdout to stderr meanwhile, in every thread of this process."""
    sys.stdout.flush()
    _flush_c()
    kept = os.dup(STDOUT)
    try:
        os.dup2(STDERR, STDOUT)
        yield
    finally:
        _flush_c()
        os.dup2(kept, STDOUT)
        os.close(kept)


def _flush_c() -> None:
    # C keeps what it prints to a pipe until it has a block of it.
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)

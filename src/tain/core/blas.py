"""Matrix products of numpy on the thread that asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

_lock = Lock()
_n_inside = 0
_limit: Any = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """While this is open, a product of numpy is not shared between threads; afterwards it is as it was.

    Threads that share a product wait for each other in each, by turning round: once another program runs on one of the
    cores, batches were seen to take 13 times as long. Several threads that multiply by themselves lose only the time
    that the other program uses. The setting is the process's, so threads may be inside together, and the last to
    leave puts it back.

    Source: threadpoolctl, which knows OpenBLAS, MKL and BLIS by their libraries.
    """
    global _n_inside, _limit
    with _lock:
        if _n_inside == 0:
            _limit = _as_owner(lambda: _libraries().limit(limits=1))
        _n_inside += 1
    try:
        yield
    finally:
        with _lock:
            _n_inside -= 1
            if _n_inside == 0:
                _as_owner(_limit.restore_original_limits)


def _as_owner(change: Any) -> Any:
    """Change the setting from whichever thread comes first or last.

    threadpoolctl takes changes from the thread that made the first one and passes over the others without a word.
    """
    from threadpoolctl import OpenBLASController

    OpenBLASController.clear_controlling_thread(force=True)
    try:
        return change()
    finally:
        OpenBLASController.clear_controlling_thread(force=True)


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    import numpy as np  # noqa: F401 (its library has to be there to be found)

    return ThreadpoolController().select(user_api="blas")

"""Matrix products of numpy on the thread that asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

_lock = Lock()
_n_inside = 0
_put_back: Callable[[], None]


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """While this is open, a product of numpy is not shared between threads; afterwards it is as it was.

    Threads that share a product wait for each other in each, by turning round: once another program runs on one of the
    cores, batches were seen to take 13 times as long. Several threads that multiply by themselves lose only the time
    that the other program uses. The setting is the process's, so threads may be inside together, and the last to
    leave puts it back.

    Source: threadpoolctl, which knows OpenBLAS, MKL and BLIS by their libraries.
    """
    global _n_inside, _put_back
    with _lock:
        if _n_inside == 0:
            with _ownership():
                _put_back = _libraries().limit(limits=1).restore_original_limits
        _n_inside += 1
    try:
        yield
    finally:
        with _lock:
            _n_inside -= 1
            if _n_inside == 0:
                with _ownership():
                    _put_back()


@contextmanager
def _ownership() -> Iterator[None]:
    """While this is open, the setting may be changed from here.

    threadpoolctl takes changes from the thread that made the first one and passes over the others without a word; here
    whichever thread comes first or last makes them.
    """
    from threadpoolctl import OpenBLASController

    OpenBLASController.clear_controlling_thread(force=True)
    try:
        yield
    finally:
        OpenBLASController.clear_controlling_thread(force=True)


@cache
def _libraries() -> ThreadpoolController:
    import numpy as np  # noqa: F401 (its library has to be there to be found)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")

"""Progress bars on stderr, with rate and time left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_IS_HUSHED = ContextVar("is_hushed", default=False)
Advance = Callable[[int], None]


@contextmanager
def hushed(is_quiet: bool) -> Iterator[None]:
    """No bars within, for work that is not told whether it should be quiet.

    Args:
        is_quiet: False changes nothing.
    """
    token = _IS_HUSHED.set(is_quiet or _IS_HUSHED.get())
    try:
        yield
    finally:
        _IS_HUSHED.reset(token)


@contextmanager
def progress(title: str, total: int | None, *, unit: str = "texts", is_quiet: bool = False) -> Iterator[Advance]:
    """A bar for work that may take more than two seconds.

    On a terminal it is redrawn in place; elsewhere nothing is drawn, so that logs stay readable.

    Args:
        title: What is being done.
        total: How many units there are; None when nobody knows.
        unit: What is counted.
        is_quiet: Draw nothing.

    Yields:
        A function that takes the number of units done since it was last called.
    """
    if is_quiet or _IS_HUSHED.get() or not sys.stderr.isatty():
        yield lambda n: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total, rate="")

        def advance(n: int) -> None:
            bar.advance(task, n)
            speed = bar.tasks[0].speed
            bar.update(task, rate=f"{speed:,.0f} {unit}/s" if speed else "")

        yield advance

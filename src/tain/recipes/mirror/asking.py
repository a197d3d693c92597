"""Asking for mirrors from the command line's side: signals, a progress bar, and a loop of its own."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from tain.mirrors.run import MirrorRun
from tain.mirrors.run_parts import Ending, RunSettings, Tally
from tain.mirrors.store import MirrorStore
from tain.recipes.mirror.configuration import MirrorConfig
from tain.recipes.mirror.generators import Writers

WAITING = "Stopping: waiting for the answers that are paid for already. Ctrl-C again drops them."


def ask(
    store: MirrorStore,
    writers: Writers,
    config: MirrorConfig,
    *,
    n_parents: int,
    tell: Callable[[str], None],
    is_quiet: bool,
    title: str = "Mirrors",
) -> Ending:
    """Ask until every wanted parent has a mirror or has none in the end.

    Args:
        store: With the wanted parents.
        writers: Who answers, and what they are asked.
        config: The limits.
        n_parents: For the bar.
        tell: Takes lines for the user.
        is_quiet: No bar.
        title: Of the bar.

    Returns:
        Why it ended.

    Raises:
        EndpointError: If no further request could succeed.
    """
    settings = RunSettings(config.concurrency, config.attempts, max_usd=config.max_cost)

    async def work() -> Ending:
        generator = writers.open(tell)
        try:
            with mirror_bar(n_parents, is_quiet=is_quiet, title=title) as watch:
                run = MirrorRun(
                    store, generator, writers.planner, prices=writers.prices, settings=settings, watch=watch
                )
                with _stopping(run, tell):
                    return await run.run()
        finally:
            await generator.close()

    store.recover()
    if not store.has_claimable() and not store.unjudged():
        return "done"  # and no key is needed
    try:
        return asyncio.run(work())
    except asyncio.CancelledError:
        return "stopped"


@contextmanager
def mirror_bar(n_parents: int, *, is_quiet: bool, title: str = "Mirrors") -> Iterator[Callable[[Tally], None]]:
    """A bar on stderr with mirrors accepted, texts without one, and the cost.

    Args:
        n_parents: All of them.
        is_quiet: Draw nothing.
        title: Of the bar.

    Yields:
        A function that takes what has happened so far.
    """
    if is_quiet or not sys.stderr.isatty():
        yield lambda tally: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(title), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=n_parents)

        def watch(tally: Tally) -> None:
            bar.update(task, completed=tally.n_accepted + tally.n_rejected, description=describe(tally))

        yield watch


def describe(tally: Tally) -> str:
    """What has happened so far, in a few words."""
    failed = f", {tally.n_failures:,} without answer" if tally.n_failures else ""
    return (
        f"{tally.n_accepted:,} accepted, {tally.n_rejected:,} rejected, {tally.n_turned_down:,} tried again{failed}, "
        f"${tally.usd:,.2f}"
    )


@contextmanager
def _stopping(run: MirrorRun, tell: Callable[[str], None]) -> Iterator[None]:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    n_signals = 0

    def stop() -> None:
        nonlocal n_signals
        n_signals += 1
        if n_signals == 1:
            tell(WAITING)
            run.stop()
        elif task is not None:
            task.cancel()

    with ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            # On Windows, and outside the main thread, an interrupt drops at once what is under way.
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, stop)
                stack.callback(loop.remove_signal_handler, number)
        yield

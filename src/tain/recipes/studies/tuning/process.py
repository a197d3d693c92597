"""Cells in processes of their own, so that the peak memory of each is its own and what one leaves behind ends with it.

A server process imports torch and transformers once and is forked for every cell: a cell starts in a tenth of a second
and begins with the same few hundred MB, which its peak includes. A cell ends when whoever asked for it does.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

from tain.core.errors import TainError, TrainingError

PRELOADED = ["torch", "transformers", "peft", "accelerate", "polars", "tain.methods", "tain.training.engine", __name__]


def run_apart(work: Callable[[Any], None], argument: Any, *, name: str) -> None:  # noqa: ANN401 (what the work takes)
    """Do one piece of work in another process and wait for it.

    Args:
        work: A function of a module.
        argument: What it takes.
        name: Of the work, for messages.

    Raises:
        TainError: Whatever error of ours the work raised.
        TrainingError: If the process ended without an answer, as one does that runs out of memory.
    """
    # Forking a server that has one thread and used none of them is safe; forking this process would not be.
    context: Any = mp.get_context("forkserver" if "forkserver" in mp.get_all_start_methods() else "spawn")
    context.set_forkserver_preload(PRELOADED)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, work, argument), name=name)
    process.start()
    theirs.close()
    try:
        answer = ours.recv()
    except EOFError:
        process.join()
        raise TrainingError(
            f"{name}: its process ended with status {process.exitcode} and no word; -9 mostly means that memory ran "
            "out. Start the same command again, with smaller training.batch_tokens if it happens again."
        ) from None
    except BaseException:
        process.terminate()  # interrupted from outside: what the cell had written whole stays
        raise
    finally:
        process.join()
        ours.close()
    if answer is not None:
        kind, message = answer
        raise _again(kind, message)


def _again(kind: type[TainError], message: str) -> TainError:
    error = kind.__new__(kind)  # past a constructor that may take other arguments
    Exception.__init__(error, message)
    return error


def _work(answers: Connection, work: Callable[[Any], None], argument: Any) -> None:  # noqa: ANN401
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work(argument)
    except TainError as error:
        answers.send((type(error), str(error)))
    except BaseException as error:
        answers.send((TrainingError, f"{type(error).__name__}: {error}"))
        raise
    else:
        answers.send(None)


def _end_with_parent() -> None:
    parent = mp.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)

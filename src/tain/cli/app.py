"""The `tain` command: its verbs, and the one place where an error becomes a message and an exit status.

`tain --help` must answer at once, so a verb's module is imported only when that verb is typed. The other
verbs are listed from the table below.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from tain.cli import DONE, FAILED, MISUSE
from tain.core.errors import TainError
from tain.core.launch import require_one_process, speaker
from tain.core.version import VERSION

VERBS: dict[str, str] = {
    "demo": "See it work: three verdicts, then the whole loop in small.",
    "check": "Check one text.",
    "score": "Score every text of a file or folder.",
    "cascade": "Make a cheap first model that settles most texts of a corpus.",
    "audit": "Say what is wrong with a corpus before it is trained on.",
    "train": "Train a detector.",
    "mirror": "Write AI texts like human ones in topic, length and form.",
    "label": "Label texts by asking a large language model.",
    "mine": "Mine a pool of human texts for what a detector gets wrong.",
    "calibrate": "Fit the thresholds of a detector to your own human texts.",
    "evaluate": "Measure a detector on labelled texts.",
    "prevalence": "Say how many texts of a corpus are AI, flags corrected.",
    "bundle": "Freeze an evaluation set with its protocol, or check one.",
    "submission": "Write, check or grade files for a shared task or leaderboard.",
    "attack": "Write texts as attackers would change them.",
    "compare": "Compare methods by a study.",
    "explain": "Find the training texts that errors or verdicts come from.",
    "suspects": "Find the texts of a corpus whose label may be wrong.",
    "review": "Decide on doubted labels, and read the decisions back.",
    "spectra": "Show what training did to singular values of weight matrices.",
    "suite": "Train a network that writes adapters from descriptions.",
    "adapt": "Write an adapter from the description of a task.",
    "compress": "Write a trained classifier in a few bits per weight.",
    "export": "Write a detector for other tools.",
    "serve": "Answer requests over HTTP.",
    "key": "Make, list or remove the API keys of a server.",
    "doctor": "Say whether this machine can run tain, and what to do if not.",
}
"""Each verb is the function of that name in the module of that name, and its docstring opens with this line.

Where that module has COMMANDS, they are the words that follow the verb.
"""

SHARED_VERBS = frozenset({"train", None})
"""Verbs whose work the processes of a launcher share, and none, which is a question."""

FILE_FLAGS = frozenset(
    {"--train", "--valid", "--human", "--ai", "--data", "--pool", "--valid-ai", "--mirror-file", "--labelled"}
)
"""Flags that take several files. The verbs that have them take no file without a flag, or one first."""

USAGE_ERRORS: tuple[type[Exception], ...] = tuple(
    parent for parent in typer.BadParameter.__mro__ if parent.__name__ == "UsageError"
)
"""What the parser raises for a command line that it cannot read; typer does not name it in public."""

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
TRACEBACK_VARIABLE = "TAIN_TRACEBACK"
ABOUT = (
    "Train, measure and serve detectors of AI-generated text.\n\n"
    "Data goes to stdout, everything else to stderr. Exit status: 0 done, 1 failed, 2 misuse, 3 done in part."
)
SECTION = re.compile(r"\n\s*\n?(Args|Returns|Raises|Yields|Cost|Source|Example):\n")


def run(arguments: Sequence[str]) -> int:
    """The exit status of one command line, after its output was written.

    Args:
        arguments: What follows the word `tain`.
    """
    try:
        if (verb := _verb_in(arguments)) not in SHARED_VERBS:
            require_one_process(f"tain {verb}")
        status = build_app(verb)(args=spread(arguments), prog_name="tain", standalone_mode=False)
        return status if isinstance(status, int) else DONE
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else DONE
    except USAGE_ERRORS as error:
        _show_misuse(error, _verb_in(arguments))
        return MISUSE
    except Exception as error:  # one of the two doors: nothing leaves it as a traceback unless asked for
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        print(f"{speaker()}: {describe(error)}", file=sys.stderr)  # noqa: T201
        return error.exit_status if isinstance(error, TainError) else FAILED


def spread(arguments: Sequence[str]) -> list[str]:
    """The same command line with the flag before each of its values: `--human a b` as `--human a --human b`.

    Shells expand `--human texts/*.jsonl` to many values, which the parser takes only one flag each.

    Args:
        arguments: What follows the word `tain`.
    """
    flag, spread_out = None, []
    for argument in arguments:
        is_flag = argument.startswith("-") and argument != "-"
        if not is_flag and flag and spread_out[-1] != flag:
            spread_out.append(flag)
        spread_out.append(argument)
        if is_flag:
            flag = argument if argument in FILE_FLAGS else None
    return spread_out


def build_app(*loaded: str | None) -> typer.Typer:
    """The command with all its verbs listed, of which only some are imported.

    Args:
        loaded: Verbs that can be run and show their own flags; the others are lines in the list.
    """
    app = typer.Typer(
        help=ABOUT,
        add_completion=False,
        no_args_is_help=True,
        # Markup imports a renderer, which doubles the time to answer (docs/adr/0004).
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=dict(CONTEXT),
    )
    app.callback()(_root)
    for verb, line in VERBS.items():
        if verb in loaded and commands_of(verb):
            app.add_typer(_group(verb), name=verb)
        else:
            function = load_verb(verb) if verb in loaded else _unloaded
            app.command(verb, help=help_of(function) if verb in loaded else line)(function)
    return app


def load_verb(verb: str) -> Callable[..., Any]:
    """The function behind a verb, imported now.

    Args:
        verb: A name of the table.
    """
    function: Callable[..., Any] = getattr(importlib.import_module(f"tain.cli.{verb}"), verb)
    return function


def commands_of(verb: str) -> tuple[Callable[..., Any], ...]:
    """The functions behind the words that may follow a verb; none for most verbs.

    Args:
        verb: A name of the table.
    """
    found: tuple[Callable[..., Any], ...] = getattr(importlib.import_module(f"tain.cli.{verb}"), "COMMANDS", ())
    return found


def help_of(function: Callable[..., Any]) -> str:
    """A docstring up to its first section: what the flags mean stands beside them."""
    return SECTION.split(inspect.getdoc(function) or "", maxsplit=1)[0].strip()


def describe(error: Exception) -> str:
    """One message for an error: what happened, and what to do if it is no fault of the user."""
    if isinstance(error, TainError):
        return str(error)
    if isinstance(error, MemoryError):
        return "out of memory. Use a smaller --batch-tokens or base, or close other programs; see: tain doctor"
    if isinstance(error, OSError):
        return str(error)
    return (
        f"unexpected {type(error).__name__}: {error}\n"
        f"This is a defect. Please report it with the output of the same command under {TRACEBACK_VARIABLE}=1."
    )


def _group(verb: str) -> typer.Typer:
    function = load_verb(verb)
    # No completion and no markup, as for the whole.
    group = typer.Typer(
        help=help_of(function),
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings=dict(CONTEXT),
    )
    group.callback()(function)
    for command in commands_of(verb):
        group.command(command.__name__, help=help_of(command))(command)
    return group


def _verb_in(arguments: Sequence[str]) -> str | None:
    # The flags before a verb take no value, so the first word is the verb.
    word = next((argument for argument in arguments if not argument.startswith("-")), None)
    return word if word in VERBS else None


def _show_misuse(error: Any, verb: str | None) -> None:  # noqa: ANN401 (typer keeps the type to itself)
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return
    # Every error of ours opens alike, so those of the parser do too.
    message = " ".join(str(error.format_message()).split())
    stop = "" if message.endswith((".", "?")) else "."
    print(f"tain: {message}{stop} See: tain {f'{verb} ' if verb else ''}--help", file=sys.stderr)  # noqa: T201


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"tain {VERSION}")
        raise typer.Exit


VersionFlag = Annotated[
    bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
]


def _root(version: VersionFlag = False) -> None:
    """Take the flags that stand before a verb."""


def _unloaded() -> None:
    """Stand in the list for a verb that was not typed."""

"""`tain key`: the API keys of a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tain.serving.keys import KeyRing, Scope

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="File of keys, JSON.", dir_okay=False)]
NameOption = Annotated[str, typer.Option(help="Whose key it is; stands in logs.")]


def key() -> None:
    """Make, list or remove the API keys of a server."""


def add(
    file: FileArgument,
    name: NameOption,
    admin: Annotated[bool, typer.Option("--admin", help="It may also see metrics.")] = False,
) -> None:
    """Make a key and print it, once: the file holds only its hash. A running server knows it after a restart."""
    from tain.serving.keys import write_keys

    scopes: tuple[Scope, ...] = ("check", "admin") if admin else ("check",)
    ring, token = _ring(file).with_new(name, scopes)
    write_keys(file, ring)
    typer.echo(token)


def show(file: FileArgument) -> None:
    """List the names of the keys, what each may do, and when it was made."""
    for each in _ring(file).keys:
        typer.echo(f"{each.name}\t{','.join(each.scopes)}\t{each.created}")


def remove(file: FileArgument, name: NameOption) -> None:
    """Remove a key. A running server knows it until it is restarted."""
    from tain.serving.keys import write_keys

    write_keys(file, _ring(file).without(name))


def _ring(file: Path) -> KeyRing:
    from tain.serving.keys import KeyRing, read_keys

    return read_keys(file) if file.exists() else KeyRing()


COMMANDS = (add, show, remove)

"""`tain adapt`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def adapt(
    description: Annotated[str, typer.Argument(metavar="DESCRIPTION", help="What is asked of a text; - is stdin.")],
    from_: Annotated[Path, typer.Option("--from", help="Folder that `tain suite` wrote.")],
    output: Annotated[Path, typer.Option(help="Folder of the adapter.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the folder.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
) -> None:
    """Write an adapter from the description of a task.

    One forward pass, no training and no texts. The folder is a classifier with the answers no and yes, which peft
    loads as any other adapter. How well it answers nobody has measured: try it on labelled texts before you use it.
    """
    from tain.recipes.check import STDIN, read_text
    from tain.recipes.suite.adapt import adapt as run_adaptation

    made = run_adaptation(read_text(STDIN) if description == STDIN else description, from_, output, force=force)
    if is_json:
        typer.echo(json.dumps({**asdict(made), "folder": str(made.folder)}, indent=1, ensure_ascii=False))
        return
    typer.echo(f"Nearest trained task: {made.nearest} (cosine {made.similarity:.2f})", err=True)
    typer.echo(str(made.folder))

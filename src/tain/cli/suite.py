"""`tain suite`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def suite(
    file: Annotated[Path, typer.Argument(metavar="SUITE", help="TOML file of the tasks and their descriptions.")],
    output: Annotated[Path, typer.Option(help="Folder of the training; the network lies in OUTPUT/model.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is in the output folder.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print what was measured as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Train a network that writes adapters from descriptions.

    Text-to-LoRA: each task of the suite is a question with the answers yes and no, asked in several wordings. The
    network learns from the texts of all tasks, or from one trained adapter of each, and is measured on all of them and
    on those that are held out. Then `tain adapt` writes an adapter for any description. docs/text-to-lora.md has more.
    """
    from tain.recipes.suite.train import train_suite

    trained = train_suite(
        file,
        output,
        is_resumed=resume,
        force=force,
        is_quiet=quiet,
        tell=lambda line: typer.echo(line, err=True),
    )
    if is_json:
        typer.echo(json.dumps({"folder": str(trained.folder), **trained.outcome}, indent=1, ensure_ascii=False))
        return
    for key, title in (("trained_tasks", "Trained tasks"), ("held_out_tasks", "Held-out tasks")):
        if found := trained.outcome[key]:
            typer.echo(f"{title}: accuracy {found['accuracy']:.3f}, AUROC {found['auroc']:.3f}", err=True)
    typer.echo(str(trained.folder))

"""`tain compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tain.cli import PARTIAL


def compare(
    study: Annotated[Path, typer.Argument(help="TOML file of the study.")],
    output: Annotated[Path, typer.Option(help="Folder of the study; what is finished there is kept.")],
    only: Annotated[
        list[str] | None,
        typer.Option(help="Run this task, method (and its teacher) or backbone alone; may be repeated."),
    ] = None,
    limit_minutes: Annotated[
        float | None, typer.Option(min=0, help="Begin no cell that would end later; the same command goes on.")
    ] = None,
    is_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Compare methods by a study.

    A study that was stopped goes on where it was; a cell that is done is never run again. The table is written to
    OUTPUT/table.md and OUTPUT/table.json after every run; of a study of tuning also OUTPUT/table.tex, and of tuning and
    forgetting OUTPUT/plots. --only and --limit-minutes are for these two kinds. Exits with 3 when the limit left
    something of what was asked for to do; the table says how much of the whole study is left.
    """
    import json

    from tain.recipes.studies.compare import compare as run_comparison

    table = run_comparison(
        study,
        output,
        only=only or (),
        limit_minutes=limit_minutes,
        is_quiet=quiet,
        tell=lambda line: typer.echo(line, err=True),
    )
    typer.echo(json.dumps(table.as_json(), indent=1) if is_json else table.markdown())
    if table.is_cut_short:
        raise typer.Exit(PARTIAL)

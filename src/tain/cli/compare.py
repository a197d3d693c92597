"""`tain compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    study: Annotated[Path, typer.Argument(help="TOML file of the study.")],
    output: Annotated[Path, typer.Option(help="Folder of the study; what is finished there is kept.")],
    is_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Compare methods by a study.

    A study that was stopped goes on where it was; a cell that is done is never run again. The table is written to
    OUTPUT/table.md and OUTPUT/table.json after every run.
    """
    import json

    from tain.recipes.studies.compare import compare as run_comparison

    table = run_comparison(study, output, is_quiet=quiet, tell=lambda line: typer.echo(line, err=True))
    typer.echo(json.dumps(table.as_json(), indent=1) if is_json else table.markdown())

"""`tain export`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """What the folder is for."""

    transformers = "transformers"
    adapter = "adapter"
    onnx = "onnx"


def export(
    format: Annotated[Format, typer.Option(help="transformers (merged), adapter (peft) or onnx.")],
    output: Annotated[Path, typer.Option(help="Folder to write.")],
    model: Annotated[Path | None, typer.Option(help="Detector folder; none takes the one that ships.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
) -> None:
    """Write a detector for other tools.

    What was written is loaded again and compared with the detector before it counts. The `transformers` folder loads
    as pipeline("text-classification", model=DIR).
    """
    from tain.recipes.export import export as run_export

    made = run_export(model, format=format.value, output=output, force=force)
    if is_json:
        answer = {"output": str(made.folder), "format": made.format, "gap": made.gap, "notes": made.notes}
        typer.echo(json.dumps(answer, indent=1, ensure_ascii=False))
        return
    for note in made.notes:
        typer.echo(note, err=True)
    typer.echo(str(made.folder))

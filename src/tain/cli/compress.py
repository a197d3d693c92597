"""`tain compress`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def compress(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Run, its model folder, or a detector's folder.")],
    output: Annotated[Path, typer.Option(help="Folder of the new classifier.")],
    bits: Annotated[
        float,
        typer.Option(help="2, 3, 4 or 8 in every matrix, scales not counted; else a budget per weight, such as 2.75."),
    ] = 4.0,
    rank: Annotated[int, typer.Option(help="Rank of a float32 part that takes up what the bits lost; 0 is none.")] = 0,
    targets: Annotated[
        str, typer.Option(help="all-linear, attention, mlp, or names with commas between.")
    ] = "all-linear",
    texts: Annotated[
        list[str] | None,
        typer.Option(help="Texts to measure the change of logits on, the first 256; none takes the few in the model."),
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    data_aware: Annotated[
        bool, typer.Option("--data-aware", help="Weigh errors by how far they move the answers to the texts.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of what is drawn at random.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Write a trained classifier in a few bits per weight.

    Nothing is trained. The linear layers are quantised to NormalFloat with quantised scales; a budget of bits is spent
    over them by an integer program. Embeddings, norms and the head stay as they are.
    """
    from tain.recipes.compress import compress as run_compression

    made = run_compression(
        model,
        output=output,
        settings={
            "bits": bits,
            "rank": rank,
            "targets": tuple(targets.split(",")) if "," in targets else targets,
            "data_aware": data_aware,
        },
        texts=texts or (),
        text_column=text_column,
        seed=seed,
        force=force,
        is_quiet=quiet,
        tell=lambda line: typer.echo(line, err=True),
    )
    if is_json:
        typer.echo(json.dumps(made.to_dict(), indent=1, ensure_ascii=False))
        return
    from rich.console import Console

    from tain.recipes.compress_terminal import render_terminal

    Console().print(render_terminal(made))
    for note in made.notes:
        typer.echo(note, err=True)
    typer.echo(str(made.folder))

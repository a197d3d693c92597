"""`tain suspects`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def suspects(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Labelled texts: files, folders or Hub ids.")],
    output: Annotated[
        Path | None, typer.Option(help=".jsonl or .csv with the suspects and their reasons, for tain review.")
    ] = None,
    base: Annotated[str, typer.Option(help="Backbone whose plain vectors stand for the texts.")] = "minilm",
    influence: Annotated[
        Path | None, typer.Option(help="Folder of tain explain --valid on the same texts, as further evidence.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Parts that are held out in turn.")] = 5,
    neighbours: Annotated[int, typer.Option(min=1, help="Nearest texts asked for their label.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Of the folds.")] = 0,
    top: Annotated[int, typer.Option(min=1, help="Texts shown.")] = 10,
    text_column: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the label.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of the id.")] = None,
    label_map: Annotated[list[str] | None, typer.Option(help="raw=label; may be repeated.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Find the texts of a corpus whose label may be wrong.

    Each text is looked at by a model that learned from others, by the labels of the texts most like it, and, with
    --influence, by the harm it did to a classifier. They are ranked by the mean of those ranks; texts that one of them
    alone would raise are written with the reasons. Labels are never changed: `tain review OUTPUT` shows the texts to
    a person and keeps the decisions.
    """
    from tain.corpora.columns import ColumnMap
    from tain.corpora.labels import DETECTION_MAP, parse_label_map
    from tain.corpora.reading import read_corpus
    from tain.recipes.suspects.run import Origin, SuspectsSettings, run_suspects

    labels = parse_label_map(label_map) if label_map else DETECTION_MAP
    columns = ColumnMap(id=id_column, text=text_column, label=label_column)
    corpus = read_corpus(files, columns=columns, labels=labels, is_quiet=quiet)
    settings = SuspectsSettings(base=base, folds=folds, neighbours=neighbours, seed=seed)
    origin = Origin(files, columns, tuple(label_map or ()))
    found = run_suspects(
        corpus, settings, influence=influence, origin=origin, output=output, force=force, is_quiet=quiet
    )
    if is_json:
        rows = found.rows()
        value = {"n": len(corpus), "n_suspects": len(rows), "suspects": rows[:top]}
        typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
    else:
        from rich.console import Console

        from tain.recipes.suspects.terminal import render_terminal

        Console().print(render_terminal(found, n=top))
    if output is not None:
        typer.echo(str(output), err=is_json)

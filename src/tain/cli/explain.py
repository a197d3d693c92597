"""`tain explain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def explain(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Run, its model folder, or a detector's folder.")],
    train: Annotated[list[str] | None, typer.Option(help="Texts the model was trained on; may be repeated.")] = None,
    valid: Annotated[list[str] | None, typer.Option(help="Labelled texts whose loss is looked at.")] = None,
    text: Annotated[
        str | None, typer.Option(help="One text in UTF-8, or - for stdin: what made the model say what it says of it?")
    ] = None,
    estimator: Annotated[
        str,
        typer.Option(help="datainf, hessian_free, scaled_hessian_free, lissa, exact, tracin or representation."),
    ] = "datainf",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Setting of the estimator: damping=0.1, n_iterations=10.")
    ] = None,
    project: Annotated[
        int | None, typer.Option(help="Numbers kept of each layer's gradient, by random projection; none keeps all.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the projection.")] = 0,
    gradients: Annotated[
        Path | None, typer.Option(help="Folder that keeps the gradients for the next estimator; none keeps none.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for the scores of all training texts.")] = None,
    rows: Annotated[str, typer.Option(help="Format of the scores: parquet or jsonl.")] = "parquet",
    top: Annotated[int, typer.Option(min=1, help="Texts shown at each end.")] = 10,
    text_column: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the label.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of the id.")] = None,
    label_map: Annotated[list[str] | None, typer.Option(help="raw=label; may be repeated.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output folder.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Find the training texts that errors or verdicts come from.

    With --valid, training texts are ranked by what more weight on them would do to the mean loss of those texts: above
    0 it harms, and wrong labels come first. With --text, by how far they made the model say what it says of one
    text. Texts are read as far as the longest one in the training was. OUTPUT gets influence.parquet, a row for each
    training text, and explain.json.
    """
    from tain.core.errors import ConfigError
    from tain.corpora.columns import ColumnMap
    from tain.recipes.explain.run import TextFiles, run_explain
    from tain.recipes.explain.settings import read_options, read_settings

    if rows not in ("parquet", "jsonl"):
        raise ConfigError(f"--rows {rows!r} is not known. Expected parquet or jsonl.")
    settings = read_settings(
        {"estimator": estimator, "options": read_options(set_ or []), "projection": project, "seed": seed}
    )
    columns = ColumnMap(id=id_column, text=text_column, label=label_column)
    found = run_explain(
        model,
        TextFiles(train or (), valid or (), text, columns, label_map or ()),
        settings,
        output=output,
        rows=rows,  # type: ignore[arg-type]  # one of the two, as was checked
        gradients=gradients,
        force=force,
        is_quiet=quiet,
        tell=lambda line: typer.echo(line, err=True),
    )
    _show(found, top=top, is_json=is_json)
    if output is not None:
        typer.echo(str(output), err=is_json)


def _show(found: Any, *, top: int, is_json: bool) -> None:  # noqa: ANN401 (its type would import torch)
    from tain.recipes.explain.output import frame, to_json

    if is_json:
        value = {**to_json(found), "texts": frame(found, n=top).to_dicts()}
        typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
        return
    from rich.console import Console

    from tain.recipes.explain.terminal import render_terminal

    if found.said is not None and found.said.verdict is not None:
        from tain.cli.verdict_view import show_verdict

        show_verdict(found.said.verdict)
    Console().print(render_terminal(found, n=top))

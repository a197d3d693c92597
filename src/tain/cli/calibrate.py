"""`tain calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def calibrate(
    human: Annotated[list[str], typer.Option(help="File, folder or Hub id of texts by people; may be repeated.")],
    model: Annotated[
        Path | None, typer.Option(help="Detector or trained model; none takes the one that ships.")
    ] = None,
    fpr: Annotated[float, typer.Option(help="False positive rate that becomes the default.")] = 0.01,
    ai: Annotated[list[str] | None, typer.Option(help="Texts by language models, for probabilities.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="The new detector; none takes RUN/detector or MODEL-calibrated.")
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    name: Annotated[str | None, typer.Option(help="Name, when MODEL has no operating points yet.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output folder.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print the calibration as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Fit the thresholds of a detector to your own human texts.

    Nothing is trained: 299 human texts support a false positive rate of 1%, 2,995 one of 0.1%. The texts must be by
    people, like those that will be checked, and none that the model was trained on.
    """
    from tain.corpora.columns import ColumnMap
    from tain.detector.settings import About
    from tain.recipes.calibrate import calibrate as run_calibration

    made = run_calibration(
        model=model,
        human=human,
        ai=ai or (),
        target_fpr=fpr,
        output=output,
        columns=ColumnMap(text=text_column) if text_column else None,
        about=About(name=name) if name else None,
        force=force,
        is_quiet=quiet,
        tell=lambda message: typer.echo(message, err=True),
    )
    if is_json:
        record = made.settings.calibration.model_dump(mode="json")
        import json

        answer = {"output": str(made.reader.folder), "default_fpr": made.settings.default_fpr, **record}
        typer.echo(json.dumps(answer, indent=1, ensure_ascii=False))
        return
    from tain.cli.points_view import show_points

    show_points(made)
    typer.echo(str(made.reader.folder))

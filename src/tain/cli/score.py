"""`tain score`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tain.cli import PARTIAL

if TYPE_CHECKING:
    from tain.recipes.score_forecast import Forecast


class Precision(StrEnum):
    """Of the network's products."""

    float32 = "float32"
    bfloat16 = "bfloat16"


class OnBad(StrEnum):
    """What to do with rows that cannot be scored."""

    stop = "stop"
    set_aside = "set_aside"


def score(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="JSONL, CSV, Parquet (.gz, .zst), a folder, or - for JSONL on stdin.")
    ],
    output: Annotated[
        str | None, typer.Option(help=".parquet or .jsonl; a folder for a folder; - for JSONL on stdout.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Detector folder; none takes the one that ships.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the text; none looks for `text`.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of the id; none looks for `id`.")] = None,
    fpr: Annotated[
        float | None, typer.Option(help="False positive rate of the labels; none takes the default.")
    ] = None,
    prior: Annotated[float | None, typer.Option(help="Share of AI texts among these; none takes 0.5.")] = None,
    cascade: Annotated[
        Path | None, typer.Option(help="Folder of `tain cascade`: only what could be flagged is read, and scored.")
    ] = None,
    on_bad: Annotated[OnBad, typer.Option(help="What to do when rows cannot be scored.")] = OnBad.stop,
    set_aside: Annotated[Path | None, typer.Option(help="File for bad rows; asks for --on-bad set_aside.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Skip files whose scores are finished.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace scores that exist.")] = False,
    is_forecast: Annotated[
        bool, typer.Option("--forecast", help="Score a sample only, and say how long all of it would take here.")
    ] = False,
    price: Annotated[float | None, typer.Option(help="Of an hour of this machine, for --forecast.")] = None,
    batch_tokens: Annotated[int, typer.Option(min=64, help="Tokens in one pass: memory against speed.")] = 8192,
    precision: Annotated[
        Precision,
        typer.Option(help="bfloat16: on some processors 1.7 times as fast, scores move by .007 on average."),
    ] = Precision.float32,
    is_json: Annotated[bool, typer.Option("--json", help="Write a summary as one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Score every text of a file or folder.

    One row of output for each row of input, in order: id, score, probability, label, n_words, n_windows. Without
    --output the scores lie beside the input, as INPUT.scores.parquet. Exits with 3 when bad rows were set aside.
    """
    from tain.corpora.columns import ColumnMap
    from tain.recipes.likeness import told
    from tain.recipes.score import forecast as run_forecast
    from tain.recipes.score import score as run_score
    from tain.recipes.score_settings import ScoreSettings

    settings = ScoreSettings(
        columns=ColumnMap(id=id_column, text=text_column),
        target_fpr=fpr,
        prior=prior,
        batch_tokens=batch_tokens,
        has_set_aside=on_bad is OnBad.set_aside,
        set_aside=set_aside,
        is_resumed=resume,
        force=force,
        cascade=cascade,
        precision=precision.value,
        is_quiet=quiet,
    )
    if is_forecast or price is not None:
        typer.echo(_forecast(run_forecast(source, model=model, price=price, settings=settings), is_json=is_json))
        return
    summary = run_score(source, model=model, output=output, settings=settings)
    values = summary.to_dict()
    if is_json:
        import json

        # With the scores themselves on stdout, the summary is talk.
        typer.echo(json.dumps(values, indent=1, ensure_ascii=False), err="-" in summary.outputs)
    else:
        counts = ", ".join(f"{n:,} {label}" for label, n in summary.labels.items())
        skipped = f", {summary.n_skipped:,} files were finished before" if summary.n_skipped else ""
        settled = f", {summary.n_settled:,} of them settled by the first model" if summary.n_settled is not None else ""
        typer.echo(f"{sum(summary.labels.values()):,} texts: {counts or 'none'}{settled}{skipped}", err=True)
        for path in summary.outputs:
            if path != "-":
                typer.echo(path)
    for line in told(summary.drift):
        typer.echo(line, err=True)
    if summary.n_set_aside:
        typer.echo(f"{summary.n_set_aside:,} bad rows set aside in {', '.join(summary.set_aside)}", err=True)
        raise typer.Exit(PARTIAL)


def _forecast(found: Forecast, *, is_json: bool) -> str:
    if is_json:
        import json

        return json.dumps(found.to_dict(), indent=1)
    lines = [
        f"{found.n_rows:,} texts of {found.n_chars:,} characters. {found.n_sampled:,} of them were scored on "
        f"{found.n_threads} cores: {found.texts_per_s:,.1f} texts of the mean length a second.",
        f"All of them take about {_span(found.seconds)} here (95% interval: {_span(found.low)} to "
        f"{_span(found.high)}).",
    ]
    if found.cost is not None and found.cost_high is not None:
        lines.append(f"At the price given that is {found.cost:,.2f}, and {found.cost_high:,.2f} at the upper end.")
    return "\n".join(lines)


def _span(seconds: float) -> str:
    units = ((86400, "days"), (3600, "hours"), (60, "minutes"))
    return next((f"{seconds / size:,.1f} {name}" for size, name in units if seconds >= 2 * size), f"{seconds:,.0f} s")

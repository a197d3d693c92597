"""`tain prevalence`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def prevalence(
    scores: Annotated[Path, typer.Argument(metavar="SCORES", help="What tain score wrote: Parquet or JSONL.")],
    report: Annotated[
        Path, typer.Option(help="report.json of tain evaluate, of the same detector on labelled texts like these.")
    ],
    fpr: Annotated[
        float | None, typer.Option(help="False positive rate of the operating point; none takes the default.")
    ] = None,
    is_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
) -> None:
    """Say how many texts of a corpus are AI, flags corrected.

    A count of flags misses some AI texts and holds some human ones. The share is corrected by the error rates of the
    Report (Rogan-Gladen), with an interval that carries the doubt about those as well (Lang-Reiczigel).
    """
    from tain.recipes.likeness import told
    from tain.recipes.prevalence import estimate_prevalence, sentence

    found = estimate_prevalence(scores, report=report, target_fpr=fpr)
    if is_json:
        typer.echo(json.dumps(found.to_dict(), indent=1, ensure_ascii=False))
        return
    for warning in found.warnings:
        typer.echo(f"Before you believe it: {warning}", err=True)
    if not found.drift.warnings:
        for line in told(found.drift):
            typer.echo(line, err=True)
    typer.echo(sentence(found))
    typer.echo("It holds only if:")
    for assumption in found.found.assumptions:
        typer.echo(f"- {assumption}")

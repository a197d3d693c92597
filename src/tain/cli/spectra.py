"""`tain spectra`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def spectra(
    tuned: Annotated[
        str,
        typer.Argument(
            metavar="TUNED", help="Run, classifier, detector or adapter folder; with --base also any checkpoint."
        ),
    ],
    base: Annotated[
        str | None,
        typer.Option(
            help="Preset, folder, Hub id or safetensors file to compare with; none takes what TUNED was trained from."
        ),
    ] = None,
    share: Annotated[float, typer.Option(help="Of the squared mass that the effective rank holds.")] = 0.9,
    vectors: Annotated[int, typer.Option(help="Strongest directions of each matrix looked at for intruders.")] = 10,
    epsilon: Annotated[float, typer.Option(help="Cosine to the base below which a direction intrudes.")] = 0.5,
    output: Annotated[Path | None, typer.Option(help="Folder for the table, with singular values, and plots.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output folder.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Show what training did to singular values of weight matrices.

    For every matrix that changed: how many singular values of base, tuned matrix and change hold most of the squared
    mass, how large the change is beside the base, and how many of the strongest directions the base did not have.
    Adapters are folded in first. OUTPUT gets spectra.parquet, a row for each matrix with its singular values,
    spectra.json, and the plots values and ranks, each as SVG and PNG.
    """
    from tain.recipes.spectra.output import to_json
    from tain.recipes.spectra.run import run_spectra
    from tain.recipes.spectra.settings import read_settings

    settings = read_settings({"share": share, "vectors": vectors, "epsilon": epsilon})
    found = run_spectra(tuned, settings, base=base, output=output, force=force, is_quiet=quiet)
    if is_json:
        typer.echo(json.dumps(to_json(found), indent=1, ensure_ascii=False))
    else:
        from rich.console import Console

        from tain.recipes.spectra.terminal import render_terminal

        Console().print(render_terminal(found))
    if output is not None:
        typer.echo(str(output), err=is_json)

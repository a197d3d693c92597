"""`tain doctor`: whether this machine can run tain."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tain.cli import FAILED
from tain.recipes.doctor import Finding, examine

MARKS = {"ok": ("ok", typer.colors.GREEN), "warn": ("warn", typer.colors.YELLOW), "fail": ("FAIL", typer.colors.RED)}


def doctor(
    folder: Annotated[Path, typer.Option(help="Where runs would be written.", exists=True, file_okay=False)] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
) -> None:
    """Say whether this machine can run tain, and what to do if not.

    Exits with status 1 when something is missing that tain cannot do without.
    """
    findings = []
    for finding in examine(folder):
        findings.append(finding)
        if not as_json:
            _show(finding)
    has_failed = any(finding.status == "fail" for finding in findings)
    if as_json:
        answer = {"ok": not has_failed, "findings": [asdict(finding) for finding in findings]}
        typer.echo(json.dumps(answer, indent=1, ensure_ascii=False))
    if has_failed:
        raise typer.Exit(FAILED)


def _show(finding: Finding) -> None:
    mark, colour = MARKS[finding.status]
    label = typer.style(f"{mark:<5}", fg=colour) if sys.stdout.isatty() else f"{mark:<5}"
    typer.echo(f"{label} {finding.name:<10} {finding.found}")
    if finding.advice:
        typer.echo(f"{'':<16} → {finding.advice}")

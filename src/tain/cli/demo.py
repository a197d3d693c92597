"""`tain demo`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from tain.recipes.demo import DemoResult


def demo(
    output: Annotated[Path, typer.Option(help="Folder for the Run, the detector and the Report.")] = Path("tain-demo"),
    force: Annotated[bool, typer.Option("--force", help="Repeat a demo that is finished.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print verdicts and Report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """See it work: three verdicts, then the whole loop in small.

    The loop audits, splits by group, trains LoRA on the default base, calibrates, measures on held-out pairs beside
    TF-IDF with logistic regression, and writes a Report. Nothing is downloaded. The second time it shows what is there.
    """
    from tain.recipes.demo import run_demo

    def tell(line: str) -> None:
        typer.echo(line, err=True)

    result = run_demo(output, force=force, is_quiet=quiet, tell=tell)
    if is_json:
        verdicts = {name: verdict.to_dict() for name, verdict in result.verdicts.items()}
        page = {"verdicts": verdicts, "report": result.report.model_dump(mode="json"), "page": str(result.page)}
        typer.echo(json.dumps(page, indent=1))
        return
    _show(result)


def _show(result: DemoResult) -> None:
    from rich.console import Console

    from tain.evaluation.terminal import render_terminal

    console = Console()
    console.print(_verdicts(result))
    warnings = result.audit["warnings"]
    for warning in warnings if isinstance(warnings, list | tuple) else ():
        console.print(f"Audit: {warning}")
    console.print(render_terminal(result.report))
    typer.echo(f"Report: {result.page.resolve()}")
    if not result.is_new:
        typer.echo("(Shown again from an earlier demo; --force repeats it.)", err=True)


def _verdicts(result: DemoResult) -> Table:
    from rich.table import Table

    table = Table(title="Three texts, checked with the detector that ships", title_justify="left")
    for column in ("text", "verdict", "score", "evidence"):
        table.add_column(column, justify="right" if column == "score" else "left")
    for name, verdict in result.verdicts.items():
        score = "" if verdict.score is None else f"{verdict.score:+.2f}"
        reason = verdict.evidence.sentence if verdict.evidence else f"{verdict.n_words} words are not enough to judge."
        table.add_row(f"{name}.txt", verdict.label, score, reason)
    return table

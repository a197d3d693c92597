"""`tain check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def check(
    file: Annotated[str, typer.Argument(help="Text file in UTF-8, or - for stdin.")],
    model: Annotated[Path | None, typer.Option(help="Detector folder; none takes the one that ships.")] = None,
    is_json: Annotated[bool, typer.Option("--json", help="Write the Verdict as one JSON object.")] = False,
    fpr: Annotated[float | None, typer.Option(help="False positive rate of the label; none takes the default.")] = None,
    prior: Annotated[
        float | None, typer.Option(help="Share of AI texts among those you check; none takes 0.5.")
    ] = None,
) -> None:
    """Check one text.

    The label is ai when the score is above the threshold of the stated false positive rate. Texts of fewer than 50
    words get no answer. A result is evidence, never a verdict on a person.
    """
    from tain.recipes.check import check as run_check

    verdict = run_check(file, model=model, target_fpr=fpr, prior=prior)
    if is_json:
        import json

        typer.echo(json.dumps(verdict.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
        return
    from tain.cli.verdict_view import show_verdict

    show_verdict(verdict)

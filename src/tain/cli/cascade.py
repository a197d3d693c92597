"""`tain cascade`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def cascade(
    output: Annotated[Path, typer.Option(help="The cascade folder, for `tain score --cascade`.")],
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXTS]...", help="Files, folders or Hub ids like what will be scored; no labels needed."
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Detector folder; none takes the one that ships.")] = None,
    fpr: Annotated[
        float | None, typer.Option(help="False positive rate of the labels; none takes the default.")
    ] = None,
    loss: Annotated[
        float,
        typer.Option(min=0, max=0.5, help="Share of flags that may be lost, at 95% confidence; 0 asks for proof."),
    ] = 0.0,
    text_column: Annotated[str | None, typer.Option(help="Column of the text; none looks for `text`.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output folder.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Make a cheap first model that settles most texts of a corpus.

    With it `tain score --cascade` lets the network read only what could be flagged. A detector with n-grams of its own
    needs no texts: how much its network can add is known, so nothing is lost. With --loss, 299 flagged texts let
    1% be lost, and fewer texts are read in return.
    """
    from tain.corpora.columns import ColumnMap
    from tain.recipes.cascade import make_cascade

    record = make_cascade(
        texts or (),
        model=model,
        output=output,
        target_fpr=fpr,
        max_loss=loss,
        columns=ColumnMap(text=text_column),
        force=force,
        is_quiet=quiet,
        tell=lambda line: typer.echo(line, err=True),
    )
    if is_json:
        import json

        typer.echo(json.dumps(record.model_dump(mode="json"), indent=1))
        return
    if record.n_texts:
        read = f"The network reads {record.n_forwarded:,} of {record.n_texts:,} texts"
        typer.echo(f"{read}; {record.n_lost:,} of {record.n_flagged:,} flags lost.", err=True)
    bound = "none, by proof" if record.basis == "proven" else f"at most {record.loss_upper:.2%} (exact 95% bound)"
    typer.echo(f"Flags lost at a false positive rate of {record.target_fpr:.3g}: {bound}.", err=True)
    typer.echo(str(output))

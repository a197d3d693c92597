"""`tain audit`: what is wrong with a corpus before it is trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tain.cli import PARTIAL


def audit(
    files: Annotated[list[str], typer.Argument(help="Files, folders or Hub ids; each is taken as one split.")],
    text_column: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the label.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Column that joins a text and its mirrors.")] = None,
    domain_column: Annotated[str | None, typer.Option(help="Column of the domain.")] = None,
    date_column: Annotated[str | None, typer.Option(help="Column of the date.")] = None,
    label_map: Annotated[
        list[str] | None, typer.Option(help="RAW=LABEL, or RAW= to leave rows out; may be repeated.")
    ] = None,
    default_label: Annotated[str | None, typer.Option(help="Label of files that have no label column.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots.", dir_okay=False)] = None,
    set_aside: Annotated[
        Path | None, typer.Option(help="Put rows that cannot be used into this JSONL file and go on.", dir_okay=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the samples that are measured.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
) -> None:
    """Say what is wrong with a corpus before it is trained on.

    Counts, lengths, languages, repeats, overlap between files, chat residue, and how far formatting alone gives the
    label away. Exits with status 3 when rows were set aside.
    """
    from tain.core.files import refuse_overwrite
    from tain.corpora.columns import ColumnMap
    from tain.corpora.labels import DETECTION_MAP, parse_label_map
    from tain.recipes.audit import audit_files
    from tain.recipes.audit_page import write_page

    if html is not None:
        refuse_overwrite(html, force=force)
    report = audit_files(
        files,
        columns=ColumnMap(
            text=text_column, label=label_column, group=group_column, domain=domain_column, date=date_column
        ),
        labels=parse_label_map(label_map) if label_map else DETECTION_MAP,
        default_label=default_label,
        set_aside=set_aside,
        force=force,
        seed=seed,
    )
    if html is not None:
        write_page(report, html)
        typer.echo(f"Wrote {html}", err=True)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), indent=1, ensure_ascii=False))
    else:
        from rich.console import Console

        from tain.recipes.audit_terminal import render_terminal

        Console().print(render_terminal(report))
    if set_aside is not None and set_aside.exists():
        typer.echo(f"Rows that cannot be used are in {set_aside}", err=True)
        raise typer.Exit(PARTIAL)

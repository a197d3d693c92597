"""`tain attack`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tain.cli import PARTIAL


def attack(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="JSONL, CSV, Parquet (.gz, .zst), a folder, or - for JSONL on stdin.")
    ],
    output: Annotated[str, typer.Option(help=".parquet or .jsonl (.gz, .zst), or - for JSONL on stdout.")],
    attacks: Annotated[
        list[str] | None,
        typer.Option(help="Names with commas between, or raid, or local; may be repeated. [default: local]"),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(help="From 0 to 1 for all attacks; none takes each one's own, mostly RAID's."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is changed.")] = 0,
    clean: Annotated[bool, typer.Option("--clean", help="Write each text unattacked too, as the attack none.")] = False,
    donors: Annotated[str | None, typer.Option(help="File of texts whose sentences sentence_splice takes.")] = None,
    endpoint_model: Annotated[
        str | None, typer.Option(help="Model at OPENAI_BASE_URL for paraphrase and back_translation.")
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the label.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of the id.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Column that joins a text and its mirrors.")] = None,
    domain_column: Annotated[str | None, typer.Option(help="Column of the domain.")] = None,
    label_map: Annotated[list[str] | None, typer.Option(help="raw=label; `mixed=` leaves such rows out.")] = None,
    set_aside: Annotated[
        Path | None, typer.Option(help="Put rows that cannot be used into this JSONL file and go on.", dir_okay=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Write a summary as one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Write texts as attackers would change them.

    One row for each text and attack: id, source_id, text, label, attack, strength, n_edits, spans, group. Attacks:
    alternative_spelling, article_deletion, homoglyph, insert_paragraphs, number, misspelling, synonym, upper_lower,
    whitespace, zero_width_space, newline_stripping, markdown_stripping, truncation_K; sentence_splice with --donors;
    paraphrase and back_translation with OPENAI_BASE_URL, OPENAI_MODEL and OPENAI_API_KEY in the environment. raid is
    RAID's eleven, local all that need neither. Exits with 3 when an attack of a group or a row was left out.
    """
    from tain.corpora.columns import ColumnMap
    from tain.corpora.labels import DETECTION_MAP, parse_label_map
    from tain.recipes.attack import attack as run_attack
    from tain.recipes.attack_parts import AttackSettings

    names = [name.strip() for given in attacks or ["local"] for name in given.split(",") if name.strip()]
    summary = run_attack(
        source,
        output=output,
        settings=AttackSettings(names, strength, seed, clean, donors, endpoint_model),
        columns=ColumnMap(id=id_column, text=text_column, label=label_column, group=group_column, domain=domain_column),
        labels=parse_label_map(label_map) if label_map else DETECTION_MAP,
        set_aside=set_aside,
        force=force,
        is_quiet=quiet,
    )
    has_bad_rows = set_aside is not None and set_aside.exists()
    if is_json:
        import json

        # With the rows themselves on stdout, the summary is talk.
        typer.echo(json.dumps(summary.to_dict(), indent=1, ensure_ascii=False), err=output == "-")
    else:
        typer.echo(f"{summary.n_texts:,} texts, {sum(summary.n_rows.values()):,} rows", err=True)
        if output != "-":
            typer.echo(output)
    if summary.n_human_left_out:
        typer.echo(f"{summary.n_human_left_out:,} times a human text was not given to a language model", err=True)
    if summary.left_out:
        typer.echo(f"Left out for want of OPENAI_BASE_URL: {', '.join(summary.left_out)}", err=True)
    if has_bad_rows:
        typer.echo(f"Rows that cannot be used are in {set_aside}", err=True)
    if summary.left_out or has_bad_rows:
        raise typer.Exit(PARTIAL)

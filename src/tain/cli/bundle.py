"""`tain bundle make` and `tain bundle check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tain.evaluation.bundle import Bundle
    from tain.evaluation.openings import Entry


def bundle() -> None:
    """Freeze an evaluation set with its protocol, or check one.

    A bundle keeps texts, labels and protocol under hashes, and counts which detector was measured on it and how often.
    """


def make(
    files: Annotated[list[str], typer.Argument(help="Labelled files, folders or Hub ids.")],
    output: Annotated[Path, typer.Option(help="Folder of the bundle.")],
    protocol: Annotated[
        Path | None, typer.Option(help="JSON file with name, target_fprs, min_words, pools, …; none takes --name.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the set, when there is no protocol file.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the label.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of the id.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Column that joins a text and its mirrors.")] = None,
    domain_column: Annotated[str | None, typer.Option(help="Column of the domain.")] = None,
    label_map: Annotated[list[str] | None, typer.Option(help="raw=label; `mixed=` leaves such rows out.")] = None,
    slices: Annotated[
        list[str] | None, typer.Option("--slice", help="Further column to cut results by; may be repeated.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a bundle that was never opened.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print the bundle's record as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Freeze labelled files as an evaluation set.

    Texts shorter than the protocol's min_words are left out and counted. What is written is never changed again.
    """
    from tain.core.errors import ConfigError
    from tain.corpora.columns import ColumnMap
    from tain.corpora.labels import DETECTION_MAP, parse_label_map
    from tain.evaluation.protocol import make_protocol, read_protocol
    from tain.recipes.bundle import make_bundle

    if (protocol is None) == (name is None):
        raise ConfigError("Give either --protocol FILE or --name NAME: a bundle has one protocol, and it has a name.")
    made = make_bundle(
        files,
        output=output,
        protocol=read_protocol(protocol) if protocol else make_protocol({"name": name}, where="--name"),
        columns=ColumnMap(id=id_column, text=text_column, label=label_column, group=group_column, domain=domain_column),
        labels=parse_label_map(label_map) if label_map else DETECTION_MAP,
        slices=slices or (),
        force=force,
        is_quiet=quiet,
    )
    _show(made, (), is_json=is_json)


def check(
    folder: Annotated[Path, typer.Argument(help="Folder of a bundle.")],
    is_json: Annotated[bool, typer.Option("--json", help="Print the bundle's record as JSON.")] = False,
) -> None:
    """Check that a bundle is as it was frozen, and show who has opened it.

    Exits with status 1 when a file was changed, and names it.
    """
    from tain.evaluation.bundle import load_bundle
    from tain.evaluation.openings import read_ledger

    found = load_bundle(folder)
    found.corpus()
    _show(found, read_ledger(found), is_json=is_json)


def _show(bundle: Bundle, entries: tuple[Entry, ...], *, is_json: bool) -> None:
    from dataclasses import asdict

    record: dict[str, Any] = {
        "bundle": str(bundle.path),
        "name": bundle.protocol.name,
        "sha256": bundle.sha256,
        "created": bundle.created,
        "counts": dict(bundle.counts),
        "protocol": bundle.protocol.model_dump(mode="json"),
        "opened": [asdict(entry) for entry in entries],
    }
    if is_json:
        typer.echo(json.dumps(record, indent=1, ensure_ascii=False))
        return
    counts = ", ".join(f"{n:,} {label}" for label, n in bundle.counts.items())
    typer.echo(f"{bundle.protocol.name}: {counts}. Nothing may be tuned on it.", err=True)
    for entry in entries:
        typer.echo(f"opened {entry.date} by {entry.run_name} ({entry.detector_sha256[:12]})", err=True)
    typer.echo(f"{bundle.sha256}  {bundle.path}")


COMMANDS = (make, check)
"""The words that follow `tain bundle`."""

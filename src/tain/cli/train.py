"""`tain train`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from tain.cli import PARTIAL
from tain.core.launch import is_launched, is_main


def train(
    train: Annotated[
        list[str] | None, typer.Option(help="File, folder or Hub id to learn from; may be repeated.")
    ] = None,
    valid: Annotated[list[str] | None, typer.Option(help="Texts to choose the best weights by.")] = None,
    output: Annotated[Path, typer.Option(help="The Run folder.")] = Path("runs/latest"),
    config: Annotated[Path | None, typer.Option(help="TOML file of settings.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="key=value, such as training.lr=2e-4.")] = None,
    method: Annotated[
        str | None, typer.Option(help="Tuning method, such as lora or full; docs/settings.md has all.")
    ] = None,
    base: Annotated[str | None, typer.Option(help="Backbone: preset, folder or Hub id.")] = None,
    pooling: Annotated[str | None, typer.Option(help="native, mean, first or last.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything drawn.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the label.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of the id.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Column of what must not part in a split.")] = None,
    domain_column: Annotated[str | None, typer.Option(help="Column of the kind of text.")] = None,
    label_map: Annotated[list[str] | None, typer.Option(help="raw=label; may be repeated.")] = None,
    on_bad: Annotated[
        str | None, typer.Option(help="What to do with rows that cannot be used: stop, or set_aside in OUTPUT.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is in the output folder.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the resolved settings and stop.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Train a detector.

    Flags win over --set, --set over the file, the file over defaults; docs/settings.md lists every setting, and
    --dry-run prints what comes of them. The finished model lies in OUTPUT/model; give it operating points with
    `tain calibrate`. Several devices share the work: torchrun --no-python --nproc-per-node 4 tain train (and the same
    flags). Exits with 3 when bad rows were set aside, but for launched ones.
    """
    from tain.recipes.configuration import read_config

    flags = {
        "corpus.train": train,
        "corpus.valid": valid,
        "corpus.text_column": text_column,
        "corpus.label_column": label_column,
        "corpus.id_column": id_column,
        "corpus.group_column": group_column,
        "corpus.domain_column": domain_column,
        "corpus.label_map": label_map,
        "corpus.on_bad": on_bad,
        "method.kind": method,
        "base": base,
        "pooling": pooling,
        "seed": seed,
    }
    resolved = read_config(config, settings=set_ or (), flags=flags)
    if dry_run:
        typer.echo(resolved.model_dump_json(indent=1))
        return

    from tain.recipes.train import train as run_training

    def tell(line: str) -> None:
        typer.echo(line, err=True)

    run = run_training(resolved, output, is_resumed=resume, force=force, is_quiet=quiet, tell=tell)
    if not is_main():
        return
    if is_json:
        json.dump(run.summary, sys.stdout, indent=1)
        typer.echo()
    else:
        typer.echo(str(run.folder.model))
    if run.set_aside:
        aside = ", ".join(f"{n:,} in {path}" for path, n in run.set_aside.items())
        typer.echo(f"Bad rows set aside: {aside}", err=True)
        if not is_launched():  # a launcher would call the whole training a failure
            raise typer.Exit(PARTIAL)

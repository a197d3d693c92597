"""`tain mine`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tain.cli import PARTIAL


class Mirrors(StrEnum):
    """What stands beside each mined text."""

    nearest = "nearest"
    recorded = "recorded"
    generator = "generator"
    none = "none"


class ControlArm(StrEnum):
    """What the hardest texts are compared with."""

    none = "none"
    random = "random"


def mine(
    train: Annotated[
        list[str] | None, typer.Option(help="File, folder or Hub id to learn from; may be repeated.")
    ] = None,
    pool: Annotated[
        list[str] | None, typer.Option(help="Texts by people, to mine and to judge by; may be repeated.")
    ] = None,
    output: Annotated[Path, typer.Option(help="The folder of the mining.")] = Path("runs/mined"),
    config: Annotated[Path | None, typer.Option(help="TOML file of settings, with a table [mining].")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, such as training.lr=2e-4 or mining.alpha=0.1.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(help="Most rounds of mining; 3 where nothing is said.")] = None,
    per_round: Annotated[int | None, typer.Option(help="Most texts mined in a round.")] = None,
    cap_per_domain: Annotated[int | None, typer.Option(help="Most of one domain in a round.")] = None,
    mirrors: Annotated[Mirrors | None, typer.Option(help="What stands beside each mined text.")] = None,
    mirror_file: Annotated[
        list[str] | None, typer.Option(help="AI texts to take the nearest of, or recorded mirrors.")
    ] = None,
    control_arm: Annotated[
        ControlArm | None, typer.Option(help="Also train on as many random texts, to compare with.")
    ] = None,
    valid: Annotated[list[str] | None, typer.Option(help="Texts to choose the best weights by.")] = None,
    valid_ai: Annotated[
        list[str] | None, typer.Option(help="AI texts that fix the true positive rate; none takes those of --valid.")
    ] = None,
    guard: Annotated[
        list[str] | None,
        typer.Option(help="Human texts of other kinds: a round that flags more of them is reverted."),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Run, model or detector to start from; none trains one.")] = None,
    on_bad: Annotated[
        str | None, typer.Option(help="What to do with rows that cannot be used: stop, or set_aside in OUTPUT/texts.")
    ] = None,
    labelled: Annotated[list[str] | None, typer.Option(help="A to_label file that was filled in.")] = None,
    ask: Annotated[int | None, typer.Option(help="Export so many texts for people to label.")] = None,
    fpr: Annotated[float | None, typer.Option(help="False positive rate of the operating point.")] = None,
    base: Annotated[str | None, typer.Option(help="Backbone: preset, folder or Hub id.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything drawn.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what is in the output folder.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the mining in the output folder.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the resolved settings and stop.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print what every round came to as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Mine a pool of human texts for what a detector gets wrong.

    Trains, scores the pool, takes the texts most surely misjudged, puts an AI text beside each, trains again, and
    keeps the round only if fewer texts that are never mined are flagged at the same true positive rate. Texts
    that may not be by people wait for your decision in OUTPUT/round-N/review.csv. The detector lies in OUTPUT/detector.
    Exits with 3 when bad rows were set aside.
    """
    from tain.recipes.mine.configuration import read_settings

    flags = {
        "corpus.train": train,
        "corpus.valid": valid,
        "corpus.on_bad": on_bad,
        "base": base,
        "seed": seed,
        "mining.pool": pool,
        "mining.n_rounds": rounds,
        "mining.per_round": per_round,
        "mining.cap_per_domain": cap_per_domain,
        "mining.mirrors": mirrors,
        "mining.mirror_files": mirror_file,
        "mining.control_arm": control_arm,
        "mining.valid_ai": valid_ai,
        "mining.guard": guard,
        "mining.model": str(model) if model else None,
        "mining.labelled": labelled,
        "mining.n_ask": ask,
        "mining.target_fpr": fpr,
    }
    settings = read_settings(config, settings=set_ or (), flags=flags)
    import json

    if dry_run:
        typer.echo(json.dumps(settings.as_json(), indent=1, ensure_ascii=False))
        return
    from tain.recipes.mine.loop import mine as run_mining

    def tell(line: str) -> None:
        typer.echo(line, err=True)

    result = run_mining(settings, output, is_resumed=resume, force=force, is_quiet=quiet, tell=tell)
    if is_json:
        typer.echo(json.dumps(result.as_json(), indent=1, ensure_ascii=False))
    else:
        typer.echo(result.table, err=True)
        typer.echo(str(result.folder.detector))
    if result.n_held:
        files = ", ".join(str(file) for file in result.folder.reviews())
        typer.echo(f"{result.n_held:,} texts wait for your decision in {files}", err=True)
    if result.set_aside:
        aside = ", ".join(f"{n:,} in {path}" for path, n in result.set_aside.items())
        typer.echo(f"Bad rows set aside: {aside}", err=True)
        raise typer.Exit(PARTIAL)

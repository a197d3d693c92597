"""`tain evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tain.cli import PARTIAL


def evaluate(
    data: Annotated[list[str], typer.Option(help="Labelled file, folder or Hub id; may be repeated. Or a bundle.")],
    output: Annotated[Path, typer.Option(help="Folder for report.json, report.html, card.md and scores.parquet.")],
    model: Annotated[
        Path | None,
        typer.Option(help="Detector folder, or a Run with other labels; none takes the one that ships."),
    ] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Scores (id, score) or detector folder to compare with on the same texts; may be repeated."),
    ] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            help="Classical detector to compare with, such as tfidf-logistic, or `all`, authorship, semeval; needs "
            "--baseline-train; may be repeated."
        ),
    ] = None,
    baseline_train: Annotated[
        list[str] | None, typer.Option(help="Labelled texts that the baselines learn from; may be repeated.")
    ] = None,
    zero_shot: Annotated[
        str | None,
        typer.Option(help="Causal language model, a folder or Hub id, whose zero-shot scores to compare with."),
    ] = None,
    zero_shot_reference: Annotated[
        str | None, typer.Option(help="Second model, for Fast-DetectGPT to sample from and Binoculars to observe with.")
    ] = None,
    human_calibration: Annotated[
        list[str] | None,
        typer.Option(
            help="Labelled file whose human texts set thresholds of the baselines and zero-shot scores, so that they "
            "can vote; may be repeated."
        ),
    ] = None,
    vote: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Add the majority vote of these, with commas: `detector`, baselines, zero-shot scores, and others by "
            "their name in the Report; may be repeated for further votes.",
        ),
    ] = None,
    ties: Annotated[
        str,
        typer.Option(
            help="What as many votes for AI as for human become: human (a tie is no accusation), ai or abstain."
        ),
    ] = "human",
    attacks: Annotated[
        list[str] | None,
        typer.Option(help="Attacks to try on some of the texts: raid, local, or names with commas; may be repeated."),
    ] = None,
    attack_texts: Annotated[int, typer.Option(help="Texts of each class that are attacked.", min=1)] = 200,
    attack_seed: Annotated[int, typer.Option(help="Of which texts, and of what is changed.", min=0)] = 0,
    keep_seen: Annotated[
        bool, typer.Option("--keep-seen", help="Measure texts that the detector was made from all the same.")
    ] = False,
    text_column: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the label.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of the id.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Column that joins a text and its mirrors.")] = None,
    domain_column: Annotated[str | None, typer.Option(help="Column of the domain.")] = None,
    label_map: Annotated[list[str] | None, typer.Option(help="raw=label; `mixed=` leaves such rows out.")] = None,
    slices: Annotated[
        list[str] | None,
        typer.Option(
            "--slice", help="Further column to cut the results by, besides those named above; may be repeated."
        ),
    ] = None,
    trained_on: Annotated[
        list[str] | None,
        typer.Option(help="Generator among the training texts, to tell seen from unseen ones; may be repeated."),
    ] = None,
    pools: Annotated[str, typer.Option(help="Field that splits the human texts: domain, source, language.")] = "domain",
    set_aside: Annotated[
        Path | None, typer.Option(help="Put rows that cannot be used into this JSONL file and go on.", dir_okay=False)
    ] = None,
    texts: Annotated[bool, typer.Option(help="Keep the worst mistakes with their text in the Report.")] = True,
    draws: Annotated[int, typer.Option(help="Draws of each bootstrap.", min=2)] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace what is in the output folder.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print the Report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Measure a detector on labelled texts.

    Error rates are those at the operating points stored in the detector: nothing is fitted on the texts measured.
    Texts that the detector was made from are left out and counted, where their hashes are known. A bundle is measured
    by its own protocol, and the opening entered in its ledger. What --attacks takes is listed under tain attack; of
    data with a column `attack` the table of attacks is made as it is.
    Results are cut by length, domain, generator, source, language and date, and by the columns `native` and `l1` into
    native and non-native writers, wherever the data have them.
    A model with other labels than human and ai is measured by accuracy, F1 and confusion.
    Exits with status 3 when rows were set aside.
    """
    from rich.console import Console

    from tain.core.errors import ConfigError
    from tain.core.files import refuse_overwrite
    from tain.corpora.columns import ColumnMap
    from tain.evaluation.terminal import render_terminal
    from tain.evaluation.voting import check_ties
    from tain.recipes.evaluate_files import evaluate_files
    from tain.recipes.evaluate_settings import EvaluateSettings
    from tain.recipes.other_detectors import OtherDetectors
    from tain.recipes.report_files import PROPERTIES
    from tain.recipes.under_attack import AttackTest
    from tain.recipes.votes import Votes

    if pools not in PROPERTIES:
        raise ConfigError(f"--pools {pools!r} is no field of a text. Expected one of {', '.join(PROPERTIES)}.")
    refuse_overwrite(output, force=force)
    if set_aside is not None:
        refuse_overwrite(set_aside, force=force)
        if set_aside.resolve().is_relative_to(output.resolve()):
            raise ConfigError(
                f"--set-aside {set_aside} lies in --output, which is written as a whole. Put it elsewhere."
            )
        set_aside.unlink(missing_ok=True)
    settings = EvaluateSettings(
        columns=ColumnMap(id=id_column, text=text_column, label=label_column, group=group_column, domain=domain_column),
        label_map=tuple(label_map or ()),
        against=tuple(against or ()),
        others=OtherDetectors(
            tuple(baseline or ()),
            tuple(baseline_train or ()),
            zero_shot,
            zero_shot_reference,
            tuple(human_calibration or ()),
        ),
        votes=Votes(tuple(_split([names]) for names in vote or ()), check_ties(ties)),
        attacks=AttackTest(_split(attacks or ()), attack_seed, attack_texts),
        slices=tuple(slices or ()),
        trained_on=tuple(trained_on or ()),
        keeps_seen=keep_seen,
        pools=pools,
        set_aside=set_aside,
        has_texts=texts,
        n_draws=draws,
        seed=seed,
        force=force,
        is_quiet=quiet,
    )
    report = evaluate_files(data, model=model, output=output, settings=settings, tell=_tell)
    if is_json:
        typer.echo(report.model_dump_json(indent=1))
    else:
        Console().print(render_terminal(report))
        typer.echo(f"Report: {output / 'report.html'}", err=True)
    if set_aside is not None and set_aside.exists():
        typer.echo(f"Rows that cannot be used are in {set_aside}", err=True)
        raise typer.Exit(PARTIAL)


def _split(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.strip() for names in given for name in names.split(",") if name.strip())


def _tell(line: str) -> None:
    typer.echo(line, err=True)

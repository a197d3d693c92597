"""`tain submission write`, `tain submission check` and `tain submission grade`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tain.cli import FAILED
from tain.cli.submission_grade import JsonFlag, KindArgument, grade

if TYPE_CHECKING:
    from tain.evaluation.submissions.raid_metadata import RaidMetadata

N_SHOWN = 20


AgainstFlag = Annotated[
    str | None, typer.Option(metavar="INPUT", help="The texts it answers to: ids are compared with theirs.")
]


def submission() -> None:
    """Write, check or grade files for a shared task or leaderboard.

    raid: RAID's leaderboard. pan: PAN's detection of generated text. semeval-a, semeval-b: SemEval-2024 Task 8.
    """


def write(
    kind: KindArgument,
    scores: Annotated[Path, typer.Argument(metavar="SCORES", help="What tain score wrote: Parquet or JSONL.")],
    output: Annotated[Path, typer.Option(help="Folder for the submission.")],
    against: AgainstFlag = None,
    name: Annotated[str | None, typer.Option(help="RAID: name of the detector on the leaderboard.")] = None,
    contact: Annotated[str | None, typer.Option(help="RAID: how to reach you.")] = None,
    date: Annotated[str | None, typer.Option(help="RAID: date of the detector, as 2024-05-25; none is today.")] = None,
    website: Annotated[str, typer.Option(help="RAID: link, or nothing.")] = "",
    paper: Annotated[str, typer.Option(help="RAID: link, or nothing.")] = "",
    huggingface: Annotated[str, typer.Option(help="RAID: link, or nothing.")] = "",
    github: Annotated[str, typer.Option(help="RAID: link, or nothing.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace what is in the output folder.")] = False,
    is_json: JsonFlag = False,
) -> None:
    """Write a submission from the scores of tain score.

    RAID gets scores, PAN probabilities, SemEval labels. A text that was too short gets the lowest score, 0.5, or human.
    """
    from tain.recipes.submission import write_submission

    links = {"website": website, "paper_link": paper, "huggingface_link": huggingface, "github_link": github}
    written = write_submission(
        kind.value,
        scores,
        output=output,
        metadata=_metadata(name, contact, date, links),
        against=against,
        force=force,
    )
    if is_json:
        files = [str(path) for path in written.files]
        counts = {"n_texts": written.n_texts, "n_too_short": written.n_too_short, "too_short": written.rule}
        typer.echo(json.dumps({"files": files, **counts}, indent=1))
        return
    typer.echo(f"{written.n_texts:,} texts, {written.n_too_short:,} of them too short: {written.rule}.", err=True)
    for path in written.files:
        typer.echo(path)


def check(
    kind: KindArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The submission: a file, or the folder of one.")],
    against: AgainstFlag = None,
    is_json: JsonFlag = False,
) -> None:
    """Find what the organisers would refuse or misread.

    Exits with status 1 when there is a problem. Where RAID's input has labels, its threshold search is tried too.
    """
    from tain.recipes.submission import check_submission

    problems = check_submission(kind.value, file, against=against)
    if is_json:
        rows = [{"file": each.file, "line": each.line, "reason": each.reason} for each in problems]
        typer.echo(json.dumps({"is_accepted": not problems, "problems": rows}, indent=1, ensure_ascii=False))
    else:
        for problem in problems[:N_SHOWN]:
            typer.echo(problem)
        if len(problems) > N_SHOWN:
            typer.echo(f"… and {len(problems) - N_SHOWN:,} more; --json lists them all", err=True)
        typer.echo(f"Problems: {len(problems):,}", err=True)
    if problems:
        raise typer.Exit(FAILED)


def _metadata(name: str | None, contact: str | None, date: str | None, links: dict[str, str]) -> RaidMetadata | None:
    if not (name and contact):
        return None
    from datetime import UTC, datetime

    from tain.evaluation.submissions.raid_metadata import RaidMetadata

    return RaidMetadata(name, contact, date or datetime.now(UTC).date().isoformat(), **links)


COMMANDS = (write, check, grade)
"""The words that follow `tain submission`."""

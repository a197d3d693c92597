"""`tain submission grade`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Kind(StrEnum):
    """Where a submission goes."""

    raid = "raid"
    pan = "pan"
    semeval_a = "semeval-a"
    semeval_b = "semeval-b"


KindArgument = Annotated[Kind, typer.Argument(metavar="FORMAT", help="raid, pan, semeval-a or semeval-b.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")]


def grade(
    kind: KindArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The submission: a file, or the folder of one.")],
    gold: Annotated[
        str, typer.Option(help="The task's file with labels; for RAID a table with id, model, domain and attack.")
    ],
    draws: Annotated[int, typer.Option(help="Draws of the bootstrap.", min=2)] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    is_json: JsonFlag = False,
) -> None:
    """Measure a submission by the gold file, as its organisers do.

    PAN: ROC-AUC, Brier, C@1, F1, F0.5u and their mean. SemEval: accuracy, macro F1 and each label. RAID: AI found at 5%
    and 1% false positives by domain, attack and generator, beside what the leaderboard would print.
    """
    from rich.console import Console

    from tain.evaluation.bootstrap import Bootstrap
    from tain.recipes.submission_grade import grade_submission

    found = grade_submission(kind.value, file, gold=gold, bootstrap=Bootstrap(draws, seed))
    if is_json:
        typer.echo(json.dumps(found.to_dict(), indent=1, ensure_ascii=False))
        return
    Console().print(found.tables())
    typer.echo(f"{found.n_texts:,} texts, {found.n_unanswered:,} of them without an answer.", err=True)

"""What a submission is worth by the gold file of its task, in the task's own measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tain.core.errors import DataError
from tain.core.example import DETECTION, Example
from tain.evaluation.bootstrap import Bootstrap
from tain.evaluation.multiclass import ClassMeasures, class_measures
from tain.evaluation.pan import PanMeasures, align, pan_measures
from tain.evaluation.raid import RaidMeasures, raid_measures
from tain.evaluation.submissions import pan, raid, semeval
from tain.evaluation.submissions.problems import Id, Problem
from tain.recipes.submission import raid_rows, submission_file
from tain.recipes.submission_values import Format, subtask_of

if TYPE_CHECKING:
    from rich.console import RenderableType

Measures = PanMeasures | ClassMeasures | RaidMeasures


@dataclass(frozen=True, slots=True)
class Grade:
    """The measures of a submission.

    Attributes:
        kind: Of the submission.
        n_texts: Of the gold file.
        n_unanswered: Of them without a row in the submission.
        measures: As the task defines them, with intervals.
    """

    kind: Format
    n_texts: int
    n_unanswered: int
    measures: Measures

    def to_dict(self) -> dict[str, object]:
        """The fields by name, ready for JSON."""
        return asdict(self)

    def tables(self) -> RenderableType:
        """What to give to `rich.print`."""
        from tain.evaluation.class_terminal import class_tables
        from tain.evaluation.raid_terminal import raid_tables
        from tain.evaluation.terminal import pan_table

        if isinstance(self.measures, PanMeasures):
            return pan_table(self.measures)
        return class_tables(self.measures) if isinstance(self.measures, ClassMeasures) else raid_tables(self.measures)


def grade_submission(kind: Format, path: Path, *, gold: str, bootstrap: Bootstrap | None = None) -> Grade:
    """The measures that the organisers would give a submission.

    Args:
        kind: Of the submission.
        path: Its file or folder.
        gold: The task's labelled file: `id` and `label` to a line; for RAID a table with `id`, `model` and `domain`.
        bootstrap: How to draw; RAID's rates need none.

    Raises:
        DataError: If a file cannot be used, or the submission would be refused.
        MetricError: If the gold file does not define the measures.
    """
    grade: dict[Format, Callable[[Path, str, Bootstrap], Grade]] = {"pan": _pan, "raid": _raid}
    return grade.get(kind, _semeval(kind))(submission_file(kind, path), gold, bootstrap or Bootstrap())


def _pan(path: Path, gold: str, bootstrap: Bootstrap) -> Grade:
    examples = pan.read_gold(Path(gold))
    said: dict[Id, float] = {str(identity): answer for identity, answer in pan.read(path).items()}
    answers, is_ai = align(said, {example.id: example.label == "ai" for example in examples})
    return Grade("pan", len(examples), len(examples) - len(said), pan_measures(answers, is_ai, bootstrap=bootstrap))


def _raid(path: Path, gold: str, bootstrap: Bootstrap) -> Grade:
    rows = raid_rows(gold)
    if not rows:
        raise DataError(f"{gold}: has no columns model and domain; expected RAID's own table with labels, train.csv.")
    said = {str(identity): score for identity, score in raid.read(path).items()}
    scores = [said.get(row.id) for row in rows]
    _refuse_strangers(path, gold, set(said) - {row.id for row in rows}, len(said))
    return Grade("raid", len(rows), scores.count(None), raid_measures(scores, rows))


def _semeval(kind: Format) -> Callable[[Path, str, Bootstrap], Grade]:
    def grade(path: Path, gold: str, bootstrap: Bootstrap) -> Grade:
        subtask = subtask_of(kind)
        examples = semeval.read_gold(Path(gold), subtask=subtask)
        # The scorer leaves out texts without a prediction, which would let a file choose its own test.
        _refuse(semeval.check(path, subtask=subtask, against={example.id for example in examples}))
        said = semeval.read(path, subtask=subtask)
        names = semeval.LABELS[subtask].names
        called, truth = [said[example.id] for example in examples], _indices(examples, names)
        return Grade(kind, len(examples), 0, class_measures(called, truth, names=names, bootstrap=bootstrap))

    return grade


def _indices(examples: Sequence[Example], names: Sequence[str] = DETECTION.names) -> list[int]:
    return [names.index(example.label or "") for example in examples]


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        more = f" There are {len(problems) - 1:,} more." if len(problems) > 1 else ""
        raise DataError(f"{problems[0]}.{more} See all of them: tain submission check")


def _refuse_strangers(path: Path, gold: str, odd: set[str], n: int) -> None:
    if odd:
        raise DataError(
            f"{path}: {len(odd):,} of {n:,} rows are about texts that {gold} does not have, such as {min(odd)}."
        )

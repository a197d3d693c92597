"""From the scores of `tain score` to a file for a shared task or leaderboard, and the check of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tain.core.errors import ConfigError, DataError
from tain.core.files import refuse_overwrite, whole_folder
from tain.corpora.columns import ColumnMap
from tain.corpora.reading import iter_rows
from tain.evaluation.raid_rows import RaidRow, raid_row
from tain.evaluation.submissions import pan, raid, semeval
from tain.evaluation.submissions.problems import Id, Problem
from tain.evaluation.submissions.raid_metadata import RaidMetadata
from tain.recipes.submission_values import RULES, TOO_SHORT, Format, read_scores, subtask_of, values_of

N_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        files: Paths.
        n_texts: Rows.
        n_too_short: Of them without a score.
        rule: What was written for those.
    """

    files: tuple[Path, ...]
    n_texts: int
    n_too_short: int
    rule: str


def write_submission(
    kind: Format,
    scores: Path,
    *,
    output: Path,
    metadata: RaidMetadata | None = None,
    against: str | None = None,
    force: bool = False,
) -> Written:
    """A submission made of scores, in a folder of its own.

    Args:
        kind: Of the submission.
        scores: What `tain score` wrote: Parquet or JSONL.
        output: Folder to write.
        metadata: For RAID.
        against: The input that was scored: ids are compared, and written as it has them.
        force: Replace what is there.

    Raises:
        ConfigError: If RAID's metadata is missing, or the folder is taken.
        DataError: If a row of the scores will not do, or the file would be refused.
    """
    if kind == "raid" and metadata is None:
        raise ConfigError("RAID wants to know who submits. Give --name and --contact.")
    refuse_overwrite(output, force=force)
    rows = list(read_scores(scores))
    ids = set(input_ids(against)) if against else None
    own = {str(each): each for each in ids or ()}
    values = [(own.get(row.id, row.id), value) for row, value in zip(rows, values_of(kind, rows), strict=True)]
    with whole_folder(output) as part:
        _write(kind, part, values, metadata)
        _refuse(_problems(kind, part, ids))
    names = (raid.PREDICTIONS, raid.METADATA) if kind == "raid" else (_file(kind),)
    n_too_short = sum(row.label == TOO_SHORT for row in rows)
    return Written(tuple(output / name for name in names), len(rows), n_too_short, RULES[kind])


def check_submission(kind: Format, path: Path, *, against: str | None = None) -> list[Problem]:
    """What the organisers would refuse or misread.

    Args:
        kind: Of the submission.
        path: Its file; a folder for RAID, or where the file has its usual name.
        against: The input it answers to; where RAID's has labels, its threshold search is tried too.

    Raises:
        DataError: If the input cannot be read.
    """
    ids = set(input_ids(against)) if against else None
    return _problems(kind, path, ids, rows=raid_rows(against) if against and kind == "raid" else ())


def input_ids(path: str) -> Iterator[Id]:
    """The ids of an input, as its file has them.

    Args:
        path: File, folder or Hub id.

    Raises:
        DataError: If a row has no id.
    """
    for line, values in iter_rows(path):
        column = ColumnMap().find(values).get("id")
        value = values[column] if column else None
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            raise DataError(f"{path}:{line}: there is no id. A submission answers to the ids of its input.")
        yield value


def _problems(kind: Format, path: Path, ids: set[Id] | None, *, rows: Sequence[RaidRow] = ()) -> list[Problem]:
    if kind == "raid":
        return raid.check(path, against=ids, rows=rows)
    file = submission_file(kind, path)
    return pan.check(file, against=ids) if kind == "pan" else semeval.check(file, subtask=subtask_of(kind), against=ids)


def _write(kind: Format, folder: Path, values: Sequence[tuple[Id, float | int]], metadata: RaidMetadata | None) -> None:
    if kind == "raid":
        assert metadata is not None, "asked for before"
        raid.write(folder, values, metadata=metadata)
    elif kind == "pan":
        pan.write(folder / _file(kind), values)
    else:
        semeval.write(folder / _file(kind), [(i, int(v)) for i, v in values], subtask=subtask_of(kind))


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        lines = "\n".join(f"  {each.reason}" for each in problems[:N_SHOWN])
        more = f"\n  … and {len(problems) - N_SHOWN:,} more" if len(problems) > N_SHOWN else ""
        raise DataError(f"What would be submitted has faults, and nothing was written:\n{lines}{more}")


def _file(kind: Format) -> str:
    return pan.FILE if kind == "pan" else semeval.FILES[subtask_of(kind)]


def submission_file(kind: Format, path: Path) -> Path:
    """The file that is checked or graded; RAID's may stay a folder.

    Args:
        kind: Of the submission.
        path: A file, or the folder of one.
    """
    return path / _file(kind) if path.is_dir() and kind != "raid" else path


def raid_rows(path: str) -> list[RaidRow]:
    """The rows of RAID's table with labels; none where the columns `model` and `domain` are missing.

    Args:
        path: File, folder or Hub id.

    Raises:
        DataError: If a row has no id, model or domain.
    """
    rows = []
    for line, values in iter_rows(path):
        if "model" not in values or "domain" not in values:
            return []
        rows.append(raid_row(values, where=f"{path}:{line}"))
    return rows

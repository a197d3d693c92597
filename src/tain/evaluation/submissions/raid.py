"""RAID's leaderboard: a folder with `predictions.json` and `metadata.json`, and its check.

Predictions are one JSON array of `{"id": …, "score": …}`, a higher score meaning AI.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from tain.core.errors import DataError
from tain.core.files import whole_folder, write_json
from tain.evaluation.attacked_rows import UNATTACKED
from tain.evaluation.raid import TARGETS
from tain.evaluation.raid_rows import RaidRow
from tain.evaluation.raid_thresholds import domain_threshold
from tain.evaluation.submissions.json_array import read_array
from tain.evaluation.submissions.problems import Id, Problem, Row, check_rows, number_reason, refuse
from tain.evaluation.submissions.raid_metadata import RaidMetadata, metadata_problems

PREDICTIONS, METADATA = "predictions.json", "metadata.json"
FIELDS = frozenset({"id", "score"})


def write(folder: Path, scores: Iterable[tuple[Id, float]], *, metadata: RaidMetadata) -> None:
    """Write a submission; both files appear or none.

    Args:
        folder: Named after the detector, as the leaderboard's folders are; replaced if it exists.
        scores: Id and finite score of every text of RAID's test set, higher means AI.
        metadata: What the leaderboard shows.

    Raises:
        DataError: If a score, id or field of the metadata would be refused; nothing is written then.
    """
    rows = [{"id": identity, "score": score} for identity, score in scores]
    described = metadata.to_dict()
    refuse(check_rows(enumerate(rows, 1), file=PREDICTIONS, reason=_reason))
    refuse(metadata_problems(described, file=METADATA))
    with whole_folder(folder) as part:
        write_json(part / METADATA, described)
        with (part / PREDICTIONS).open("w", encoding="utf-8", newline="\n") as file:
            file.write("[\n")
            file.write(",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows))
            file.write("\n]\n")


def check(path: Path, *, against: Collection[Id] | None = None, rows: Sequence[RaidRow] = ()) -> list[Problem]:
    """What RAID's evaluation would refuse, or leave out of the leaderboard.

    Args:
        path: The folder of a submission, or its predictions alone.
        against: Ids of RAID's test set; None compares with none.
        rows: Labelled rows, where the input has labels: whether RAID's threshold search arrives is then tried.

    Source:
        liamdugan/raid, leaderboard/hydrate.py; raid-bench 0.2.0, evaluate.py.
    """
    predictions = path / PREDICTIONS if path.is_dir() else path
    problems = check_rows(read_array(predictions), file=str(predictions), reason=_reason, against=against)
    if not problems:
        problems += _search_problems(predictions, rows)
    return problems + (list(_folder_problems(path)) if path.is_dir() else [])


def read(path: Path) -> dict[Id, float]:
    """The scores of a submission without problems, by id.

    Args:
        path: Its folder, or its predictions alone.

    Raises:
        DataError: If there is a problem with the predictions; names the first.
    """
    predictions = path / PREDICTIONS if path.is_dir() else path
    problems = check_rows(read_array(predictions), file=str(predictions), reason=_reason)
    if problems:
        raise DataError(f"{problems[0]}. See all of them: tain submission check raid {path}")
    return dict(_scores(predictions))


def _scores(path: Path) -> Iterator[tuple[Id, float]]:
    for _, row in read_array(path):
        if not isinstance(row, Problem):
            yield row["id"], float(row["score"])  # type: ignore[misc, arg-type]


def _search_problems(path: Path, rows: Sequence[RaidRow]) -> Iterator[Problem]:
    human = [row for row in rows if row.is_human and row.attack == UNATTACKED]
    scores = dict(_scores(path)) if human else {}
    for domain in sorted({row.domain for row in human}):
        values = [scores[row.id] for row in human if row.domain == domain and row.id in scores]
        found = (domain_threshold(values, domain=domain, target_fpr=target) for target in TARGETS)
        yield from (Problem(str(path), None, each.missed.rstrip(".")) for each in found if each.missed)


def _folder_problems(folder: Path) -> Iterator[Problem]:
    file = folder / METADATA
    try:
        metadata = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        yield Problem(str(file), None, f"cannot be read as JSON: {error}")
    else:
        yield from metadata_problems(metadata, file=str(file))
    for other in sorted(folder.iterdir()):
        if other.name not in (PREDICTIONS, METADATA):
            yield Problem(str(other), None, f"does not belong there; expected {PREDICTIONS} and {METADATA} only")


def _reason(row: Row) -> str | None:
    odd = sorted(set(row) - FIELDS)
    if odd:
        return f"has the field {odd[0]!r} too; expected id and score only, as others may clash with RAID's columns"
    return number_reason(row, "score")

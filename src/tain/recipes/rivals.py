"""Other detectors' answers to the texts of a test: from a file of scores, or from a detector that scores them now."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tain.core.errors import DataError, sample
from tain.core.example import Corpus
from tain.core.files import sha256_of
from tain.corpora.checks import word_of
from tain.corpora.reading import iter_rows
from tain.detector import Detector
from tain.evaluation.comparison import Rival
from tain.recipes.score_output import made_by_of

POINTS = "tain_points"
"""Key of the operating points in the metadata of a Parquet file of scores."""

N_NAMED = 3
_CALLS = ("verdict", "label")

Scores = np.ndarray[tuple[int], np.dtype[np.float64]]
ScoreTexts = Callable[[Detector, Sequence[str]], Scores]


@dataclass(frozen=True, slots=True)
class Against:
    """Another detector and where its answers come from.

    Attributes:
        rival: Its answers, in the order of the corpus.
        source: For the Report's provenance.
        n_missing: Texts of the corpus that its file does not have.
        missing: Ids of the first of them.
    """

    rival: Rival
    source: Mapping[str, object]
    n_missing: int = 0
    missing: tuple[str, ...] = ()


def read_against(path: Path, corpus: Corpus, *, score: ScoreTexts) -> Against:
    """The answers of another detector to the texts of a corpus.

    Args:
        path: File of scores with the columns id and score, such as `tain score` and `tain evaluate` write, or a
            detector's folder.
        corpus: The test.
        score: Gives a detector's scores of texts; NaN where it abstains.

    Raises:
        DataError: If the file has no such columns, an id twice, or no id of the test.
        DetectorError: If the folder is no detector.
    """
    if path.is_dir():
        return _from_detector(path, corpus, score)
    rows = _read_rows(path)
    values = np.array([rows.get(example.id, (np.nan, None))[0] for example in corpus])
    missing = [example.id for example in corpus if example.id not in rows]
    if len(missing) == len(values):
        raise DataError(
            f"{path}: none of its {len(rows):,} ids is an id of the test. It has {sample(next(iter(rows), 'none'))}, "
            f"the test has {sample(missing[0])}. Score the same file, or name the column with --id-column."
        )
    source = {"name": path.name, "file": str(path), "sha256": sha256_of(path), "texts without a row": len(missing)}
    if missing:
        source["such as"] = missing[:N_NAMED]
    rival = Rival(path.stem, values, _points(path, rows))
    return Against(rival, source, len(missing), tuple(missing[:N_NAMED]))


def named_apart(found: Sequence[Against]) -> list[Against]:
    """The same, with a number behind names that occur twice.

    Args:
        found: In the order asked for.
    """
    seen: dict[str, int] = {}
    apart = []
    for against in found:
        name = against.rival.name
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            rival = Rival(f"{name} ({seen[name]})", against.rival.scores, against.rival.thresholds)
            against = Against(rival, {**against.source, "name": rival.name}, against.n_missing, against.missing)
        apart.append(against)
    return apart


def _from_detector(folder: Path, corpus: Corpus, score: ScoreTexts) -> Against:
    detector = Detector.load(folder)
    about = detector.settings.about
    thresholds = {point.target_fpr: point.threshold for point in detector.calibration.record.points}
    rival = Rival(f"{about.name} {about.version}", score(detector, corpus.texts), thresholds)
    return Against(rival, {"name": rival.name, "detector": str(folder), "sha256": detector.model.sha256})


def _read_rows(path: Path) -> dict[str, tuple[float, str | None]]:
    rows: dict[str, tuple[float, str | None]] = {}
    for line, row in iter_rows(path):
        if "id" not in row or "score" not in row:
            raise DataError(
                f"{path}: line {line} has the columns {', '.join(row)}; expected id and score, as tain score writes "
                "them."
            )
        identity = word_of(row["id"])
        if identity is None or identity in rows:
            raise DataError(f"{path}: line {line}: the id is {row['id']!r}; expected one, and on no earlier line.")
        rows[identity] = (_score(row["score"], path, line), _call(row))
    return rows


def _score(value: object, path: Path, line: int) -> float:
    try:
        number = float("nan") if value is None or value == "" else float(str(value))
    except ValueError:
        number = float("inf")
    if np.isinf(number):
        raise DataError(
            f"{path}: line {line}: the score is {sample(repr(value))}; expected a finite number, or nothing."
        )
    return number


def _call(row: Mapping[str, object]) -> str | None:
    # In a file of `tain evaluate` the label is the truth, and the verdict what the detector said.
    found = next((row[name] for name in _CALLS if name in row), None)
    return str(found) if found in ("human", "ai") else None


def _points(path: Path, rows: Mapping[str, tuple[float, str | None]]) -> dict[float, float]:
    kept = _kept_points(path)
    target = (made_by_of(path) or {}).get("target_fpr")
    if kept or not isinstance(target, float):
        return kept
    human, ai = ([score for score, call in rows.values() if call == label] for label in ("human", "ai"))
    # Any threshold between the two decides every one of these texts alike.
    return {target: max(human)} if human and (not ai or max(human) < min(ai)) else {}


def _kept_points(path: Path) -> dict[float, float]:
    if path.suffix.lower() != ".parquet":
        return {}
    import polars as pl

    try:
        stored = json.loads(pl.read_parquet_metadata(path).get(POINTS, "{}"))
    except ValueError:
        return {}
    return {float(target): float(threshold) for target, threshold in stored.items()}

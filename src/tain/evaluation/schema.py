"""The Report as it is stored, and read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError

from tain.core.errors import DataError
from tain.core.files import read_json, write_json
from tain.evaluation.attacked_rows import AttackRow
from tain.evaluation.drift import Drift
from tain.evaluation.multiclass import ClassMeasures
from tain.evaluation.pan import PanMeasures
from tain.evaluation.parts import (
    Calibration,
    Comparison,
    Counts,
    Curves,
    FixedFpr,
    Part,
    PointComparison,
    PointResult,
    PoolRow,
    Ranking,
    SeenTexts,
    SliceRow,
    SliceTable,
    Stretch,
    WorstText,
    WorstTexts,
)

__all__ = [
    "FORMAT_VERSION",
    "Calibration",
    "ClassReport",
    "Comparison",
    "Counts",
    "Curves",
    "FixedFpr",
    "PointComparison",
    "PointResult",
    "PoolRow",
    "Ranking",
    "Report",
    "SeenTexts",
    "SliceRow",
    "SliceTable",
    "Stretch",
    "WorstText",
    "WorstTexts",
]

FORMAT_VERSION: Literal[2] = 2


class Stored(Part):
    """What both kinds of Report have in common.

    Attributes:
        format_version: Of this layout.
        tain_version: That made it.
        n_draws: Of each bootstrap.
        seed: Of the bootstrap.
        provenance: Model, data, hashes, commit, versions: whatever the caller knows.
    """

    format_version: Literal[2] = FORMAT_VERSION
    tain_version: str
    n_draws: int
    seed: int
    provenance: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all.

        Args:
            path: The file to write.
        """
        write_json(path, self.model_dump(mode="json"))

    @classmethod
    def load(cls, path: Path) -> Self:
        """The Report that `save` wrote.

        Args:
            path: The file to read.

        Raises:
            DataError: If it is no JSON, no Report of this kind, or a Report of another format.
        """
        return cls.read(read_json(path), origin=str(path))

    @classmethod
    def read(cls, values: object, *, origin: str) -> Self:
        """The Report that a JSON value is.

        Args:
            values: As `save` writes it.
            origin: Where it comes from, for errors.

        Raises:
            DataError: If it is no Report of this kind, or a Report of another format.
        """
        version = values.get("format_version") if isinstance(values, dict) else None
        if version != FORMAT_VERSION:
            raise DataError(f"{origin}: format_version is {version!r}; {_what_to_do(version)}")
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise DataError(f"{origin}: {where}: {first['msg']}. It is no whole Report; evaluate again.") from error


class Report(Stored):
    """What a detector's scores on labelled texts are worth. A result is evidence, never a verdict.

    Attributes:
        kind: Of Report.
        counts: Texts and abstentions.
        ranking: Without any stored threshold.
        operating_points: In the order stored; empty when the detector has none.
        calibration: Of the probabilities.
        pan: PAN's measures of the probabilities, with its own rule that above one half means AI; None without any.
        slices: One table per property.
        human_pools: False positives by kind of human text, worst first.
        comparisons: Other detectors on the same texts.
        curves: For plots.
        warnings: What a reader must know before believing any number, such as that the detector was trained on these
            texts.
        attacks: One row for the texts as they were and one for each attack, the most harmful first; empty where no
            attack was tried.
        drift: Whether the texts are like those of the calibration; None where nothing is known of them.
        worst: The mistakes to look at first; None without texts.
        seen: Texts that the detector was made from; None where nobody looked.
        left_out: Other texts of the data that are in no number, by reason.
    """

    kind: Literal["detection"] = "detection"
    counts: Counts
    ranking: Ranking
    operating_points: tuple[PointResult, ...]
    calibration: Calibration
    pan: PanMeasures | None = None
    slices: tuple[SliceTable, ...]
    human_pools: tuple[PoolRow, ...]
    comparisons: tuple[Comparison, ...]
    curves: Curves
    warnings: tuple[str, ...] = ()
    attacks: tuple[AttackRow, ...] = ()
    drift: Drift | None = None
    worst: WorstTexts | None = None
    seen: SeenTexts | None = None
    left_out: dict[str, int] = Field(default_factory=dict)

    @property
    def default_point(self) -> PointResult | None:
        """The operating point that slices are measured at, or None when there is none."""
        return next((result for result in self.operating_points if result.is_default), None)


class ClassReport(Stored):
    """What a classifier's answers on labelled texts are worth.

    Attributes:
        kind: Of Report.
        measures: Of all texts.
    """

    kind: Literal["classes"] = "classes"
    measures: ClassMeasures


def _what_to_do(version: object) -> str:
    if isinstance(version, int) and version > FORMAT_VERSION:
        return f"this version of tain reads {FORMAT_VERSION}. Update tain, or use the version that wrote it."
    return f"this version of tain reads {FORMAT_VERSION}. Evaluate again, or read it with the tain that wrote it."

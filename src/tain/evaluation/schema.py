"""The Report as it is stored: every number with its counts, its interval, or the reason why it is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tain.core.errors import DataError
from tain.core.files import read_json, write_json
from tain.evaluation.decisions import Rates
from tain.evaluation.intervals import Estimate, Rate
from tain.evaluation.probabilities import ReliabilityBin
from tain.evaluation.thresholds import OperatingPoint

FORMAT_VERSION: Literal[1] = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Counts(_Part):
    """How many texts there were, and how many of them got a score.

    Attributes:
        n: All texts.
        n_human: Human texts with a score.
        n_ai: AI texts with a score.
        n_groups: Groups among the scored texts.
        coverage: Texts with a score; the others are abstentions, such as texts that are too short.
        coverage_human: The same among human texts.
        coverage_ai: The same among AI texts.
    """

    n: int
    n_human: int
    n_ai: int
    n_groups: int
    coverage: Rate
    coverage_human: Rate
    coverage_ai: Rate


class FixedFpr(_Part):
    """TPR where the test's own human texts set the threshold: for comparing detectors, never for use.

    Attributes:
        target_fpr: The rate allowed.
        tpr: With a bootstrap interval that includes the doubt about the threshold.
        fpr: What the threshold does to the human texts it was taken from; None where refused.
        threshold: In units of the score; None where refused.
        threshold_source: Where the threshold comes from.
    """

    target_fpr: float
    tpr: Estimate
    fpr: Rate | None
    threshold: float | None
    threshold_source: str


class Ranking(_Part):
    """How well AI texts are ranked above human ones, at any threshold.

    Attributes:
        auroc: With an interval from a bootstrap over groups.
        auprc: Average precision; depends on the share of AI texts.
        pauroc: AUROC below a false positive rate of 5%, rescaled so that chance is 0.5.
        tpr_at_fpr: At each rate that the number of human texts supports; refused ones say why.
    """

    auroc: Estimate
    auprc: Estimate
    pauroc: Estimate
    tpr_at_fpr: tuple[FixedFpr, ...]


class PointResult(_Part):
    """What a stored operating point did on these texts.

    Attributes:
        point: As stored; it saw none of these texts.
        is_default: The one that slices are measured at.
        rates: Achieved here.
    """

    point: OperatingPoint
    is_default: bool
    rates: Rates


class Calibration(_Part):
    """Whether probabilities can be taken at their word.

    Attributes:
        brier: Mean squared distance from the truth.
        ece: Mean gap between probability and frequency.
        bins: What both rest on; empty when there are no probabilities.
    """

    brier: Estimate
    ece: Estimate
    bins: tuple[ReliabilityBin, ...]


class SliceRow(_Part):
    """One part of the test.

    Attributes:
        value: What its texts share, such as a domain.
        n_human: Scored human texts.
        n_ai: Scored AI texts.
        coverage: Texts with a score.
        auroc: With a closed-form interval.
        auroc_against: Whether the human texts of the AUROC are the slice's own or, where it has none, all.
        fpr: At the default operating point.
        tpr: At the default operating point.
        is_small: Too few texts to build on.
    """

    value: str
    n_human: int
    n_ai: int
    coverage: Rate
    auroc: Estimate
    auroc_against: Literal["own", "all"]
    fpr: Rate
    tpr: Rate
    is_small: bool


class SliceTable(_Part):
    """The test cut by one property.

    Attributes:
        name: The property.
        rows: Worst first.
        n_unknown: Texts for which it is not known; they are in no row.
    """

    name: str
    rows: tuple[SliceRow, ...]
    n_unknown: int


class PoolRow(_Part):
    """False positives among human texts of one kind.

    Attributes:
        pool: Its name.
        coverage: Human texts with a score.
        fprs: One rate per operating point of the Report, in its order.
        is_small: Too few texts to build on.
    """

    pool: str
    coverage: Rate
    fprs: tuple[Rate, ...]
    is_small: bool


class Comparison(_Part):
    """Another detector on the same texts.

    Attributes:
        name: Its name.
        n_human: Human texts that both scored.
        n_ai: AI texts that both scored.
        ranking: Of the other detector.
        auroc_difference: This Report's detector minus the other; above 0 means that ours is better.
        tpr_differences: The same for each supported rate of `ranking.tpr_at_fpr`, by its target.
        p_auroc: Two-sided p-value that the AUROCs do not differ, or None.
    """

    name: str
    n_human: int
    n_ai: int
    ranking: Ranking
    auroc_difference: Estimate
    tpr_differences: dict[float, Estimate]
    p_auroc: float | None


class Curves(_Part):
    """What the plots are drawn from.

    Attributes:
        bin_edges: Of the score histogram, m + 1 of them.
        human_counts: Human texts per bin, m of them.
        ai_counts: AI texts per bin, m of them.
        roc_fpr: Thinned to a few hundred points, dense at low rates.
        roc_tpr: As many.
    """

    bin_edges: tuple[float, ...]
    human_counts: tuple[int, ...]
    ai_counts: tuple[int, ...]
    roc_fpr: tuple[float, ...]
    roc_tpr: tuple[float, ...]


class Report(_Part):
    """What a detector's scores on labelled texts are worth. A result is evidence, never a verdict.

    Attributes:
        format_version: Of this layout.
        tain_version: That made it.
        counts: Texts and abstentions.
        ranking: Without any stored threshold.
        operating_points: In the order stored; empty when the detector has none.
        calibration: Of the probabilities.
        slices: One table per property.
        human_pools: False positives by kind of human text, worst first.
        comparisons: Other detectors on the same texts.
        curves: For plots.
        n_draws: Of each bootstrap.
        seed: Of the bootstrap.
        provenance: Model, data, hashes, commit: whatever the caller knows.
    """

    format_version: Literal[1] = FORMAT_VERSION
    tain_version: str
    counts: Counts
    ranking: Ranking
    operating_points: tuple[PointResult, ...]
    calibration: Calibration
    slices: tuple[SliceTable, ...]
    human_pools: tuple[PoolRow, ...]
    comparisons: tuple[Comparison, ...]
    curves: Curves
    n_draws: int
    seed: int
    provenance: dict[str, Any]

    @property
    def default_point(self) -> PointResult | None:
        """The operating point that slices are measured at, or None when there is none."""
        return next((result for result in self.operating_points if result.is_default), None)

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all.

        Args:
            path: The file to write.
        """
        write_json(path, self.model_dump(mode="json"))

    @classmethod
    def load(cls, path: Path) -> Report:
        """The Report that `save` wrote.

        Args:
            path: The file to read.

        Raises:
            DataError: If it is no JSON, no Report, or a Report of another format.
        """
        values = read_json(path)
        version = values.get("format_version") if isinstance(values, dict) else None
        if version != FORMAT_VERSION:
            raise DataError(
                f"{path}: format_version is {version!r}; this version of tain reads {FORMAT_VERSION}. "
                "Evaluate again, or use the version that wrote it."
            )
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise DataError(f"{path}: {where}: {first['msg']}. It is no whole Report; evaluate again.") from error

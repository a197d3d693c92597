"""What a study of scaling found: a row for each size and growth, and the curve fitted through them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tain.analysis.learning_curve.forecast import Band, Forecast, Need, forecast
from tain.core.errors import MetricError
from tain.evaluation.intervals import rate
from tain.recipes.studies.spread import Spread, spread

AHEAD = (2.0, 4.0)
ERRORS = {"1 - AUROC": "auroc_error", "loss": "loss"}
Cell = Mapping[str, Any]


@dataclass(frozen=True)
class ScalingRow:
    """What one contestant does after so many texts, the mean over tested corpora.

    Attributes:
        contestant: Its name.
        growth: random or mined; both where they have the same texts.
        size: Texts asked for; 0 for all there are.
        n_train: Texts that were trained on, over seeds.
        auroc_error: 1 - AUROC, over seeds.
        tpr_at_target: TPR where each corpus has the target FPR, over seeds.
        loss: Mean cross-entropy in nats, over seeds.
        fpr: Share of all human test texts above the threshold that was fixed beforehand, over seeds.
        fpr_low: Least lower end of the interval of a seed.
        fpr_high: Greatest upper end.
        tpr: Share of all AI test texts above it, over seeds.
    """

    contestant: str
    growth: str
    size: int
    n_train: Spread
    auroc_error: Spread
    tpr_at_target: Spread
    loss: Spread
    fpr: Spread
    fpr_low: float
    fpr_high: float
    tpr: Spread


@dataclass(frozen=True)
class Fit:
    """A saturating curve through the errors of one contestant and growth.

    Attributes:
        contestant: Its name.
        growth: random or mined.
        error: What falls.
        forecast: The curve; None where none can be fitted.
        reason: Why not.
    """

    contestant: str
    growth: str
    error: str
    forecast: Forecast | None
    reason: str

    def as_json(self) -> dict[str, object]:
        """The curve and what is read off it as plain values."""
        named: dict[str, object] = {"contestant": self.contestant, "growth": self.growth, "error": self.error}
        if self.forecast is None:
            return named | {"reason": self.reason}
        ahead = {f"{times:g}": asdict(band) for times, band in self.ahead.items()}
        need = self.to_gain_a_tenth
        return named | {
            "curve": asdict(self.forecast.curve),
            "floor": list(self.forecast.floor()),
            "largest": self.forecast.largest,
            "ahead": ahead,
            "to_gain_a_tenth": asdict(need) if need else None,
        }

    @property
    def ahead(self) -> dict[float, Band]:
        """What is expected at twice and four times the most that was tried."""
        found = self.forecast
        return {} if found is None else {times: found.at(times * found.largest) for times in AHEAD}

    @property
    def to_gain_a_tenth(self) -> Need | None:
        """Texts for an error a tenth below that at the most that was tried."""
        found = self.forecast
        return None if found is None else found.needed(0.9 * found.curve.error(found.largest))


def scaling_rows(cells: Iterable[Cell]) -> list[ScalingRow]:
    """A row for each contestant, growth and size.

    Args:
        cells: Measurements of all seeds.
    """
    groups: dict[tuple[str, str, int], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell["contestant"], cell["growth"], cell["size"]), []).append(cell)
    return [_row(*key, own) for key, own in groups.items()]


def fits(cells: Sequence[Cell], *, n_draws: int = 1000) -> list[Fit]:
    """A curve for each contestant, growth and error.

    Args:
        cells: Measurements of all seeds; those that both growths share stand in both curves.
        n_draws: Resamples.
    """
    found = []
    for contestant in dict.fromkeys(cell["contestant"] for cell in cells):
        own = [cell for cell in cells if cell["contestant"] == contestant]
        for growth in dict.fromkeys(cell["growth"] for cell in own if cell["growth"] != "both"):
            points = [cell for cell in own if cell["growth"] in (growth, "both")]
            found += [_fit(contestant, growth, error, points, n_draws) for error in ERRORS]
    return found


def _fit(contestant: str, growth: str, error: str, cells: Sequence[Cell], n_draws: int) -> Fit:
    sizes, seeds = (np.array([cell[key] for cell in cells]) for key in ("n_train", "seed"))
    errors = np.array([_of(cell)[ERRORS[error]] for cell in cells])
    try:
        return Fit(contestant, growth, error, forecast(sizes, errors, seeds=seeds, n_draws=n_draws), "")
    except MetricError as problem:
        return Fit(contestant, growth, error, None, str(problem))


def _row(contestant: str, growth: str, size: int, cells: Sequence[Cell]) -> ScalingRow:
    values = [_of(cell) for cell in cells]
    over = {name: spread(own[name] for own in values if not np.isnan(own[name])) for name in values[0]}
    rates = [_pooled(cell, "fpr") for cell in cells]
    return ScalingRow(
        contestant=contestant,
        growth=growth,
        size=size,
        n_train=spread(float(cell["n_train"]) for cell in cells),
        fpr_low=min(found[1] for found in rates),
        fpr_high=max(found[2] for found in rates),
        **over,
    )


def _of(cell: Cell) -> dict[str, float]:
    corpora = cell["corpora"].values()
    return {
        "auroc_error": 1 - float(np.mean([own["auroc"] for own in corpora])),
        # Too few human texts for the target leave no value; a mean of the others would be of another thing.
        "tpr_at_target": float(np.mean([np.nan if (v := own["tpr_at_target"]) is None else v for own in corpora])),
        "loss": float(np.mean([own["loss"] for own in corpora])),
        "fpr": _pooled(cell, "fpr")[0],
        "tpr": _pooled(cell, "tpr")[0],
    }


def _pooled(cell: Cell, name: str) -> tuple[float, float, float]:
    counts = [own[name] for own in cell["corpora"].values()]
    found = rate(sum(own["k"] for own in counts), sum(own["n"] for own in counts), of="texts")
    ends = [float("nan") if end is None else end for end in (found.value, found.low, found.high)]
    return ends[0], ends[1], ends[2]

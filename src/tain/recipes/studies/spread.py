"""A number over the seeds of a study."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean, stdev


@dataclass(frozen=True)
class Spread:
    """A number over seeds.

    Attributes:
        mean: Over seeds.
        sd: Sample standard deviation; None with one seed.
        n: Seeds.
    """

    mean: float
    sd: float | None
    n: int

    def __str__(self) -> str:
        """Three digits, such as 0.912 ± 0.004."""
        return f"{self.mean:.3f}" + (f" ± {self.sd:.3f}" if self.sd is not None else "")


def spread(values: Iterable[float]) -> Spread:
    """Mean and standard deviation of the values; NaN without any."""
    own = list(values)
    if not own:
        return Spread(float("nan"), None, 0)
    return Spread(mean(own), stdev(own) if len(own) > 1 else None, len(own))

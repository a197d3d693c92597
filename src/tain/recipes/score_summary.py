"""What a run of `tain score` did."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field

from tain.evaluation.drift import Drift


@dataclass(slots=True)
class ScoreSummary:
    """What was done.

    Attributes:
        outputs: Files of scores, finished earlier ones included.
        n_skipped: Files that were finished before.
        labels: Rows per label.
        n_set_aside: Bad rows.
        set_aside: Files that hold them.
        drift: Whether the texts scored now are like those of the calibration; not known behind a cascade, whose network
            reads no fair draw of them.
        n_settled: Texts that the network did not read, behind a cascade; None without one.
    """

    outputs: list[str] = field(default_factory=list)
    n_skipped: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    n_set_aside: int = 0
    set_aside: list[str] = field(default_factory=list)
    drift: Drift = field(default_factory=lambda: Drift((), ()))
    n_settled: int | None = None

    def to_dict(self) -> dict[str, object]:
        """The fields by name, ready for JSON."""
        return {
            "outputs": self.outputs,
            "n_rows": sum(self.labels.values()),
            "labels": {label: self.labels[label] for label in ("human", "ai", "too_short")},
            "n_files_skipped": self.n_skipped,
            "n_set_aside": self.n_set_aside,
            "set_aside": self.set_aside,
            "drift": asdict(self.drift),
        } | ({} if self.n_settled is None else {"n_settled": self.n_settled})

"""The ledger of the detector that ships: what was mined for each version, what it reached, and whether it replaced.

One JSON object a line, in `benchmarks/shipped/ledger.jsonl`; the lines of a version are written anew by `publish.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tain.core.files import whole_file

Row = dict[str, Any]
LEDGER = Path("benchmarks/shipped/ledger.jsonl")


def write_ledger(file: Path, version: str, *, mined: list[Row], measured: dict[int, Any]) -> None:
    """Add a version, or write its lines again.

    Args:
        file: Made where there is none.
        version: Of the detector.
        mined: What `hard.py` took of each pool.
        measured: What `measure.py` found, by seed.
    """
    before = [row for row in read_ledger(file) if row["version"] != version]
    reached = {"event": "measured", **summary(measured)}
    earlier = [row for row in before if row["event"] == "measured"]
    decision = [{"event": "decided", **decided(earlier[-1], reached)}] if earlier else []
    rows = [*before, *({"version": version, **row} for row in [*mined, reached, *decision])]
    with whole_file(file) as part:
        part.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def read_ledger(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []


def summary(measured: dict[int, Any]) -> Row:
    """Means over the corpora for each seed, and false positives of every pool at the stored point."""
    runs = list(measured.values())
    return {
        "seeds": list(measured),
        "auroc": [mean_of(run, "detector", "auroc") for run in runs],
        "tpr_at_1_fpr": [mean_of(run, "detector", "tpr_at_1_fpr") for run in runs],
        "tpr_at_stored_point": [mean_of(run, "tpr", "rate") for run in runs],
        "fpr_at_stored_point": [mean_of(run, "fpr", "rate") for run in runs],
        "pools_flagged": {name: [run["pools"][name]["k"] for run in runs if run["pools"]] for name in runs[0]["pools"]},
    }


def mean_of(run: Row, part: str, name: str) -> float:
    return round(float(np.mean([row[part][name] for row in run["corpora"].values()])), 4)


def decided(before: Row, now: Row) -> Row:
    """A version replaces the one before if it ranks better and flags no more of the human pools."""
    auroc = [float(np.mean(row["auroc"])) for row in (before, now)]
    flagged = [float(np.mean(np.sum(list(row["pools_flagged"].values()), axis=0))) for row in (before, now)]
    ships = auroc[1] > auroc[0] and flagged[1] <= flagged[0]
    rule = "mean AUROC over corpora and seeds is higher, and the texts flagged in the human pools are no more"
    return {"replaces": ships, "rule": rule, "mean_auroc": auroc, "mean_flagged_in_pools": flagged}

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
MARGIN = 0.001


def write_ledger(file: Path, version: str, *, mined: list[Row], measured: dict[int, Any]) -> bool:
    """Add a version, or write the last one's lines again; the answer is whether it replaces the last that shipped.

    The lines of a version that others came after stay as they are: they say what was known then.

    Args:
        file: Made where there is none.
        version: Of the detector.
        mined: What each round of `tain mine` took, and whether it was kept.
        measured: What `measure.py` found, by seed.
    """
    known = read_ledger(file)
    if known and known[-1]["version"] != version and any(row["version"] == version for row in known):
        return all(row["replaces"] for row in known if row["version"] == version and row["event"] == "decided")
    before = [row for row in known if row["version"] != version]
    reached = {"event": "measured", **summary(measured)}
    refused = {row["version"] for row in before if row["event"] == "decided" and not row["replaces"]}
    shipped = [row for row in before if row["event"] == "measured" and row["version"] not in refused]
    decision = [{"event": "decided", **decided(shipped[-1], reached)}] if shipped else []
    rows = [*before, *({"version": version, **row} for row in [*mined, reached, *decision])]
    with whole_file(file) as part:
        part.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return all(row["replaces"] for row in decision)


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
    """A version replaces the last that shipped if it flags no more of the human pools and ranks as well or better.

    Ranking as well means within .001, the spread of one seed; where as many are flagged, it must rank better.
    """
    auroc = [round(float(np.mean(row["auroc"])), 4) for row in (before, now)]
    pools = [np.array(list(row["pools_flagged"].values())) for row in (before, now)]
    assert all(each.size for each in pools), "no human pool was measured, so nothing can be said of false positives"
    flagged = [round(float(each.sum(axis=0).mean()), 2) for each in pools]
    ranks_better, flags_fewer = auroc[1] > auroc[0], flagged[1] < flagged[0]
    return {
        "replaces": (ranks_better and flagged[1] <= flagged[0]) or (flags_fewer and auroc[1] >= auroc[0] - MARGIN),
        "rule": "of the human pools fewer texts are flagged and mean AUROC over corpora and seeds is at most .001 "
        "lower, or as many and mean AUROC is higher",
        "mean_auroc": auroc,
        "mean_flagged_in_pools": flagged,
        "seeds_with_pools": [each.shape[1] for each in pools],
    }

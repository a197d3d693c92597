"""Put the table of what mining is worth to the detector that ships into a page.

    python scripts/shipped/arms.py build/shipped docs/results/mining.md

`arm.py` measured the arms `without` and `random`; `mined` is the detector that ships. All of them are kept in
`benchmarks/shipped/arms.json`, by seed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ledger import mean_of

from tain.core.files import read_json, whole_file, write_json
from tain.evaluation.intervals import rate

BEGIN, END = "<!-- shipped: begin -->", "<!-- shipped: end -->"
FOLDERS = {"without": "without", "mined": "", "random": "random"}
COLUMNS = ("n-grams", "mean AUROC", "TPR at 1% FPR", "AI found", "human texts flagged", "human pools flagged")
Found = dict[str, Any]


def measured(build: Path) -> dict[str, list[Found]]:
    """What the arms reached with the seeds that every arm was measured with, in their order."""
    names = [{path.name for path in (build / own).glob("measured-*.json")} for own in FOLDERS.values()]
    common = sorted(set.intersection(*names))
    print("measured with every arm:", *common)
    return {arm: [read_json(build / folder / name) for name in common] for arm, folder in FOLDERS.items()}


def cell(values: list[float], form: str) -> str:
    each = ", ".join(f"{value:{form}}" for value in values)
    return f"{np.mean(values):{form}} ({each})"


def flagged(runs: list[Found], rows: Callable[[Found], list[Found]]) -> str:
    """Texts above the stored 1% point, seed by seed, of as many; and the share of the seed that ships."""
    counts = [sum(row["k"] for row in rows(run)) for run in runs]
    n = sum(row["n"] for row in rows(runs[0]))
    first = rate(counts[0], n, of="human texts")
    interval = f"{first.value:.2%}; {first.low:.2%} to {first.high:.2%}"
    return f"{', '.join(map(str, counts))} of {n:,} ({interval})"


def of_corpora(run: Found) -> list[Found]:
    return [row["fpr"] for row in run["corpora"].values()]


def of_pools(run: Found) -> list[Found]:
    return list(run["pools"].values())


def lines(found: dict[str, list[Found]]) -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"|---{'|--:' * (len(COLUMNS) - 1)}|"
    for arm, runs in found.items():
        yield " | ".join(
            [
                f"| {arm}",
                cell([mean_of(run, "detector", "auroc") for run in runs], ".4f"),
                cell([mean_of(run, "detector", "tpr_at_1_fpr") for run in runs], ".3f"),
                cell([mean_of(run, "tpr", "rate") for run in runs], ".3f"),
                flagged(runs, of_corpora),
                f"{flagged(runs, of_pools)} |",
            ]
        )


def main(build: Path, page: Path) -> None:
    found = measured(build)
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{page} has no {BEGIN} and {END}; expected both around the table.")
    with whole_file(page) as part:
        part.write_text(f"{before}{begin}\n{chr(10).join(lines(found))}\n{end}{after}", encoding="utf-8")
    write_json(Path("benchmarks/shipped/arms.json"), found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

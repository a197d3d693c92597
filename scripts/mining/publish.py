"""Put what `outcome.py` and `parts.py` found into docs/results/mining.md; what stands around it is written by hand.

python scripts/mining/publish.py build/mining docs/results/mining.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tain.core.files import read_json, whole_file, write_json

BEGIN, END = "<!-- {name}: begin -->", "<!-- {name}: end -->"
SHOWN = {"held-out texts": ("0.9", "0.75"), "held-out mirrors": ("0.75", "0.5")}
AI = tuple(SHOWN)
SECTIONS = {
    "detectors": "seed-*/measured.json",
    "parts": "seed-*/parts.json",
    "wide": "wide-*/measured.json",
}
Found = dict[str, Any]


def seeds(folder: Path, pattern: str) -> list[Found]:
    return [read_json(path) for path in sorted(folder.glob(pattern))]


def fpr_rows(found: Sequence[Found], ai: str, tpr: str) -> Iterator[list[str]]:
    arms = list(found[0])
    pools = list(found[0][arms[0]]["fpr"][ai][tpr])
    worst = sorted(pools[1:], key=lambda pool: -np.mean([rate(each, arms[0], ai, tpr, pool) for each in found]))
    for pool in (pools[0], *worst):
        yield [
            pool,
            *(cell([rate(each, arm, ai, tpr, pool) for each in found]) for arm in arms),
            counts(found, ai, tpr, pool),
        ]


def rate(found: Found, arm: str, ai: str, tpr: str, pool: str) -> float:
    return float(found[arm]["fpr"][ai][tpr][pool]["rate"])


def counts(found: Sequence[Found], ai: str, tpr: str, pool: str) -> str:
    """Texts flagged of all, over the seeds, arm by arm."""
    cells = [[each[arm]["fpr"][ai][tpr][pool] for each in found] for arm in found[0]]
    return "; ".join(f"{sum(c['k'] for c in own)}/{sum(c['n'] for c in own)}" for own in cells)


def cell(values: Sequence[float], *, form: str = ".2%") -> str:
    spread = f" ± {np.std(values, ddof=1):{form}}" if len(values) > 1 else ""
    return f"{np.mean(values):{form}}{spread}"


def table(head: Sequence[str], rows: Iterator[list[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|---{'|--:' * (len(head) - 1)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def auroc_rows(found: Sequence[Found]) -> Iterator[list[str]]:
    for arm in found[0]:
        dev = [each[arm]["dev"]["mean"] for each in found]
        pools = [[each[arm]["auroc"][ai]["mined pools"] for each in found] for ai in AI]
        yield [arm, cell(dev, form=".3f"), *(cell(values, form=".3f") for values in pools)]


def tests(found: Sequence[Found], ai: str, tpr: str) -> Iterator[str]:
    """What McNemar's test by document says of the mined pools, a seed at a time, where it was asked."""
    pairs = [(arm, before) for arm, measured in found[0].items() for before in measured.get("against", {})]
    for arm, before in pairs:
        own = [each[arm]["against"][before][ai][tpr] for each in found]
        counts = ", ".join(f"{each['mended']} and {each['broken']}" for each in own)
        values = ", ".join(f"{each['p']:.2g}" for each in own)
        yield f"{arm} beside {before}: flagged no more, and flagged now, {counts}; p {values}"


def section(found: Sequence[Found]) -> str:
    parts = [table(["arm", "dev", *(f"mined pools against {ai}" for ai in AI)], auroc_rows(found))]
    for ai, tprs in SHOWN.items():
        for tpr in tprs:
            head = ["human texts of", *found[0], "flagged"]
            title = f"FPR where {float(tpr):.0%} of the {ai} are found:"
            parts += [title, table(head, fpr_rows(found, ai, tpr)), *(f"{line}." for line in tests(found, ai, tpr))]
    return "\n\n".join(parts)


def put(page: str, name: str, text: str) -> str:
    begin, end = BEGIN.format(name=name), END.format(name=name)
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"The page lacks {begin} and {end}.")
    return f"{before}{begin}\n{text}\n{end}{after}"


def main(folder: Path, page: Path) -> None:
    text, kept = page.read_text(encoding="utf-8"), read_json(page.with_suffix(".json"))
    for name, pattern in SECTIONS.items():
        if found := seeds(folder, pattern):  # a part that was not made again stays as it was published
            kept[name] = found
            text = put(text, name, section(found))
    with whole_file(page) as part:
        part.write_text(text, encoding="utf-8")
    write_json(page.with_suffix(".json"), kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

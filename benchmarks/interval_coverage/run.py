"""Simulate the coverage of every interval of a Report: writes results/<version>.json.

python benchmarks/interval_coverage/run.py [N_DRAWS]     default: 2000
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from zlib import crc32

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.interval_coverage import simulation as sim

from tain.core.version import VERSION
from tain.evaluation.bootstrap import Bootstrap
from tain.evaluation.intervals import clopper_pearson, wilson

HERE = Path(__file__).parent
BOOTSTRAP = Bootstrap(400)
Cell = tuple[str, str, float]


def rng_of(name: str) -> np.random.Generator:
    return np.random.default_rng(crc32(name.encode()))


def rates() -> Iterator[Cell]:
    kinds = {"rate: Wilson (the Report's)": wilson, "rate: Clopper-Pearson (for comparison)": clopper_pearson}
    shares = (0.01, 0.05, 0.1, 0.3, 0.5, 0.8, 0.95)
    for n, (kind, interval) in product((100, 300, 1000, 3000), kinds.items()):
        for share, held in zip(shares, sim.exact_coverage(interval, n, shares), strict=True):
            yield kind, f"n={n} p={share}", held
        smooth = np.exp(np.linspace(np.log(5 / n), np.log(0.5), 200))
        yield kind, f"n={n}, mean over p from 5/n to 1/2", float(np.mean(sim.exact_coverage(interval, n, smooth)))


def grouped(n_draws: int) -> Iterator[Cell]:
    for n_groups, share in product((40, 100, 300), (0.05, 0.2, 0.5)):
        name = f"{n_groups} groups of 5, p={share}"
        ours, plain = sim.grouped_rate(rng_of(name), n_draws, n_groups=n_groups, size=5, share=share, likeness=0.3)
        yield "rate in groups (the Report's)", name, ours
        yield "rate in groups, Wilson that knows of none (for comparison)", name, plain


def aurocs(n_draws: int) -> Iterator[Cell]:
    for n, auroc, is_paired in product((50, 100, 250, 500), (0.8, 0.9, 0.95, 0.98, 0.99), (False, True)):
        name = f"{n}+{n} AUROC={auroc}{' pairs' if is_paired else ''}"
        found = sim.auroc_closed(rng_of(name), n_draws, n=n, auroc=auroc, is_paired=is_paired)
        yield "AUROC: DeLong, logit, t (slices)", name, found


def drawn_aurocs(n_draws: int) -> Iterator[Cell]:
    for n, auroc, is_paired in (
        (50, 0.9, True),
        (100, 0.95, False),
        (100, 0.98, True),
        (200, 0.99, False),
        (400, 0.9, True),
    ):
        name = f"{n}+{n} AUROC={auroc}{' pairs' if is_paired else ''}"
        ours, plain = sim.auroc_drawn(rng_of(name), n_draws, BOOTSTRAP, n=n, auroc=auroc, is_paired=is_paired)
        yield "AUROC: bootstrap, logit, t (the Report's)", name, ours
        yield "AUROC: percentile bootstrap (for comparison)", name, plain


def tprs(n_draws: int) -> Iterator[Cell]:
    for (n, target), tpr in product(((300, 0.01), (800, 0.01), (100, 0.05), (300, 0.05)), (0.3, 0.6, 0.9)):
        name = f"{n}+{n} TPR={tpr} at {target} FPR"
        found = sim.tpr_at_fpr(rng_of(name), n_draws, BOOTSTRAP, n=n, target=target, tpr=tpr)
        yield "TPR at fixed FPR: bootstrap (the Report's)", name, found


def differences(n_draws: int) -> Iterator[Cell]:
    for n, pair, is_paired in product((50, 100, 300), ((0.9, 0.85), (0.95, 0.95), (0.98, 0.96)), (False, True)):
        name = f"{n}+{n} {pair[0]} and {pair[1]}{' pairs' if is_paired else ''}"
        held, rejected = sim.auroc_difference(rng_of(name), n_draws, n=n, aurocs=pair, is_paired=is_paired)
        yield "AUROC difference: DeLong, t (the Report's)", name, held
        if pair[0] == pair[1]:
            yield "DeLong's test of equal AUROCs rejects (should be about 5%)", name, rejected


def decisions(n_draws: int) -> Iterator[Cell]:
    for n, fpr, tpr in ((100, 0.05, 0.8), (200, 0.01, 0.6), (400, 0.01, 0.9), (200, 0.1, 0.95)):
        name = f"{n}+{n} FPR={fpr} TPR={tpr}"
        found = sim.decisions(rng_of(name), n_draws, BOOTSTRAP, n=n, fpr=fpr, tpr=tpr)
        for measure, held in found.items():
            yield f"{measure} at a stored point: bootstrap, logit (the Report's)", name, held


def paired(n_draws: int) -> Iterator[Cell]:
    for n, first, second, both in (
        (100, 0.8, 0.7, 0.65),
        (300, 0.6, 0.6, 0.5),
        (300, 0.02, 0.01, 0.005),
        (1000, 0.9, 0.88, 0.85),
    ):
        name = f"n={n} {first} and {second}, both {both}"
        held, rejected = sim.decision_difference(rng_of(name), n_draws, n=n, first=first, second=second, both=both)
        yield "difference of decisions: Bonett-Price (the Report's)", name, held
        if first == second:
            yield "McNemar's test of equal detectors rejects (should be at most 5%)", name, rejected


def prevalences(n_draws: int) -> Iterator[Cell]:
    for n, share, (fpr, tpr) in product((300, 2000), (0.02, 0.1, 0.4, 0.8), ((0.01, 0.6), (0.05, 0.9))):
        name = f"n={n} share={share} FPR={fpr} TPR={tpr}"
        held = sim.prevalence_of(rng_of(name), n_draws, n=n, share=share, fpr=fpr, tpr=tpr, n_known=500)
        yield "prevalence: Lang-Reiczigel", name, held


def summary(cells: list[Cell]) -> dict[str, object]:
    values = np.array([value for _, _, value in cells])
    return {
        "mean": round(float(values.mean()), 4),
        "lowest": round(float(values.min()), 4),
        "highest": round(float(values.max()), 4),
        "cells": {name: round(value, 4) for _, name, value in cells},
        "cells in 94 to 97%": f"{int(((values >= sim.LOW) & (values <= sim.HIGH)).sum())} of {values.size}",
    }


def main() -> None:
    n_draws = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    start = time.process_time()
    parts = [rates(), grouped(n_draws), aurocs(n_draws), differences(n_draws), paired(n_draws), prevalences(n_draws)]
    parts += [drawn_aurocs(n_draws), tprs(n_draws), decisions(n_draws)]
    found: dict[str, list[Cell]] = {}
    for part in parts:
        for cell in part:
            found.setdefault(cell[0], []).append(cell)
            print(f"{cell[2]:.4f}  {cell[0]}: {cell[1]}", flush=True)
    error = (0.95 * 0.05 / n_draws) ** 0.5
    answer = {
        "version": VERSION,
        "n_draws": n_draws,
        "monte carlo standard error": round(error, 4),
        "processor_s": round(time.process_time() - start),
        "intervals": {name: summary(cells) for name, cells in found.items()},
    }
    target = HERE / "results" / f"{VERSION}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What mining did: each detector of a seed on human texts that decided nothing, at fixed true positive rates.

    python scripts/mining/outcome.py ../shared/data build/shipped build/mining/seed-0
    python scripts/mining/outcome.py ../shared/data build/shipped build/mining/wide-0 build/mining/wide

Two sets of AI texts fix the rate: those held out of the corpora that training began with, which also decided rounds,
and the mirrors of passages that no round may touch, which are harder. The human texts: the measurement part of the pool
or, where the corpora of `wide.py` are named, documents that are in no part of it; and pools that no round ever touched.
AUROC on a sample of `data/dev/`, cut as the training texts were.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tain.core.example import Example
from tain.core.files import read_json, write_json
from tain.corpora.excerpts import excerpt
from tain.detector import Detector
from tain.evaluation.intervals import rate
from tain.evaluation.paired import mcnemar
from tain.evaluation.ranking import auroc
from tain.mining.control import MINED, PoolSplit
from tain.mining.decision import threshold_finding
from tain.mining.pool_scores import PoolScores
from tain.recipes.baseline_texts import plain
from tain.recipes.mine.example_file import load_examples
from tain.recipes.mine.scoring import DetectorScorer, score_all

sys.path.insert(0, str(Path(__file__).parents[1] / "shipped"))
from measure import CORPORA, OTHER_POOLS, Known, labelled, pool, unknown
from mined import kept_rounds

MIRRORS = Path(__file__).parent / "mirrors"
N_PER_POOL, N_PER_CLASS, SEED = 300, 100, 0
TPRS = (0.9, 0.75, 0.6, 0.5)
ARMS = {"start": "round-0/detector", "hardest": "round-{n}/detector", "random": "round-{n}/random/detector"}
Scores = NDArray[np.float64]
Flags = dict[tuple[str, float], NDArray[np.bool_]]
Score = Callable[[Sequence[Example], str], Scores]


class Texts:
    """All that is scored, by name; the same for every detector of a seed."""

    def __init__(self, data: Path, shipped: Path, folder: Path, wide: Path | None = None) -> None:
        # The control part chose the rounds to keep; only texts of the measurement part, or of no part, decided nothing.
        self.humans = (
            examples_of(wide / "fresh.parquet") if wide else load_examples(folder / "texts/measurement.parquet")
        )
        self.others = {name: cut(pool(data, name).head(N_PER_POOL)["text"].to_list(), name) for name in OTHER_POOLS}
        valid_ai = load_examples(folder / "texts/valid_ai.parquet")
        mirrors = unmined(examples_of(wide / "mirrors.parquet"), folder) if wide else mirrors_of(self.humans)
        self.ai = {"held-out texts": valid_ai, "held-out mirrors": mirrors}
        known = Known([shipped / "train.parquet", shipped / "calibration.parquet"])
        self.dev = {name: dev(data, name, known) for name in CORPORA}


def examples_of(file: Path) -> list[Example]:
    rows = pl.read_parquet(file, columns=["id", "text", "label", "group", "domain"]).iter_rows(named=True)
    return [Example(**row) for row in rows]


def unmined(mirrors: Sequence[Example], folder: Path) -> list[Example]:
    """Mirrors of documents that no round may touch."""
    settings = read_json(folder / "mining.json")["settings"]
    split = PoolSplit(seed=settings["seed"], shares=settings["mining"]["shares"])
    return [mirror for mirror in mirrors if split.part(mirror.group or mirror.id) != MINED]


def cut(texts: Sequence[str], name: str) -> list[Example]:
    rng = np.random.default_rng(SEED)
    pieces = (excerpt(text, rng, low=50, high=150) for text in plain(texts))
    return [Example(id=f"{name}/{i}", text=piece, label=None) for i, piece in enumerate(pieces)]


def dev(data: Path, name: str, known: Known) -> tuple[list[Example], NDArray[np.bool_]]:
    frame, _ = unknown(labelled(data, name), known)
    frame = frame.group_by("label", maintain_order=True).head(N_PER_CLASS)
    return cut(frame["text"].to_list(), f"dev/{name}"), (frame["label"] == "ai").to_numpy()


def mirrors_of(humans: Sequence[Example]) -> list[Example]:
    parents = {example.id for example in humans}
    rows = (json.loads(line) for file in sorted(MIRRORS.glob("*.jsonl")) for line in file.read_text().splitlines())
    return [Example(id=f"mirror of {r['parent']}", text=r["text"], label="ai") for r in rows if r["parent"] in parents]


def scorer_of(detector: Detector, store: PoolScores) -> Score:
    scorer = DetectorScorer(detector, store)

    def score(examples: Sequence[Example], title: str) -> Scores:
        found = score_all(scorer, examples, store, title=title, is_quiet=False)
        return np.where(np.isnan(found), -1e30, found)  # too short is never flagged

    return score


def measure(scores: Score, texts: Texts) -> tuple[dict[str, Any], Flags]:
    """What a detector does, and which texts of the mined pools it flags at each rate."""
    humans = scores(texts.humans, "pool")
    domains = np.array([example.domain for example in texts.humans])
    by_pool = {name: humans[domains == name] for name in sorted(set(domains))}
    by_pool |= {name: scores(examples, name) for name, examples in texts.others.items()}
    ai = {name: scores(examples, name) for name, examples in texts.ai.items()}
    dev_aurocs = {name: auroc(scores(examples, name), is_ai) for name, (examples, is_ai) in texts.dev.items()}
    measured = {
        "dev": dev_aurocs | {"mean": float(np.mean(list(dev_aurocs.values())))},
        "auroc": {name: both(by_pool, found) for name, found in ai.items()},
        "fpr": {name: {str(tpr): flagged(by_pool, found, tpr) for tpr in TPRS} for name, found in ai.items()},
    }
    return measured, {(name, tpr): humans > finding(found, tpr) for name, found in ai.items() for tpr in TPRS}


def compared(first: Flags, second: Flags, texts: Texts) -> dict[str, dict[str, Any]]:
    """Whether the second flags other texts than the first: McNemar's test by document, two-sided."""
    groups, found = [example.group or example.id for example in texts.humans], {}
    for (ai, tpr), flags in second.items():
        test = mcnemar(~flags, ~first[ai, tpr], groups=groups)
        found.setdefault(ai, {})[str(tpr)] = {
            "mended": test.n_only_first,
            "broken": test.n_only_second,
            "p": test.p_value,
        }
    return found


def both(by_pool: dict[str, Scores], ai: Scores) -> dict[str, float]:
    return {
        name: auroc(np.concatenate([human, ai]), np.arange(human.size + ai.size) >= human.size)
        for name, human in with_all(by_pool).items()
    }


def flagged(by_pool: dict[str, Scores], ai: Scores, tpr: float) -> dict[str, Any]:
    threshold = finding(ai, tpr)
    found = {
        name: rate(int((human > threshold).sum()), human.size, of="texts") for name, human in with_all(by_pool).items()
    }
    return {name: {"k": r.k, "n": r.n, "rate": r.value, "low": r.low, "high": r.high} for name, r in found.items()}


def finding(ai: Scores, tpr: float) -> float:
    return threshold_finding(ai, int(np.ceil(tpr * ai.size)))


def with_all(by_pool: dict[str, Scores]) -> dict[str, Scores]:
    mined = [scores for name, scores in by_pool.items() if name not in OTHER_POOLS]
    return {"mined pools": np.concatenate(mined), **by_pool}


def main(data: Path, shipped: Path, folder: Path, wide: Path | None = None) -> None:
    texts = Texts(data, shipped, folder, wide)
    n = kept_rounds(folder)[-1]
    store, found, flags = PoolScores(folder / "scores.sqlite"), {}, {}
    for arm, place in ARMS.items():
        path = folder / place.format(n=n)
        if path.is_dir():
            scores = scorer_of(Detector.load(path), store)  # what is scored is in the store
            found[arm], flags[arm] = measure(scores, texts)
            found[arm]["against"] = {
                other: compared(flags[other], flags[arm], texts) for other in flags if other != arm
            }
            write_json(folder / "measured.json", found)
    print(json.dumps({arm: (value["dev"]["mean"], value["auroc"]) for arm, value in found.items()}, indent=1))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

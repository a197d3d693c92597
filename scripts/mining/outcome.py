"""What mining did: each detector of a seed on texts that decided nothing, at true positive rates fixed beforehand.

    python scripts/mining/outcome.py ../shared/data build/shipped build/mining/seed-0

Two sets of AI texts fix the rate: those held out of the corpora that training began with, and the mirrors of passages
that judge, which are harder. The human texts: the measurement part of the pool, and pools that no round ever touched.
AUROC on a sample of `data/dev/`, cut as the training texts were.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tain.core.example import Example
from tain.core.files import write_json
from tain.corpora.excerpts import excerpt
from tain.detector import Detector
from tain.evaluation.intervals import rate
from tain.evaluation.ranking import auroc
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
Score = Callable[[Sequence[Example], str], Scores]


class Texts:
    """All that is scored, by name; the same for every detector of a seed."""

    def __init__(self, data: Path, shipped: Path, folder: Path) -> None:
        # The control part chose the rounds to keep; only the measurement part decided nothing.
        self.humans = load_examples(folder / "texts/measurement.parquet")
        self.others = {name: cut(pool(data, name).head(N_PER_POOL)["text"].to_list(), name) for name in OTHER_POOLS}
        valid_ai = load_examples(folder / "texts/valid_ai.parquet")
        self.ai = {"held-out texts": valid_ai, "held-out mirrors": mirrors_of(self.humans)}
        known = Known([shipped / "train.parquet", shipped / "calibration.parquet"])
        self.dev = {name: dev(data, name, known) for name in CORPORA}


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


def measure(scores: Score, texts: Texts) -> dict[str, Any]:
    humans = scores(texts.humans, "pool")
    domains = np.array([example.domain for example in texts.humans])
    by_pool = {name: humans[domains == name] for name in sorted(set(domains))}
    by_pool |= {name: scores(examples, name) for name, examples in texts.others.items()}
    ai = {name: scores(examples, name) for name, examples in texts.ai.items()}
    dev_aurocs = {name: auroc(scores(examples, name), is_ai) for name, (examples, is_ai) in texts.dev.items()}
    return {
        "dev": dev_aurocs | {"mean": float(np.mean(list(dev_aurocs.values())))},
        "auroc": {name: both(by_pool, found) for name, found in ai.items()},
        "fpr": {name: {str(tpr): flagged(by_pool, found, tpr) for tpr in TPRS} for name, found in ai.items()},
    }


def both(by_pool: dict[str, Scores], ai: Scores) -> dict[str, float]:
    return {
        name: auroc(np.concatenate([human, ai]), np.arange(human.size + ai.size) >= human.size)
        for name, human in with_all(by_pool).items()
    }


def flagged(by_pool: dict[str, Scores], ai: Scores, tpr: float) -> dict[str, Any]:
    threshold = threshold_finding(ai, int(np.ceil(tpr * ai.size)))
    found = {
        name: rate(int((human > threshold).sum()), human.size, of="texts") for name, human in with_all(by_pool).items()
    }
    return {name: {"k": r.k, "n": r.n, "rate": r.value, "low": r.low, "high": r.high} for name, r in found.items()}


def with_all(by_pool: dict[str, Scores]) -> dict[str, Scores]:
    mined = [scores for name, scores in by_pool.items() if name not in OTHER_POOLS]
    return {"mined pools": np.concatenate(mined), **by_pool}


def main(data: Path, shipped: Path, folder: Path) -> None:
    texts = Texts(data, shipped, folder)
    n = kept_rounds(folder)[-1]
    store, found = PoolScores(folder / "scores.sqlite"), {}
    for arm, place in ARMS.items():
        path = folder / place.format(n=n)
        if path.is_dir():
            found[arm] = measure(scorer_of(Detector.load(path), store), texts)  # what is scored is in the store
            write_json(folder / "measured.json", found)
    print(json.dumps({arm: (value["dev"]["mean"], value["auroc"]) for arm, value in found.items()}, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))

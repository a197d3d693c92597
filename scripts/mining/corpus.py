"""Make the corpora of the mining study: what is trained on first, and a pool of human texts, some with mirrors.

    python scripts/mining/corpus.py ../shared/data build/shipped build/mining

The start is the paired corpora of `data/train/` and no text of the pools. The pool holds every passage that a mirror
was written for (`scripts/mining/mirrors/`), cut as it was mirrored, and other passages, which judge. Documents that
`scripts/shipped/measure.py` measures on are in neither.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from tain.corpora.lengths import cut_words
from tain.corpora.normalise import LATEST, get_normaliser

sys.path.insert(0, str(Path(__file__).parents[1] / "shipped"))
from corpus import POOL_SHARES, POOLS, SEED, passages, read_source, with_split

MIRRORS = Path(__file__).parent / "mirrors"
LOW, HIGH = 80, 180
N_OTHERS = 650
PER_DOCUMENT = 4


def mirrored() -> dict[str, int]:
    """How many characters of each passage were mirrored, by its id."""
    rows = (json.loads(line) for file in sorted(MIRRORS.glob("*.jsonl")) for line in file.read_text().splitlines())
    return {row["parent"]: row["n_chars"] for row in rows}


def documents(data: Path, name: str) -> pl.DataFrame:
    frame = with_split(read_source(data, "pools", name), POOL_SHARES)
    return passages(frame.filter(pl.col("split") != "measurement").drop("split"))


def parents(frame: pl.DataFrame, n_chars: dict[str, int]) -> Iterator[dict[str, object]]:
    normaliser = get_normaliser(LATEST)
    for row in frame.filter(pl.col("id").is_in(list(n_chars))).iter_rows(named=True):
        yield {**row, "text": normaliser.normalise(row["text"]).text[: n_chars[row["id"]]]}


def others(frame: pl.DataFrame, n_chars: dict[str, int], rng: np.random.Generator) -> Iterator[dict[str, object]]:
    normaliser = get_normaliser(LATEST)
    rest = frame.filter(~pl.col("id").is_in(list(n_chars)), pl.col("text").str.split(" ").list.len() >= LOW)
    few = rest.sample(fraction=1.0, shuffle=True, seed=SEED).group_by("group", maintain_order=True).head(PER_DOCUMENT)
    for row in few.head(N_OTHERS).iter_rows(named=True):
        yield {**row, "text": cut_words(normaliser.normalise(row["text"]).text, rng, low=LOW, high=HIGH)}


def main(data: Path, shipped: Path, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    start = pl.read_parquet(shipped / "train.parquet").filter(~pl.col("source").is_in(list(POOLS)))
    start.write_parquet(output / "train.parquet")
    n_chars, rng = mirrored(), np.random.default_rng(SEED)
    rows = []
    for name in POOLS:
        frame = documents(data, name)
        own = [*parents(frame, n_chars), *others(frame, n_chars, rng)]
        rows += [{**row, "domain": name} for row in own]
        print(name, len(own), "passages,", sum(row["id"] in n_chars for row in own), "with a mirror")
    keep = ("id", "text", "label", "group", "source", "domain", "licence")
    pl.DataFrame(rows).select(keep).write_parquet(output / "pool.parquet")
    print(len(start), "texts to start from,", len(rows), "in the pool")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))

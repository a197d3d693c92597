"""Make the hard texts: passages of the pools that n-grams fitted to the corpus wrongly call AI.

    python scripts/shipped/hard.py ../shared/data build/shipped

Only documents of the pools' training part are looked at, and no passage that shares 13 words in a row with a human text
of `dev/`, whose encyclopedia has the same articles. The n-grams of the detector learn from `hard.parquet` as well. The
other passages are `pool.parquet`, on which rounds of `tain mine` go on.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
from corpus import MIN_WORDS, POOL_SHARES, POOLS, SEED, passages, read_source, with_split
from measure import CORPORA, runs_of

from tain.core.files import whole_file
from tain.corpora.excerpts import training_excerpt
from tain.detector.ngrams import NgramModel
from tain.recipes.baseline_texts import plain
from tain.recipes.preparation import NGRAM_VIEWS

PER_POOL = 12_000
LOW, HIGH = 50, 150


def unused(data: Path, name: str, used: set[str]) -> pl.DataFrame:
    """Passages of a pool's training part that nothing was trained on."""
    frame = with_split(read_source(data, "pools", name), POOL_SHARES).filter(pl.col("split") == "train").drop("split")
    rest = passages(frame).filter(pl.col("text").str.split(" ").list.len() >= MIN_WORDS)
    rest = rest.filter(~pl.col("id").is_in(list(used)))
    return rest.sample(min(len(rest), PER_POOL), shuffle=True, seed=SEED)


def human_runs(data: Path) -> set[int]:
    """The 13-word runs of the human texts that measure."""
    files = [pl.read_parquet(data / "dev" / f"{name}.parquet").filter(pl.col("label") == "human") for name in CORPORA]
    return set().union(*(runs_of(text) for file in files for text in plain(file["text"].to_list())))


def first_ngrams(build: Path) -> NgramModel:
    """What the corpus alone teaches."""
    frame = pl.read_parquet(build / "train.parquet")
    texts = [
        training_excerpt(text, id_, seed=SEED, view=view, low=LOW, high=HIGH)
        for text, id_ in zip(plain(frame["text"].to_list()), frame["id"], strict=True)
        for view in range(NGRAM_VIEWS)
    ]
    return NgramModel.fit(texts, np.repeat((frame["label"] == "ai").to_numpy(), NGRAM_VIEWS), seed=SEED)


def write(frame: pl.DataFrame, file: Path) -> None:
    with whole_file(file) as part:
        frame.sort("id").write_parquet(part)
    print(file, frame.group_by("source").len().sort("source").rows())


def main(data: Path, build: Path) -> None:
    used = set(pl.read_parquet(build / "train.parquet")["id"])
    frame = pl.concat([unused(data, name, used) for name in POOLS])
    measured = human_runs(data)
    frame = frame.filter(pl.Series([not runs_of(text) & measured for text in frame["text"]], dtype=pl.Boolean))
    texts = zip(plain(frame["text"].to_list()), frame["id"], strict=True)
    cuts = [training_excerpt(text, id_, seed=SEED, low=LOW, high=HIGH) for text, id_ in texts]
    is_hard = pl.Series(first_ngrams(build).scores(cuts) > 0)
    write(frame.filter(is_hard), build / "hard.parquet")
    write(frame.filter(~is_hard).with_columns(pl.col("source").alias("domain")), build / "pool.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

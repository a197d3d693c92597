"""Make the corpora of the wide mining study: a far larger pool, stand-ins for mirrors, and texts that judge.

    python scripts/mining/wide.py ../shared/data build/shipped build/mining/wide

The start is that of `corpus.py`. The pool holds passages of documents that `scripts/shipped/measure.py` does not
measure on, `fresh.parquet` passages of those that it does, and neither shares 13 words in a row with a human text of
`dev/`. The stand-ins, `bank.parquet`, are AI texts of the corpora of `data/train/` in groups of no training text.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl

from tain.corpora.excerpts import training_excerpt
from tain.recipes.baseline_texts import plain

sys.path.insert(0, str(Path(__file__).parents[1] / "shipped"))
from bank import stand_ins, write
from corpus import AI_PER_SOURCE, POOL_SHARES, POOLS, SEED, dev_digests, passages, read_source, with_split
from hard import HIGH, LOW, human_runs
from measure import runs_of

MIRRORS = Path(__file__).parent / "mirrors"
PER_POOL, PER_FRESH, PER_BANK = 5000, 500, 2000
MIN_WORDS = 70


def documents(data: Path, name: str) -> pl.DataFrame:
    """Passages of a pool, by whether the documents are those that measure."""
    frame = with_split(read_source(data, "pools", name), POOL_SHARES)
    own = passages(frame).with_columns(pl.lit(name).alias("domain"), is_fresh=pl.col("split") == "measurement")
    return own.filter(pl.col("text").str.split(" ").list.len() >= MIN_WORDS).drop("split")


def some(frame: pl.DataFrame, n: int, measured: set[int]) -> pl.DataFrame:
    """At most n passages, cut to the lengths that training sees."""
    few = frame.sample(min(len(frame), n), shuffle=True, seed=SEED)
    few = few.filter(pl.Series([not runs_of(text) & measured for text in few["text"]], dtype=pl.Boolean))
    texts = zip(plain(few["text"].to_list()), few["id"], strict=True)
    return few.with_columns(
        pl.Series("text", [training_excerpt(t, i, seed=SEED, low=LOW, high=HIGH) for t, i in texts])
    )


def mirrors(passages: pl.DataFrame) -> pl.DataFrame:
    """Every mirror that was written, in the group of its parent."""
    rows = [json.loads(line) for file in sorted(MIRRORS.glob("*.jsonl")) for line in file.read_text().splitlines()]
    frame = pl.DataFrame([{"id": row["parent"], "text": row["text"]} for row in rows])
    found = frame.join(passages.drop("text"), on="id", validate="1:1", maintain_order="left")
    return found.with_columns(pl.format("mirror/{}", "id").alias("id"), pl.lit("ai").alias("label"))


def main(data: Path, shipped: Path, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    write(
        pl.read_parquet(shipped / "train.parquet").filter(~pl.col("source").is_in(list(POOLS))),
        output / "train.parquet",
    )
    measured, known = human_runs(data), dev_digests(data)
    bank = [stand_ins(data, name, split="calibration", known=known, used=set(), n=PER_BANK) for name in AI_PER_SOURCE]
    write(pl.concat(bank), output / "bank.parquet")
    every = {name: documents(data, name) for name in POOLS}
    for file, is_fresh, n in (("pool", False, PER_POOL), ("fresh", True, PER_FRESH)):
        own = [some(frame.filter(is_fresh=is_fresh).drop("is_fresh"), n, measured) for frame in every.values()]
        write(pl.concat(own), output / f"{file}.parquet")
    write(mirrors(pl.concat(every.values()).drop("is_fresh")), output / "mirrors.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))

"""Make the mirrors that the shipped detector learns from, and those that say what came of it.

    python scripts/shipped/mirrors.py ../shared/data build/shipped

All parents lie in the pools' training part. Half of the documents, drawn by hash, go into `mirrors.parquet`: their
mirrors of scripts/mining/mirrors, each beside the passage that it mirrors. `held-mirrors.parquet` has the mirrors of
the other half, which teach nothing, beside human passages of documents of these pools that neither train nor calibrate.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
from corpus import MIN_WORDS, POOL_SHARES, POOLS, SEED, passages, read_source, with_split

from tain.corpora.lengths import cut_words
from tain.corpora.normalise import LATEST, get_normaliser

MIRRORS = Path(__file__).parents[1] / "mining" / "mirrors"
LICENCE = "CC-BY-SA-4.0"
LOW, HIGH, PER_DOCUMENT = 80, 180, 4  # as scripts/mining/corpus.py cut what was mirrored
SHARES = {"taught": 0.5, "held": 0.5}


def mirrors() -> pl.DataFrame:
    rows = [json.loads(line) for file in sorted(MIRRORS.glob("*.jsonl")) for line in file.read_text().splitlines()]
    columns = ("parent", "text", "n_chars", "generator")
    return pl.DataFrame([{name: row[name] for name in columns} for row in rows]).unique("parent", maintain_order=True)


def pool_passages(data: Path) -> pl.DataFrame:
    frames = [with_split(read_source(data, "pools", name), POOL_SHARES) for name in POOLS]
    return pl.concat([passages(frame.filter(pl.col("split") == "train").drop("split")) for frame in frames])


def beside(parents: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Every mirror with its parent's group and domain, and every parent cut as it was mirrored."""
    normaliser = get_normaliser(LATEST)
    joined = parents.join(found.rename({"text": "mirror", "generator": "writer"}), left_on="id", right_on="parent")
    rows = []
    for row in joined.iter_rows(named=True):
        own = {name: row[name] for name in parents.columns}
        passage = normaliser.normalise(row["text"]).text[: row["n_chars"]]
        mirror = {"id": f"mirror/{row['id']}", "text": row["mirror"], "label": "ai", "source": "mirrors"}
        rows.append(own | {"id": f"parent/{row['id']}", "text": passage})
        rows.append(own | mirror | {"generator": row["writer"], "licence": LICENCE})
    frame = pl.DataFrame(rows, schema=parents.schema)
    return frame.filter(pl.col("text").str.split(" ").list.len() >= MIN_WORDS)


def others(data: Path, per_domain: dict[str, int]) -> pl.DataFrame:
    """Human passages of as many words as were mirrored, of documents that train and calibrate nothing."""
    rng, normaliser = np.random.default_rng(SEED), get_normaliser(LATEST)
    found = []
    for name in POOLS:
        frame = with_split(read_source(data, "pools", name), POOL_SHARES).filter(pl.col("split") == "measurement")
        long = passages(frame.drop("split")).filter(pl.col("text").str.split(" ").list.len() >= LOW)
        few = (
            long.sample(fraction=1.0, shuffle=True, seed=SEED).group_by("group", maintain_order=True).head(PER_DOCUMENT)
        )
        texts = [cut_words(normaliser.normalise(text).text, rng, low=LOW, high=HIGH) for text in few["text"]]
        found.append(few.with_columns(text=pl.Series(texts)).select(frame.drop("split").columns).head(per_domain[name]))
    return pl.concat(found)


def main(data: Path, output: Path) -> None:
    both = with_split(beside(pool_passages(data), mirrors()), SHARES)
    taught, held = (both.filter(pl.col("split") == name).drop("split").sort("id") for name in SHARES)
    ai = held.filter(pl.col("label") == "ai")
    sizes = {name: held.filter(pl.col("source") == name).height for name in POOLS}
    for name, part in (("mirrors", taught), ("held-mirrors", pl.concat([ai, others(data, sizes)]))):
        part.write_parquet(output / f"{name}.parquet")
        print(name, part.group_by("source", "label").len().sort("source", "label").rows())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

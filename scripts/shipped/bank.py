"""Make the stand-ins: AI texts of the corpora of `data/train/` that `corpus.py` did not draw.

    python scripts/shipped/bank.py ../shared/data build/shipped

Rounds of `tain mine` put the nearest of them beside each text they mine. They are of the training part of the groups,
so that none is a relative of a text that calibrates.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from corpus import AI_PER_SOURCE, SEED, SHARES, dev_digests, read_source, with_split, without_short_and_known

from tain.core.files import whole_file

PER_SOURCE = 2500


def stand_ins(data: Path, name: str, *, split: str, known: set[str], used: set[str], n: int) -> pl.DataFrame:
    """At most n AI texts of one part of a corpus.

    Args:
        data: Folder of the corpora.
        name: Of the corpus.
        split: train or calibration.
        known: Digests of texts that measure.
        used: Ids of texts that are trained on.
        n: Of those drawn; short ones and those that measure are left out then.
    """
    frame = with_split(read_source(data, "train", name), SHARES)
    ai = frame.filter(pl.col("label") == "ai", pl.col("split") == split, ~pl.col("id").is_in(list(used))).drop("split")
    return without_short_and_known(ai.sample(min(len(ai), n), shuffle=True, seed=SEED), known)


def write(frame: pl.DataFrame, file: Path) -> None:
    """Write texts in the order of their ids, and say how many of each source, in how many groups."""
    with whole_file(file) as part:
        frame.sort("id").write_parquet(part)
    print(file, frame.group_by("source").agg(pl.len(), pl.col("group").n_unique()).sort("source").rows())


def main(data: Path, build: Path) -> None:
    used, known = set(pl.read_parquet(build / "train.parquet")["id"]), dev_digests(data)
    own = [stand_ins(data, name, split="train", known=known, used=used, n=PER_SOURCE) for name in AI_PER_SOURCE]
    write(pl.concat(own), build / "bank.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

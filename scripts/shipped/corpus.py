"""Make the corpora behind the shipped detector: what it trains on, and what its operating points come from.

    python scripts/shipped/corpus.py ../shared/data build/shipped

Groups fall into train, calibration or measurement by a hash, so a mirror never leaves its parent and no human text that
sets a threshold was trained on. Human texts of the pools fill up what the paired corpora lack: encyclopedia, abstracts,
fiction and plain official prose. A text of `dev/` that stands in a training corpus as well is left out here.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import polars as pl

from tain.corpora.normalise import get_normaliser
from tain.corpora.split import assign_split

SEED = 0
MIN_WORDS = 50
SHARES = {"train": 0.8, "calibration": 0.2}
POOL_SHARES = {"train": 0.35, "calibration": 0.25, "measurement": 0.4}
LICENCES = {
    "biscope": "CC-BY-SA-4.0",
    "l2r": "CC-BY-3.0",
    "outfox": "Apache-2.0",
    "gptid_reddit_davinci": "MIT",
    "seqxgpt": "Apache-2.0",
    "wikipedia2014": "CC-BY-SA",
    "arxiv_abstracts_to2019": "CC0-1.0",
    "novels100": "public domain",
    "gov_18f_blog": "CC0-1.0",
}
POOLS = {"wikipedia2014": 2500, "arxiv_abstracts_to2019": 1500, "novels100": 1500, "gov_18f_blog": 1500}
AI_PER_SOURCE = {"biscope": 5000, "l2r": 5500, "outfox": 1300, "gptid_reddit_davinci": 1700, "seqxgpt": 200}
NO_CHAT_MODELS = {"outfox": {"flan_t5_xxl"}, "seqxgpt": {"gpt2", "gptneo", "gptj", "llama"}}
POOL_CALIBRATION = 500
PASSAGE_WORDS = 220


def read_source(data: Path, folder: str, name: str) -> pl.DataFrame:
    frame = pl.read_parquet(data / folder / f"{name}.parquet")
    for column in ("generator", "pair_id", "variant", "domain"):
        if column not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(column))
    frame = frame.with_columns(pl.col("generator").fill_null("human"))
    frame = frame.filter(pl.col("lang") == "en", ~pl.col("generator").is_in(list(NO_CHAT_MODELS.get(name, ()))))
    if name == "seqxgpt":  # the other rows open with human text
        frame = frame.filter(pl.col("variant").is_null())
    return frame.select(
        pl.format("{}/{}", pl.lit(name), pl.col("id").cast(pl.String)).alias("id"),
        "text",
        "label",
        pl.format("{}/{}", pl.lit(name), pl.coalesce("pair_id", pl.col("id").cast(pl.String))).alias("group"),
        pl.lit(name).alias("source"),
        pl.format("{}/{}", pl.lit(name), pl.col("domain").fill_null("mixed")).alias("domain"),
        "generator",
        pl.lit(LICENCES[name]).alias("licence"),
    )


def passages(frame: pl.DataFrame) -> pl.DataFrame:
    """Long documents as several passages of the same group: a few hundred official texts are thousands of passages."""
    rows = []
    for row in frame.iter_rows(named=True):
        words = row["text"].split(" ")
        for index, start in enumerate(range(0, max(1, len(words) - MIN_WORDS), PASSAGE_WORDS)):
            text = " ".join(words[start : start + PASSAGE_WORDS])
            # A passage starts where a sentence does.
            text = text if not index else text.partition(". ")[2]
            rows.append({**row, "id": f"{row['id']}#{index}", "text": text})
    return pl.DataFrame(rows, schema=frame.schema)


def digest(text: str) -> str:
    normal = get_normaliser(1).normalise(text).text.casefold()
    return hashlib.blake2b(normal.encode("utf-8", "replace"), digest_size=12).hexdigest()


def dev_digests(data: Path) -> set[str]:
    return {digest(text) for file in (data / "dev").glob("*.parquet") for text in pl.read_parquet(file)["text"]}


def with_split(frame: pl.DataFrame, shares: dict[str, float]) -> pl.DataFrame:
    split = [assign_split(group, seed=SEED, shares=shares) for group in frame["group"]]
    return frame.with_columns(pl.Series("split", split))


def without_short_and_known(frame: pl.DataFrame, known: set[str]) -> pl.DataFrame:
    enough = frame.filter(pl.col("text").str.split(" ").list.len() >= MIN_WORDS)
    return enough.filter(pl.Series([digest(text) not in known for text in enough["text"]], dtype=pl.Boolean))


def sample(frame: pl.DataFrame, n: int, *, by: str) -> pl.DataFrame:
    """About `n` rows, evenly over the values of a column."""
    values = frame[by].n_unique()
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=SEED)
    return shuffled.group_by(by, maintain_order=True).head(-(-n // max(1, values))).select(frame.columns)


def paired(data: Path, name: str, known: set[str]) -> pl.DataFrame:
    frame = with_split(read_source(data, "train", name), SHARES)
    human = frame.filter(pl.col("label") == "human")
    ai = frame.filter(pl.col("label") == "ai")
    ai = pl.concat(
        [
            sample(ai.filter(pl.col("split") == split), round(AI_PER_SOURCE[name] * share), by="generator")
            for split, share in SHARES.items()
        ]
    )
    return without_short_and_known(pl.concat([human, ai]), known)


def pool(data: Path, name: str) -> pl.DataFrame:
    frame = with_split(read_source(data, "pools", name), POOL_SHARES)
    parts = {"train": POOLS[name], "calibration": POOL_CALIBRATION}
    return pl.concat(
        [
            sample(passages(sample(frame.filter(pl.col("split") == split), n, by="source")), n, by="source")
            for split, n in parts.items()
        ]
    ).filter(pl.col("text").str.split(" ").list.len() >= MIN_WORDS)


def main(data: Path, output: Path) -> None:
    known = dev_digests(data)
    frame = pl.concat([paired(data, name, known) for name in AI_PER_SOURCE] + [pool(data, name) for name in POOLS])
    output.mkdir(parents=True, exist_ok=True)
    for split in SHARES:
        part = frame.filter(pl.col("split") == split).drop("split").sort("id")
        part.write_parquet(output / f"{split}.parquet")
        print(split, part.group_by("source", "label").len().sort("source", "label").rows())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""The corpora of `data/` as plain labelled files for a study.

    python scripts/studies/corpora.py ../shared/data build/studies

English rows labelled human or ai; AI texts of chat models only, and none that open with human text. A NUL byte that
imbd holds is removed: readers refuse it. A generator has one name in all corpora, or half of it would be trained on
where it is held out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

FILES = {
    "train": ("biscope", "l2r", "outfox", "gptid_reddit_davinci"),
    "dev": ("fastdetectgpt", "glimpse", "imbd", "detectrl", "mixset", "mindner_multiling"),
}
BASE_MODELS = r"(?i)gpt-?2|gpt-?neo|gpt-?j|opt|gpt3-|flan|^davinci$"
NAMES = {
    "gpt-3.5-turbo": ("ChatGPT", "chatgpt", "ChatGPT-turbo", "gpt-3.5-chatgpt", "GPT-3-Turbo"),
    "text-davinci-003": ("davinci-003", "text_davinci_003"),
    "gpt-4": ("GPT4",),
    "gpt-4o": ("GPT-4o",),
    "gemini-1.5-pro": ("Gemini-1.5-Pro",),
    "claude-3-opus": ("claude-3-opus-20240229",),
    "claude-3-sonnet": ("claude-3-sonnet-20240229",),
}
NAME_OF = {other: name for name, others in NAMES.items() for other in others}
COLUMNS = ("id", "text", "label", "group", "domain", "generator")


def plain(file: Path) -> pl.DataFrame:
    frame = pl.read_parquet(file)
    for column in ("generator", "pair_id", "domain"):
        if column not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(column))
    is_ai = pl.col("label") == "ai"
    is_base = pl.col("generator").fill_null("").str.contains(BASE_MODELS)
    frame = frame.filter(pl.col("lang") == "en", pl.col("label").is_in(["human", "ai"]), ~(is_ai & is_base))
    return frame.with_columns(
        pl.col("id").cast(pl.String),
        pl.col("text").str.replace_all("\x00", "", literal=True),
        pl.coalesce(pl.col("pair_id").cast(pl.String), pl.col("id").cast(pl.String)).alias("group"),
        pl.col("generator").fill_null("human").replace(NAME_OF),
    ).select(COLUMNS)


def main(data: Path, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    for folder, names in FILES.items():
        for name in names:
            frame = plain(data / folder / f"{name}.parquet")
            frame.write_parquet(output / f"{name}.parquet")
            print(name, frame.group_by("label").len().sort("label").rows(), sorted(frame["generator"].unique()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

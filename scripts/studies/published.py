"""Our detectors on the Fast-DetectGPT test files, beside the AUROC that others published on them.

    python scripts/studies/published.py ../shared/data docs/results/fast-detectgpt.md

150 human and 150 AI texts a file, as the authors released them. Human texts end mid-sentence and AI texts do not, which
a detector can use without knowing anything of authorship; so every file is measured twice, as released and with every
text ended at its last whole sentence. Texts under 50 words get no score, and are counted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tain.core.files import whole_file, write_json
from tain.detector import Detector
from tain.evaluation.delong import auroc_with_interval
from tain.recipes.baseline_texts import plain
from tain.recipes.evaluate import score_all, scores_of

DOMAINS = ("xsum", "writing", "pubmed")
GENERATORS = ("gpt-3.5-turbo", "gpt-4")
MIN_WORDS = 50
# AUROC as printed in the result files of github.com/baoguangsheng/fast-detect-gpt: XSum, Writing, PubMed, each GPT-3.5
# and GPT-4. Nothing here was run again.
PUBLISHED = {
    "Fast-DetectGPT (GPT-J + Neo-2.7B)": (0.991, 0.907, 0.992, 0.961, 0.902, 0.850),
    "Likelihood (Neo-2.7B)": (0.958, 0.798, 0.974, 0.855, 0.878, 0.810),
    "LogRank (Neo-2.7B)": (0.958, 0.798, 0.966, 0.829, 0.869, 0.800),
    "DNA-GPT": (0.912, 0.735, 0.943, 0.803, 0.796, 0.757),
    "LRR (T5-11B)": (0.916, 0.745, 0.896, 0.703, 0.743, 0.681),
    "RoBERTa-base (OpenAI)": (0.915, 0.678, 0.708, 0.507, 0.619, 0.531),
    "RoBERTa-large (OpenAI)": (0.851, 0.688, 0.548, 0.382, 0.673, 0.607),
}


def file_of(frame: pl.DataFrame, domain: str, generator: str) -> pl.DataFrame:
    """The AI texts of one released file and their human twins."""
    ai = frame.filter(pl.col("domain") == domain, pl.col("generator") == generator)
    twins = frame.filter(pl.col("label") == "human", pl.col("pair_id").is_in(ai["pair_id"].implode()))
    return pl.concat([twins.unique("pair_id", maintain_order=True), ai])


def measured(scores: NDArray[np.float64], is_ai: NDArray[np.bool_], pairs: NDArray[Any]) -> dict[str, Any]:
    kept = ~np.isnan(scores)
    labels = is_ai[kept]
    found = auroc_with_interval(scores[kept], labels, groups=pairs[kept])
    return {
        "auroc": found.value,
        "low": found.low,
        "high": found.high,
        "n_human": int((~labels).sum()),
        "n_ai": int(labels.sum()),
        "n_too_short": int((~kept).sum()),
    }


def main(data: Path, output: Path) -> None:
    frame = pl.read_parquet(data / "dev" / "fastdetectgpt.parquet")
    detector = Detector.load()
    found: dict[str, dict[str, Any]] = {"as released": {}, "ended at a sentence": {}}
    for domain in DOMAINS:
        for generator in GENERATORS:
            rows = file_of(frame, domain, generator)
            is_ai = (rows["label"] == "ai").to_numpy()
            pairs = rows["pair_id"].to_numpy()
            texts = rows["text"].to_list()
            for name, own in (("as released", texts), ("ended at a sentence", plain(texts, min_words=MIN_WORDS))):
                found[name][f"{domain} {generator}"] = measured(scores_of(score_all(detector, own)), is_ai, pairs)
    write_json(output.with_suffix(".json"), found)
    with whole_file(output) as part:
        part.write_text(page(found), encoding="utf-8")
    print(json.dumps(found, indent=1))


def page(found: dict[str, dict[str, Any]]) -> str:
    names = [f"{domain} {generator}" for domain in DOMAINS for generator in GENERATORS]
    lines = [
        "# The Fast-DetectGPT test files",
        "",
        "AUROC with its 95% interval. Made by `python scripts/studies/published.py ../shared/data "
        "docs/results/fast-detectgpt.md` with the detector that ships. The rows marked *published* were printed by the "
        "authors of Fast-DetectGPT; nobody ran them again here, and their models read 2.7 to 11 thousand million "
        "parameters where ours reads 22.7 million.",
        "",
        "| detector | " + " | ".join(names) + " |",
        "|---|" + "--:|" * len(names),
    ]
    for name, row in found.items():
        cells = [f"{row[n]['auroc']:.3f} ({row[n]['low']:.3f} to {row[n]['high']:.3f})" for n in names]
        lines.append(f"| **tain-minilm, {name}** | " + " | ".join(cells) + " |")
    for name, values in PUBLISHED.items():
        lines.append(f"| {name}, *published* | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    lines += ["", "Texts measured (human / AI), and those left out because they have fewer than 50 words:", ""]
    lines += ["| file | as released | too short | ended at a sentence | too short |", "|---|--:|--:|--:|--:|"]
    for n in names:
        one, two = (found[name][n] for name in ("as released", "ended at a sentence"))
        counts = [f"{x['n_human']} / {x['n_ai']} | {x['n_too_short']}" for x in (one, two)]
        lines.append(f"| {n} | " + " | ".join(counts) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

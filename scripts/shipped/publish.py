"""Put the detector of seed 0 where it ships from, with what was measured on its card; print the spread over the seeds.

    python scripts/shipped/publish.py build/shipped src/tain/detector/shipped

Seed 0 ships whatever the others reached: choosing the best of three by the table would make the table too good.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tain.core.files import write_json
from tain.detector import Detector
from tain.detector.settings import CorpusResult, PoolRate, Summary

SEEDS = (0, 1, 2)
BASELINE = "TF-IDF of character 2-4-grams with logistic regression, trained on the same rows"


def main(build: Path, shipped: Path) -> None:
    measured = {
        seed: json.loads(path.read_text()) for seed in SEEDS if (path := build / f"measured-{seed}.json").is_file()
    }
    summary = Summary(
        corpora=tuple(corpus_result(name, row) for name, row in measured[0]["corpora"].items()),
        pools=tuple(pool_rate(name, row) for name, row in measured[0]["pools"].items()),
        baseline=BASELINE,
        notes=(
            "English texts of 50 words or more, normalised, ended at their last whole sentence on both sides; a sample "
            "of each corpus. None of these corpora trained or calibrated the detector; of wikipedia2014, "
            "arxiv_abstracts_to2019, novels100 and gov_18f_blog other texts did.",
            spread(measured),
        ),
    )
    detector = Detector.load(build / "detector-0")
    detector.described(about=detector.settings.about, summary=summary, report=measured[0]).save(shipped)
    write_json(Path("benchmarks/shipped/results.json"), {str(seed): value for seed, value in measured.items()})
    print(spread(measured))


def corpus_result(name: str, row: dict[str, Any]) -> CorpusResult:
    return CorpusResult(
        name=name,
        n_human=row["n_human"],
        n_ai=row["n_ai"],
        auroc=row["detector"]["auroc"],
        tpr=row["tpr"]["rate"],
        fpr=row["fpr"]["rate"],
        baseline_auroc=row["tfidf"]["auroc"],
    )


def pool_rate(name: str, row: dict[str, Any]) -> PoolRate:
    return PoolRate(name=name, n=row["n"], n_flagged=row["k"], low=row["low"], high=row["high"])


def spread(measured: dict[int, Any]) -> str:
    values = np.array([value["macro_auroc"]["detector"] for value in measured.values()])
    tfidf = measured[0]["macro_auroc"]["tfidf"]
    deviation = f", standard deviation {values.std(ddof=1):.4f}" if len(values) > 1 else ""
    each = ", ".join(f"{value:.4f}" for value in values)
    mean = f"mean {values.mean():.4f}{deviation}"
    return f"Mean AUROC over the corpora, for seeds {list(measured)}: {each} ({mean}); TF-IDF {tfidf:.4f}."


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

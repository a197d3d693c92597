"""Time the attacks on 500 real texts: benchmarks/attacks/run.py [DATA] writes results/<version>.json."""

import json
import os
import platform
import resource
import sys
import time
from pathlib import Path

import polars as pl

import tain
from tain.evaluation.attacks.registry import LOCAL
from tain.evaluation.attacks.suite import attack_all

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data" / "dev" / "detectrl.parquet"
N_TEXTS = 500
LIMIT_S = 30


def read_texts(path: Path) -> dict[str, list[str]]:
    """As many human as AI texts.

    Args:
        path: Parquet with the columns text, label and lang.
    """
    rows = pl.read_parquet(path).filter(pl.col("lang") == "en")
    halves = (rows.filter(pl.col("label") == label).sample(N_TEXTS // 2, seed=0) for label in ("human", "ai"))
    return {half["label"][0]: half["text"].to_list() for half in halves}


def measure(name: str, texts: list[str], donors: list[str]) -> dict[str, float]:
    """Times and edits of one attack.

    Args:
        name: Of the attack.
        texts: To attack.
        donors: For the splice.
    """
    wall, processor = time.perf_counter(), time.process_time()
    (attacked,) = attack_all(texts, [name], seed=0, donors=donors).values()
    return {
        "wall_s": round(time.perf_counter() - wall, 3),
        "processor_s": round(time.process_time() - processor, 3),
        "n_edits": sum(each.n_edits for each in attacked),
        "n_texts_changed": sum(each.n_edits > 0 for each in attacked),
    }


def main() -> None:
    """Measure everything and write the result."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    if not path.is_file():
        print(f"Skipped: {path} is absent. Name a Parquet file with text, label and lang.")
        return
    halves = read_texts(path)
    texts = [*halves["human"], *halves["ai"]]
    load = round(os.getloadavg()[0], 1)
    results = {name: measure(name, texts, halves["human"]) for name in (*LOCAL, "sentence_splice")}
    total = {key: round(sum(each[key] for each in results.values()), 2) for key in ("wall_s", "processor_s")}
    answer = {
        "version": tain.__version__,
        "python": platform.python_version(),
        "machine": {"processor": platform.machine(), "n_cores": os.cpu_count(), "load": load},
        "n_texts": len(texts),
        "n_words": sum(len(text.split()) for text in texts),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "total": total | {"limit_s": LIMIT_S},
        "attacks": results,
    }
    target = HERE / "results" / f"{tain.__version__}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    for name, times in (results | {"all": total}).items():
        print(f"{name:<24} {times['wall_s']:6.2f} s wall {times['processor_s']:6.2f} s processor")
    if total["wall_s"] > LIMIT_S:
        raise SystemExit(f"All attacks together took {total['wall_s']} s; the limit is {LIMIT_S} s (load {load}).")


if __name__ == "__main__":
    main()

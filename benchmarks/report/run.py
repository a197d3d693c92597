"""Time a whole Report: benchmarks/report/run.py writes results/<version>.json.

python benchmarks/report/run.py            measure in a fresh process
python benchmarks/report/run.py --inside   do the work (what is measured)
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
N_TEXTS, N_DRAWS = 20_000, 2_000
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def work(folder: Path) -> None:
    """Make scores, and a Report of everything in them."""
    import numpy as np

    from tain.evaluation.attacked import attack_table
    from tain.evaluation.drift import drift_of, score_shift
    from tain.evaluation.html import write_html
    from tain.evaluation.parts import Stretch, WorstText, WorstTexts
    from tain.evaluation.report import evaluate_scores
    from tain.evaluation.thresholds import fit_operating_points

    rng = np.random.default_rng(0)
    is_ai = np.arange(N_TEXTS) % 2 == 1
    scores = rng.normal(size=N_TEXTS) + 2.5 * is_ai
    known = rng.normal(size=3_000)
    points = fit_operating_points(known).points
    sizes = {"length": 5, "domain": 8, "generator": 12, "language": 6, "year": 10, "era": 2, "source": 20, "attack": 12}
    slices = {name: [f"{name} {i}" for i in rng.integers(n, size=N_TEXTS)] for name, n in sizes.items()}
    start = time.process_time()
    report = evaluate_scores(
        scores,
        is_ai,
        operating_points=points,
        groups=[f"pair {i // 2}" for i in range(N_TEXTS)],
        slices=slices,
        baseline_scores={f"other {i}": scores + rng.normal(size=N_TEXTS) * i for i in (1, 2)},
        baseline_thresholds={"other 1": {point.target_fpr: point.threshold for point in points}},
        probabilities=1 / (1 + np.exp(1.2 - scores)),
        n_draws=N_DRAWS,
    )
    scored = time.process_time()
    attacks = {f"attack {i}": scores - 0.1 * i * is_ai for i in range(11)}
    windows = tuple(Stretch(start=i * 500, end=i * 500 + 500, score=2.0, is_above=True) for i in range(10))
    worst = tuple(
        WorstText(id=str(i), score=3.0, n_words=900, properties={}, text="word " * 1000, n_chars=5000, windows=windows)
        for i in range(20)
    )
    parts = {
        "attacks": attack_table(scores, attacks, is_ai, points=points),
        "drift": drift_of([score_shift(scores[~is_ai], known)]),
        "worst": WorstTexts(threshold=2.0, n_false_positives=90, n_misses=90, false_positives=worst, misses=worst),
    }
    report = report.model_copy(update=parts)
    joined = time.process_time()
    report.save(folder / "report.json")
    write_html(report, folder / "report.html")
    written = time.process_time()
    steps = {
        "scores to Report": scored - start,
        "attacks and drift": joined - scored,
        "JSON and HTML": written - joined,
    }
    print(json.dumps({name: round(seconds, 2) for name, seconds in steps.items()}))


def main() -> None:
    import tain

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        command = [sys.executable, __file__, "--inside", folder]
        made = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | ONE_THREAD)
        wall = time.perf_counter() - start
        sizes = {file.name: file.stat().st_size for file in sorted(Path(folder).iterdir())}
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = {
        "version": tain.__version__,
        "python": platform.python_version(),
        "n_texts": N_TEXTS,
        "n_draws": N_DRAWS,
        "load": round(os.getloadavg()[0], 1),
        "wall_s": round(wall, 1),
        "processor_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
        "steps_processor_s": json.loads(made.stdout.splitlines()[-1]),
        "size_bytes": sizes,
    }
    target = HERE / "results" / f"{tain.__version__}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    if "--inside" in sys.argv:
        work(Path(sys.argv[-1]))
    else:
        main()

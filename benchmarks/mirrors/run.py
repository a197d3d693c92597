"""Kill `tain mirror` five times behind a failing endpoint: benchmarks/mirrors/run.py writes results/<version>.json.

python benchmarks/mirrors/run.py                made-up answers, then a real server
python benchmarks/mirrors/run.py --n-parents 200
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from tests.conftest import SHARED_DATA  # noqa: E402
from tests.mirror_kills import RATES, KilledRuns, Ordeal, check, run_with_kills  # noqa: E402
from tests.stories import SOURCE, convert_stories  # noqa: E402
from tests.story_server import end_at_paragraphs, story_ordeal, story_server  # noqa: E402

N_KILLS = 5
# Long, so that a busy machine does not look like a slow endpoint.
MADE_UP = Ordeal(replace(RATES, slow_s=60), timeout_s=30)
REAL_TIMEOUT_S = 600


def made_up(folder: Path, n_parents: int) -> dict[str, object]:
    """Against answers that are made up at once."""
    return described(run_with_kills(folder, n_parents=n_parents, n_kills=N_KILLS, ordeal=MADE_UP))


def real(folder: Path, n_parents: int) -> dict[str, object]:
    """Against a language model that writes."""
    model = end_at_paragraphs(convert_stories(SHARED_DATA, folder / "stories260K"))
    start = time.perf_counter()
    with story_server(model, folder / "server.log") as address:
        start_s = time.perf_counter() - start
        ordeal = story_ordeal(address, model, folder, timeout_s=REAL_TIMEOUT_S, slow=0.02, slow_s=5)
        runs = run_with_kills(folder, n_parents=n_parents, n_kills=N_KILLS, ordeal=ordeal)
    return {"server": f"transformers serve {version('transformers')}", "start_s": round(start_s, 1), **described(runs)}


def described(runs: KilledRuns) -> dict[str, object]:
    """Counts, once everything that was promised has been found to hold."""
    return {
        "faults": asdict(runs.ordeal.faults),
        "timeout_s": runs.ordeal.timeout_s,
        "concurrency": runs.concurrency,
        **check(runs),
        "wall_s": round(runs.wall_s, 1),
        "processor_s_of_tain": round(runs.cpu_s, 1),
        "last_words": runs.outputs[-1].strip().splitlines()[:3],
    }


def main() -> None:
    import tain

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-parents", type=int, default=2000)
    parser.add_argument("--output", type=Path, default=HERE / "results" / f"{tain.__version__}.json")
    arguments = parser.parse_args()
    answer: dict[str, object] = {
        "version": tain.__version__,
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }
    parts = {"made_up": made_up} | ({"real": real} if (SHARED_DATA / SOURCE).is_dir() else {})
    for name, part in parts.items():
        with tempfile.TemporaryDirectory() as folder:
            answer[name] = part(Path(folder), arguments.n_parents)
        print(json.dumps({name: answer[name]}, indent=1), flush=True)
    arguments.output.parent.mkdir(exist_ok=True)
    arguments.output.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What the mined passages are worth: the detector of a seed without them, or with as many random ones in their place.

    python scripts/shipped/arm.py ../shared/data build/shipped random 0

The network is that of the seed; the n-grams are fitted anew to the corpus, and to as many random passages of each pool
as `hard.parquet` has of it, or to none (`without`). `build/shipped/random` or `without` is then a folder as `build.py`
and `measure.py` read it, and `measured-0.json` in it what the arm reached.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import polars as pl
from build import main as build_detector
from corpus import SEED
from hard import write
from measure import main as measure
from mined import trained

from tain.detector import Detector
from tain.recipes.configuration import read_config
from tain.recipes.mine.ngram_rounds import refit

ARMS = ("without", "random")
SAME = ("train.parquet", "calibration.parquet", "held-mirrors.parquet")


def random_passages(build: Path) -> pl.DataFrame:
    """As many passages of each pool as were mined there, drawn from all that mining looked at."""
    hard = pl.read_parquet(build / "hard.parquet")
    seen = pl.concat([hard, pl.read_parquet(build / "pool.parquet").select(hard.columns)]).sort("id")
    n_of = dict(hard.group_by("source").len().sort("source").iter_rows())
    return pl.concat([seen.filter(pl.col("source") == name).sample(n, seed=SEED) for name, n in n_of.items()])


def main(data: Path, build: Path, arm: str, seed: int) -> None:
    folder = build / arm
    folder.mkdir(exist_ok=True)
    for name in SAME:
        shutil.copyfile(build / name, folder / name)
    further = folder / "hard.parquet"
    if arm == "random" and not further.exists():
        write(random_passages(build), further)
    own = {"seed": seed, "corpus.ngram_train": (str(further),) if further.exists() else ()}
    config = read_config(Path("scripts/shipped/detector.toml"), flags=own)
    refit(Detector.load(build / f"detector-{seed}"), config, [], trained(folder, seed))
    build_detector(folder, seed)
    measure(data, folder, seed, has_pools=True)


if __name__ == "__main__":
    if sys.argv[3] not in ARMS:
        raise SystemExit(f"{sys.argv[3]} is no arm; expected {' or '.join(ARMS)}.")
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))

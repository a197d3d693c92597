"""What each part of mining contributes: the n-grams of the detector alone, fitted with and without each of them.

    python scripts/mining/parts.py ../shared/data build/shipped build/mining/seed-0

The texts are those that the rounds of `tain mine` chose. A network would take an hour for each arm; the linear model
takes a minute, and has most of the detector's voice.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from outcome import Scores, Texts, kept_rounds, measure

from tain.core.example import Example
from tain.core.files import write_json
from tain.corpora.excerpts import excerpt
from tain.detector.ngrams import NgramModel
from tain.recipes.baseline_texts import plain
from tain.recipes.mine.example_file import load_examples

SEED = 0


def added(folder: Path) -> list[Example]:
    return load_examples(folder / "added/added.parquet")


def humans(examples: Iterable[Example]) -> list[Example]:
    return [example for example in examples if example.label == "human"]


def fitted(examples: Sequence[Example]) -> NgramModel:
    rng = np.random.default_rng(SEED)
    texts = [excerpt(text, rng, low=50, high=150) for text in plain([example.text for example in examples])]
    return NgramModel.fit(texts, [example.label == "ai" for example in examples])


def scores(model: NgramModel, examples: Sequence[Example]) -> Scores:
    return model.scores(plain([example.text for example in examples])).astype(np.float64)


def main(data: Path, shipped: Path, folder: Path) -> None:
    texts, start = Texts(data, shipped, folder), load_examples(folder / "texts/train.parquet")
    rounds = [folder / f"round-{n}" for n in kept_rounds(folder) if n]
    if not rounds:
        raise SystemExit(f"{folder}: no round was kept, so there are no parts to tell apart.")
    hardest, random = [e for place in rounds for e in added(place)], added(rounds[-1] / "random")
    arms = {
        "start": [],
        "hardest with mirrors": hardest,
        "random with mirrors": random,
        "hardest without mirrors": humans(hardest),
        "random without mirrors": humans(random),
    }
    found = {}
    for name, more in arms.items():
        model = fitted([*start, *more])
        found[name], _ = measure(lambda examples, title, model=model: scores(model, examples), texts)
        write_json(folder / "parts.json", found)
        print(name, found[name]["dev"]["mean"], {k: v["mined pools"] for k, v in found[name]["auroc"].items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))

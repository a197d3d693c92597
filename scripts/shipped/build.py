"""From a training or a mining to the detector that ships: operating points on texts that trained and decided nothing.

python scripts/shipped/build.py build/shipped 0
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from mined import classifier, for_ngrams, is_mined, taught

from tain.core.example import Corpus
from tain.corpora.excerpts import excerpt
from tain.corpora.normalise import LATEST, get_normaliser
from tain.corpora.reading import read_corpus
from tain.detector import Detector
from tain.detector.settings import About, DataSource

HARD = "human only; some, which were mined for what was called AI, teach the n-grams alone"
NOTES = {
    "biscope": "Yelp, creative writing, arXiv, essays; Claude 3, Gemini 1.0 Pro, GPT-3.5, GPT-4 Turbo",
    "l2r": "20 domains, rewrites of human text; GPT-4o, Gemini 1.5 Pro, Llama-3-70B, GPT-3.5",
    "outfox": "student essays; ChatGPT, davinci-003; attacks by DIPPER and OUTFOX included",
    "gptid_reddit_davinci": "Reddit ELI5; davinci-003",
    "seqxgpt": "mixed; GPT-3.5 rows only",
    "wikipedia2014": "human only",
    "arxiv_abstracts_to2019": "human only",
    "novels100": "human only",
    "gov_18f_blog": "human only",
    "mirrors": "mirrors of pool passages by Claude, November 2026; they teach the n-grams alone",
}
VERSIONS = {"trained": "2", "mined": "6"}  # 3 to 5 were mined and refused
LIMITS = (
    "English prose of 50 words or more. Code, poetry, tables and other languages were not measured or do badly.",
    "Trained on models of 2022 to 2024; newer ones write otherwise, and the share found may be lower.",
    "The false positive rate holds for texts like the calibration texts. On other kinds it may be several times "
    "higher; calibrate with 300 or more texts of your own.",
    "Human text edited by a model and AI text edited by a person fall anywhere between.",
    "A network of 22.7 million parameters and 125,000 n-grams: it misses many AI texts at a low false positive rate.",
)
CALIBRATION_WORDS = (50, 200)
N_AI = 800  # for the slope of the probabilities; thresholds come from human texts alone


def excerpts(corpus: Corpus, *, seed: int) -> Corpus:
    """The texts at the lengths that training saw, so that long novels do not set the threshold alone."""
    from dataclasses import replace

    rng = np.random.default_rng(seed)
    normaliser = get_normaliser(LATEST)
    low, high = CALIBRATION_WORDS
    cut = (replace(e, text=excerpt(normaliser.normalise(e.text).text, rng, low=low, high=high)) for e in corpus)
    return Corpus(tuple(cut))


def note(name: str, use: str, *, hard: set[str]) -> str:
    return HARD if use == "training" and name in hard else NOTES.get(name, "")


def about(train: Corpus, calibration: Corpus, *, hard: set[str], version: str) -> About:
    sources = []
    for use, corpus in (("training", train), ("calibration", calibration)):
        for name in sorted({example.source or "" for example in corpus}):
            own = [example for example in corpus if example.source == name]
            n_ai = sum(example.label == "ai" for example in own)
            licence = own[0].licence or "not stated"
            told = note(name, use, hard=hard)
            sources.append(
                DataSource(name=name, use=use, licence=licence, n_human=len(own) - n_ai, n_ai=n_ai, note=told)
            )
    return About(
        name="tain-minilm",
        version=version,
        description="LoRA of rank 12 on every linear layer and the token embeddings of all-MiniLM-L6-v2, and a linear "
        "model of n-grams whose score is added: it ships with tain and is small enough to run anywhere.",
        licence="CC-BY-SA-4.0",
        data=tuple(sources),
        recipe="make shipped DATA=../shared/data",
        limits=LIMITS,
    )


def main(build: Path, seed: int) -> None:
    calibration = read_corpus([build / "calibration.parquet"])
    cut = excerpts(calibration, seed=0)
    texts = {label: [e.text for e in cut if e.label == label] for label in ("human", "ai")}
    further = for_ngrams(build, seed)
    hard = {example.source or "" for example in (read_corpus(further) if further else ()) if example.label == "human"}
    detector = Detector.build(
        classifier(build, seed),
        human=texts["human"],
        ai=texts["ai"][:: max(1, len(texts["ai"]) // N_AI)],
        about=about(
            read_corpus(taught(build, seed)),
            calibration,
            hard=hard,
            version=VERSIONS["mined" if is_mined(build, seed) else "trained"],
        ),
    ).save(build / f"detector-{seed}")
    for point in detector.calibration.record.points:
        print(point)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

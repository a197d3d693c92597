"""The table in the model card: a detector on corpora it never saw, beside TF-IDF with logistic regression.

    python scripts/shipped/measure.py ../shared/data build/shipped 0

English texts of 50 words or more, ended at their last whole sentence on both sides: several corpora cut their human
texts mid-sentence and their AI texts not, which would give the label away. A sample of each corpus, drawn by seed.

Texts that share three tenths of their 13-word runs with a training or calibration text are left out and counted: a few
human texts of these corpora stand in the training corpora too, whole or in part.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from corpus import POOL_SHARES, SEED
from mined import taught
from numpy.typing import NDArray

from tain.core.files import write_json
from tain.core.progress import progress
from tain.corpora.excerpts import excerpt
from tain.corpora.split import assign_split
from tain.detector import Detector
from tain.detector.reader import Reader
from tain.detector.reading import Reading
from tain.evaluation.baselines import Baseline, build_baseline
from tain.evaluation.bootstrap import Bootstrap, paired_difference, ranking_draws
from tain.evaluation.delong import compare_aurocs
from tain.evaluation.intervals import rate
from tain.evaluation.ranking import auroc, tpr_at_fpr
from tain.evaluation.report import evaluate_scores
from tain.evaluation.schema import Report
from tain.recipes.baseline_texts import plain

N_PER_CLASS = 600
N_PER_POOL = 500
MIN_WORDS = 50
CHAT_ONLY = {"fastdetectgpt": ["gpt-3.5-turbo", "gpt-4"]}
CORPORA = ("fastdetectgpt", "glimpse", "imbd", "detectrl", "mixset", "mindner_multiling")
TRAINED_POOLS = ("wikipedia2014", "arxiv_abstracts_to2019", "novels100", "gov_18f_blog")
OTHER_POOLS = ("newsgroups20", "persuade_essays", "blogs2004")
TARGET = 0.01
BASELINE = "tfidf-logistic"
RANKED = ("detector", "network", "ngrams", "tfidf")
WORD = re.compile(r"\w+")
RUN_WORDS, MAX_KNOWN = 13, 0.3


@dataclass(frozen=True)
class Scored:
    """The scores of one corpus: by the detector, by each of its parts, and by the baseline."""

    name: str
    scores: NDArray[np.float64]
    network: NDArray[np.float64]
    ngrams: NDArray[np.float64]
    baseline: NDArray[np.float64]
    is_ai: NDArray[np.bool_]


def scored(detector: Detector, tfidf: Baseline, name: str, texts: list[str], is_ai: NDArray[np.bool_]) -> Scored:
    with progress(name, len(texts)) as advance:
        readings = list(detector.reader.read(texts, advance=advance))
    kept = np.array([reading.score is not None for reading in readings])  # the others turned out too short
    parts = np.array([parts_of(detector.reader, reading) for reading in readings if reading.windows])
    base = np.asarray(tfidf.score([text for text, keep in zip(texts, kept, strict=True) if keep]))
    return Scored(name, *parts.T, base, is_ai[kept])


def parts_of(reader: Reader, reading: Reading) -> tuple[float, float, float]:
    """The score of a text, the network's share of it, and the n-grams' (of the first 20,000 characters)."""
    whole = float(reading.score or 0.0)
    ngrams = float(reader.ngrams.scores([reading.normalised.text])[0]) if reader.ngrams else 0.0
    return whole, whole - ngrams, ngrams


class Known:
    """The 13-word runs of everything the detector was made from."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.runs: set[int] = set()
        for file in files:
            for text in pl.read_parquet(file)["text"]:
                self.runs |= runs_of(text)

    def share(self, text: str) -> float:
        runs = runs_of(text)
        return len(runs & self.runs) / max(1, len(runs))


def runs_of(text: str) -> set[int]:
    words = WORD.findall(text.lower())
    return {hash(tuple(words[i : i + RUN_WORDS])) for i in range(len(words) - RUN_WORDS + 1)}


def unknown(frame: pl.DataFrame, known: Known) -> tuple[pl.DataFrame, int]:
    keep = pl.Series([known.share(text) < MAX_KNOWN for text in frame["text"]], dtype=pl.Boolean)
    return frame.filter(keep), int((~keep).sum())


def labelled(data: Path, name: str) -> pl.DataFrame:
    frame = pl.read_parquet(data / "dev" / f"{name}.parquet").filter(pl.col("lang") == "en", pl.col("label") != "mixed")
    if name in CHAT_ONLY:  # and the human twins of exactly those
        chat = frame.filter(pl.col("generator").is_in(CHAT_ONLY[name]))
        twins = frame.filter(pl.col("label") == "human", pl.col("pair_id").is_in(chat["pair_id"].implode()))
        frame = pl.concat([twins, chat])
    frame = frame.unique("text", maintain_order=True).sample(fraction=1.0, shuffle=True, seed=SEED)
    long_enough = frame.filter(pl.col("text").str.split(" ").list.len() >= MIN_WORDS)
    return long_enough.group_by("label", maintain_order=True).head(N_PER_CLASS)


def pool(data: Path, name: str) -> pl.DataFrame:
    frame = pl.read_parquet(data / "pools" / f"{name}.parquet")
    if name in TRAINED_POOLS:  # only texts that neither trained nor calibrated
        split = [assign_split(f"{name}/{i}", seed=SEED, shares=POOL_SHARES) for i in frame["id"]]
        frame = frame.filter(pl.Series(split) == "measurement")
    frame = frame.filter(pl.col("text").str.split(" ").list.len() >= MIN_WORDS)
    return frame.sample(min(N_PER_POOL, len(frame)), shuffle=True, seed=SEED)


def mirrored(detector: Detector, tfidf: Baseline, build: Path) -> Scored:
    """Mirrors that taught nothing, beside human passages of the pools that did not either."""
    frame = pl.read_parquet(build / "held-mirrors.parquet")
    is_ai = (frame["label"] == "ai").to_numpy()
    return scored(detector, tfidf, "held mirrors", plain(frame["text"].to_list()), is_ai)


def training_rows(files: Iterable[Path]) -> tuple[list[str], NDArray[np.bool_]]:
    frame = pl.concat([pl.read_parquet(file, columns=["text", "label"]) for file in files])
    rng = np.random.default_rng(SEED)
    texts = [excerpt(text, rng, low=50, high=150) for text in plain(frame["text"].to_list())]
    return texts, (frame["label"] == "ai").to_numpy()


def ranking(scores: NDArray[np.float64], is_ai: NDArray[np.bool_]) -> dict[str, Any]:
    found = tpr_at_fpr(scores, is_ai, target_fpr=TARGET)
    return {"auroc": auroc(scores, is_ai), "tpr_at_1_fpr": found.tpr.value}


def tpr_lead(found: Scored) -> dict[str, float | None]:
    """How far the TPR at 1% FPR is ahead of the baseline's, with an interval over draws of texts (paired bootstrap)."""
    both = (found.scores, found.baseline)
    draws = [ranking_draws(each, found.is_ai, target_fprs=[TARGET], bootstrap=Bootstrap(seed=SEED)) for each in both]
    tprs = [tpr_at_fpr(each, found.is_ai, target_fpr=TARGET).tpr.value or 0.0 for each in both]
    aurocs = [auroc(each, found.is_ai) for each in both]
    lead = paired_difference(*draws, point={"auroc": aurocs[0] - aurocs[1], TARGET: tprs[0] - tprs[1]}).tpr[TARGET]
    return {"value": lead.value, "low": lead.low, "high": lead.high}


def at_point(scores: NDArray[np.float64], *, threshold: float, of: str) -> dict[str, Any]:
    found = rate(int((scores > threshold).sum()), len(scores), of=of)
    return {"k": found.k, "n": found.n, "rate": found.value, "low": found.low, "high": found.high}


def measured(found: Scored, *, threshold: float, n_known: int) -> dict[str, Any]:
    scores, is_ai = found.scores, found.is_ai
    lead = compare_aurocs(scores, found.baseline, is_ai).difference
    return {
        "n_left_out_as_known": n_known,
        "n_human": int((~is_ai).sum()),
        "n_ai": int(is_ai.sum()),
        "detector": ranking(scores, is_ai),
        "network": ranking(found.network, is_ai),
        "ngrams": ranking(found.ngrams, is_ai),
        "tfidf": ranking(found.baseline, is_ai),
        "lead": {"auroc": lead.value, "low": lead.low, "high": lead.high},
        "tpr_lead": tpr_lead(found),
        "fpr": at_point(scores[~is_ai], threshold=threshold, of="human texts"),
        "tpr": at_point(scores[is_ai], threshold=threshold, of="AI texts"),
    }


def whole_report(detector: Detector, seen: list[Scored]) -> Report:
    """Everything measured, as one Report; the pools are further human texts."""
    scores, is_ai = (np.concatenate([getattr(part, name) for part in seen]) for name in ("scores", "is_ai"))
    baseline = np.concatenate([part.baseline for part in seen])
    names = [part.name for part in seen for _ in part.scores]
    return evaluate_scores(
        scores,
        is_ai,
        operating_points=detector.calibration.record.points,
        slices={"corpus": names},
        pools=names,
        baseline_scores={build_baseline(BASELINE).title: baseline},
        probabilities=[detector.calibration.p_ai(score) for score in scores],
        provenance={"detector": detector.settings.about.name, "command": detector.settings.about.recipe},
        seed=SEED,
    )


def main(data: Path, build: Path, seed: int, *, has_pools: bool) -> None:
    detector = Detector.load(build / f"detector-{seed}")
    texts, is_ai = training_rows(taught(build, seed))
    tfidf = build_baseline(BASELINE).fit(texts, is_ai, seed=SEED)
    known = Known([*taught(build, seed), build / "calibration.parquet"])
    threshold = detector.calibration.point(TARGET).threshold
    seen: list[Scored] = []
    corpora: dict[str, Any] = {}
    for name in CORPORA:
        frame, n_known = unknown(labelled(data, name), known)
        is_ai = (frame["label"] == "ai").to_numpy()
        seen.append(scored(detector, tfidf, name, plain(frame["text"].to_list()), is_ai))
        corpora[name] = measured(seen[-1], threshold=threshold, n_known=n_known)
        print(name, corpora[name], flush=True)
    macro = {who: float(np.mean([row[who]["auroc"] for row in corpora.values()])) for who in RANKED}
    print("macro AUROC", macro, flush=True)
    pools = {}
    for name in (*TRAINED_POOLS, *OTHER_POOLS) if has_pools else ():
        frame, _ = unknown(pool(data, name), known)
        seen.append(scored(detector, tfidf, name, plain(frame["text"].to_list()), np.zeros(len(frame), dtype=bool)))
        pools[name] = at_point(seen[-1].scores, threshold=threshold, of="human texts")
        print(name, pools[name], flush=True)
    mirrors = measured(mirrored(detector, tfidf, build), threshold=threshold, n_known=0)
    print("held mirrors", mirrors, flush=True)
    sha256 = detector.model.sha256
    found = {
        "sha256": sha256,
        "macro_auroc": macro,
        "corpora": corpora,
        "mirrors": mirrors,
        "pools": pools,
        "threshold": threshold,
    }
    write_json(build / f"measured-{seed}.json", found)
    whole_report(detector, seen).save(build / f"report-{seed}.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), has_pools="--no-pools" not in sys.argv)

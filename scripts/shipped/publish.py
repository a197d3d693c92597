"""Put the detector of seed 0 where it ships from, with what was measured on its card; print the spread over the seeds.

    python scripts/shipped/publish.py build/shipped src/tain/detector/shipped

Seed 0 ships whatever the others reached: choosing the best of three by the table would make the table too good.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from ledger import LEDGER, write_ledger
from mined import is_kept, mining, random_arms, rounds, taught

from tain.core.files import whole_file, write_json
from tain.detector import Detector
from tain.detector.settings import CorpusResult, PoolRate, Summary

SEEDS = (0, 1, 2)
BASELINE = "TF-IDF of character 2-4-grams with logistic regression, trained on the same rows"


def main(build: Path, shipped: Path) -> None:
    measured = {
        seed: json.loads(path.read_text()) for seed in SEEDS if (path := build / f"measured-{seed}.json").is_file()
    }
    for seed, found in measured.items():
        require_measured(build / f"detector-{seed}", found)
    summary = Summary(
        corpora=tuple(corpus_result(name, row) for name, row in measured[0]["corpora"].items()),
        pools=tuple(pool_rate(name, row) for name, row in measured[0]["pools"].items()),
        baseline=BASELINE,
        notes=(
            "English texts of 50 words or more, normalised, ended at their last whole sentence on both sides; a sample "
            "of each corpus. None of these corpora trained or calibrated the detector; of wikipedia2014, "
            "arxiv_abstracts_to2019, novels100 and gov_18f_blog other texts did.",
            "TPR at 1% FPR compares rankings: its threshold comes from the human texts of the same corpus. The stored "
            "point is the detector's own, fixed beforehand. The baseline: " + BASELINE + ".",
            "The score is the sum of a network and an n-gram model. " + parts(measured[0]),
            mirrors(measured[0], n_taught=parents_taught(build)),
            "What trained (which pools, which cuts) and the share of the n-grams were chosen by looking at samples of "
            "these corpora; a corpus nobody looked at may be harder.",
            *spreads(measured),
        ),
    )
    detector = Detector.load(build / "detector-0")
    mined = [row for seed in measured for row in of_rounds(build, seed)]
    if not write_ledger(LEDGER, detector.settings.about.version, mined=mined, measured=measured):
        raise SystemExit(f"It does not replace the version before; {LEDGER} says why. The detector stays as it was.")
    report_file = build / "report-0.json"
    report = json.loads(report_file.read_text()) if report_file.is_file() else None
    detector.described(about=detector.settings.about, summary=summary, report=report).save(shipped)
    write_json(Path("benchmarks/shipped/results.json"), {str(seed): value for seed, value in measured.items()})
    write_readme(measured)
    print(*spreads(measured), sep="\n")


def write_readme(measured: dict[int, Any], readme: Path = Path("README.md")) -> None:
    """Put the table between the markers of the README."""
    before, begin, rest = readme.read_text().partition("<!-- shipped: begin")
    first_line, _, rest = rest.partition("\n")
    _, end, after = rest.partition("<!-- shipped: end -->")
    table = "\n".join([*readme_lines(measured[0]), "", *spreads(measured)])
    with whole_file(readme) as part:
        part.write_text(f"{before}{begin}{first_line}\n{table}\n{end}{after}")


def readme_lines(found: dict[str, Any]) -> list[str]:
    lines = [
        "English texts of 50 words or more from corpora it never saw. TF-IDF: logistic regression, same training rows;",
        "the leads over it have 95% intervals: DeLong's, and for TPR a paired bootstrap over texts.",
        "",
        "| corpus | human / AI texts | AUROC | TF-IDF | lead | TPR at 1% FPR | TF-IDF | lead |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in found["corpora"].items():
        own, base, lead, found_more = row["detector"], row["tfidf"], row["lead"], row["tpr_lead"]
        tprs = f"{own['tpr_at_1_fpr']:.0%} | {base['tpr_at_1_fpr']:.0%} | {points(found_more)}"
        ahead = f"{lead['auroc']:+.3f} ({lead['low']:+.3f} to {lead['high']:+.3f})"
        aurocs = f"{own['auroc']:.3f} | {base['auroc']:.3f} | {ahead}"
        lines.append(f"| {name} | {row['n_human']} / {row['n_ai']} | {aurocs} | {tprs} |")
    macro = found["macro_auroc"]
    lines += [f"| **mean** | | **{macro['detector']:.3f}** | {macro['tfidf']:.3f} | | | | |", "", parts(found), ""]
    lines += ["False positives at its stored 1% point on human-only texts that it never saw, worst first:", ""]
    lines += ["| texts | flagged | rate | 95% interval |", "|---|---:|---:|---:|"]
    for name, row in sorted(found["pools"].items(), key=lambda item: -item[1]["rate"]):
        interval = f"{row['low']:.1%} to {row['high']:.1%}"
        lines.append(f"| {name} | {row['k']} of {row['n']} | {row['rate']:.1%} | {interval} |")
    return lines


def points(lead: dict[str, float]) -> str:
    """A difference of shares in points, with its interval."""
    value, low, high = (100 * lead[name] for name in ("value", "low", "high"))
    return f"{value:+.0f} ({low:+.0f} to {high:+.0f})"


def parts(found: dict[str, Any]) -> str:
    """What the network and the n-grams reach without each other."""
    each = "; ".join(
        f"{name} {row['network']['auroc']:.3f} and {row['ngrams']['auroc']:.3f}"
        for name, row in found["corpora"].items()
    )
    macro = found["macro_auroc"]
    mean = f"mean {macro['network']:.3f} and {macro['ngrams']:.3f}"
    return f"AUROC of the network alone and of the n-grams alone: {each}; {mean}."


def require_measured(folder: Path, found: dict[str, Any]) -> None:
    """Return only if what was measured is the detector that is there now."""
    if found["sha256"] != Detector.load(folder).model.sha256:
        raise SystemExit(f"{folder} is another detector than was measured. Run measure.py again.")


def parents_taught(build: Path) -> int:
    """How many parents of the held-out mirrors taught the detector of seed 0, as texts by people."""
    ids = pl.concat([pl.read_parquet(file)["id"] for file in taught(build, 0)]).str.strip_prefix("mined:")
    held = pl.read_parquet(build / "held-mirrors.parquet")["id"]
    parents = held.str.strip_prefix("mirror/").filter(held.str.starts_with("mirror/"))
    return int(parents.is_in(ids.implode()).sum())


def of_rounds(build: Path, seed: int) -> Iterator[dict[str, Any]]:
    """What each round of a seed mined, and what came of it on the control texts.

    They are counted at the highest threshold that finds as many AI texts as the start does, and for the random arm
    after as many random texts as the detector of that round had learned from in all.
    """
    found = rounds(mining(build, seed))
    random = {event["round"]: flagged(event) for event in random_arms(mining(build, seed))}
    for event in found[1:]:
        yield {
            "event": "mined",
            "seed": seed,
            "round": event["round"],
            "n_scored": event["chosen"]["scored"],
            "n_mined": event["chosen"]["mined by domain"],
            "n_beside": event["added"]["mirrors"],
            "n_control": event["fpr"]["control"]["n"],
            "flagged_before_mining": flagged(found[0]),
            "flagged": flagged(event),
            "flagged_after_random": random.get(event["round"]),
            "p_value": event["decision"]["p_value"],
            "is_kept": is_kept(event),
        }


def flagged(event: dict[str, Any]) -> int:
    return int(event["fpr"]["control"]["k"])


def mirrors(found: dict[str, Any], *, n_taught: int) -> str:
    """What is found of the newest model that was measured."""
    row = found["mirrors"]
    return (
        "Mirrors of human passages by Claude (November 2026, same topic, form and length; "
        f"{row['n_ai']} that taught nothing, though {n_taught} of their parents did, beside {row['n_human']} human "
        f"passages of documents that did not): AUROC {row['detector']['auroc']:.3f}, TF-IDF "
        f"{row['tfidf']['auroc']:.3f}; {row['tpr']['k']} found at the stored 1% point ({row['tpr']['rate']:.1%})."
    )


def corpus_result(name: str, row: dict[str, Any]) -> CorpusResult:
    return CorpusResult(
        name=name,
        n_human=row["n_human"],
        n_ai=row["n_ai"],
        auroc=row["detector"]["auroc"],
        tpr=row["tpr"]["rate"],
        fpr=row["fpr"]["rate"],
        tpr_at_1=row["detector"]["tpr_at_1_fpr"],
        baseline_auroc=row["tfidf"]["auroc"],
        baseline_tpr_at_1=row["tfidf"]["tpr_at_1_fpr"],
    )


def pool_rate(name: str, row: dict[str, Any]) -> PoolRate:
    return PoolRate(name=name, n=row["n"], n_flagged=row["k"], low=row["low"], high=row["high"])


def spreads(measured: dict[int, Any]) -> list[str]:
    """Mean and standard deviation over the seeds: of AUROC, of TPR at 1% FPR, and of false positives where measured."""
    runs = list(measured.values())
    names = list(runs[0]["corpora"])
    means = spread_of("mean over the corpora", [run["macro_auroc"]["detector"] for run in runs])
    aurocs = [means, *(spread_of(n, [run["corpora"][n]["detector"]["auroc"] for run in runs]) for n in names)]
    tprs = [spread_of(n, [run["corpora"][n]["detector"]["tpr_at_1_fpr"] for run in runs]) for n in names]
    pooled = [run["pools"] for run in runs if run["pools"]]
    rates = [spread_of(n, [pools[n]["rate"] for pools in pooled]) for n in pooled[0]] if len(pooled) > 1 else []
    seeds = ", ".join(map(str, measured))
    parts = {"AUROC": aurocs, "TPR at 1% FPR": tprs, "False positive rate at the stored point": rates}
    parts["AUROC of held-out mirrors"] = [spread_of("mirrors", [run["mirrors"]["detector"]["auroc"] for run in runs])]
    return [f"{title} for seeds {seeds}: {'; '.join(lines)}." for title, lines in parts.items() if lines]


def spread_of(name: str, values: list[float]) -> str:
    each = ", ".join(f"{value:.3f}" for value in values)
    deviation = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{name} {each} (mean {np.mean(values):.4f}{deviation})"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

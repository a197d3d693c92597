"""The demo: three verdicts, then the whole loop in small on Python's own documentation."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from tain.core.example import Corpus, Example
from tain.core.files import read_json, refuse_overwrite, whole_file, write_json
from tain.corpora.audit import AuditReport, audit
from tain.corpora.deduplicate import deduplicate
from tain.corpora.normalise import get_normaliser
from tain.corpora.split import assign_split, check_no_leak
from tain.detector import Detector, Verdict
from tain.detector.settings import About, DataSource
from tain.evaluation.baselines import build_baseline
from tain.evaluation.features import FeatureAuroc, feature_auroc
from tain.evaluation.schema import Report
from tain.mirrors.python_docs import human_docs, recorded_mirrors
from tain.recipes.configuration import RunConfig, read_config
from tain.recipes.evaluate import evaluate
from tain.recipes.train import train

SEED = 7
BASELINE = "tfidf-logistic"
SHARES = {"train": 0.6, "valid": 0.15, "test": 0.25}
SAMPLES = ("human", "ai", "short")
SETTINGS = {
    "name": "demo",
    "seed": SEED,
    "corpus.cut_low": 60,
    "corpus.cut_high": 190,
    "training.n_epochs": 3,
    "training.batch_tokens": 2048,
    "training.n_evaluations": 3,
    "training.average_from": 0.5,
    "training.checkpoint_every": 20,
}
Tell = Callable[[str], None]


@dataclass(frozen=True)
class DemoCorpora:
    """The small corpus in its parts; a mirror is always where its parent is.

    Attributes:
        train: Pairs to learn from.
        valid: Pairs to choose weights by; its mirrors also calibrate probabilities.
        test: Pairs to measure on.
        calibration: Human texts without a mirror, for the operating points.
    """

    train: Corpus
    valid: Corpus
    test: Corpus
    calibration: Corpus


@dataclass(frozen=True)
class DemoResult:
    """What the demo shows.

    Attributes:
        verdicts: On the three samples, by name, from the detector that ships.
        audit: Of the small corpus.
        report: Of the detector trained on it, beside TF-IDF with logistic regression.
        page: The Report as HTML.
        is_new: Whether it was trained now, or by an earlier call.
    """

    verdicts: dict[str, Verdict]
    audit: dict[str, object]
    report: Report
    page: Path
    is_new: bool


def check_samples() -> dict[str, Verdict]:
    """The shipped detector's verdicts on the three sample texts."""
    detector = Detector.load()
    samples = files("tain.recipes") / "samples"
    return {name: detector.check(samples.joinpath(f"{name}.txt").read_text(encoding="utf-8")) for name in SAMPLES}


def run_demo(
    output: Path, *, force: bool = False, is_quiet: bool = False, tell: Tell = lambda line: None
) -> DemoResult:
    """Check three texts, then audit, split, train, calibrate, evaluate and report on a small corpus.

    Args:
        output: Folder of the Run, the detector and the Report. A finished demo there is shown again, not repeated.
        force: Repeat it.
        is_quiet: No progress bars.
        tell: Told what is going on, a line at a time.
    """
    marker = output / "demo.json"
    found = read_json(marker) if marker.is_file() and not force else {}
    if not found:
        refuse_overwrite(output, force=force)
    verdicts = check_samples()
    if found.get("is_finished"):
        return DemoResult(
            verdicts, found["audit"], Report.load(output / "report" / "report.json"), _page(output), False
        )
    write_json(marker, {"is_finished": False})  # from here on, the folder is the demo's to write and to go on with
    tell("Reading Python's documentation (human) and its mirrors (AI) ...")
    corpora = demo_corpora()
    audited = _audit(corpora)
    report = _train_and_measure(corpora, output, force=force, is_quiet=is_quiet, tell=tell)
    write_json(marker, {"is_finished": True, "audit": audited})
    return DemoResult(verdicts, audited, report, _page(output), True)


def demo_corpora() -> DemoCorpora:
    """The pairs, split by group, and the human texts that have no mirror."""
    humans = human_docs()
    mirrors = recorded_mirrors(humans)
    paired = {mirror.group for mirror in mirrors}
    parts: dict[str, list[Example]] = {name: [] for name in SHARES}
    for example in [*humans, *mirrors]:
        if example.group in paired:
            parts[assign_split(example.group, seed=SEED, shares=SHARES)].append(example)
    check_no_leak(parts)
    parts["calibration"] = [example for example in humans if example.group not in paired]
    split = _without_repeats(parts)
    return DemoCorpora(split["train"], split["valid"], split["test"], split["calibration"])


def _without_repeats(parts: dict[str, list[Example]]) -> dict[str, Corpus]:
    # Python documents some things twice, word for word. A pair of which one text repeats goes whole.
    found = deduplicate({name: parts[name] for name in ("test", "calibration", "valid", "train")})
    gone = {repeat.id for repeat in found.dropped}
    groups = {example.group for examples in parts.values() for example in examples if example.id in gone}
    return {
        name: Corpus(tuple(example for example in examples if example.group not in groups))
        for name, examples in parts.items()
    }


def demo_config(output: Path) -> RunConfig:
    """The settings of the demo's training."""
    paths = {f"corpus.{part}": [str(output / f"{part}.jsonl")] for part in ("train", "valid")}
    return read_config(None, flags={**SETTINGS, **paths})


def _train_and_measure(corpora: DemoCorpora, output: Path, *, force: bool, is_quiet: bool, tell: Tell) -> Report:
    for part in ("train", "valid"):
        _write(output / f"{part}.jsonl", getattr(corpora, part))
    run = train(demo_config(output), output / "run", is_resumed=not force, force=force, is_quiet=is_quiet, tell=tell)
    tell(f"Calibrating on {len(corpora.calibration):,} other human texts ...")
    detector = Detector.build(
        run.folder.model, human=corpora.calibration.texts, ai=_ai(corpora.valid), about=_about(corpora)
    )
    tell("Measuring on pairs that trained nothing ...")
    scores = _tfidf(corpora)
    report = evaluate(
        detector,
        corpora.test,
        output=output / "report",
        baselines={build_baseline(BASELINE).title: scores},
        force=True,
        is_quiet=is_quiet,
        seed=SEED,
    )
    summary = detector.settings.summary
    about = detector.settings.about
    detector.described(about=about, summary=summary, report=report.model_dump(mode="json")).save(output / "detector")
    return report


def _tfidf(corpora: DemoCorpora) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    normaliser = get_normaliser(1)

    def plain(corpus: Corpus) -> list[str]:
        return [normaliser.normalise(text).text for text in corpus.texts]

    is_ai = [example.label == "ai" for example in corpora.train]
    return np.asarray(build_baseline(BASELINE).fit(plain(corpora.train), is_ai, seed=SEED).score(plain(corpora.test)))


def _audit(corpora: DemoCorpora) -> dict[str, object]:
    splits = {part: getattr(corpora, part) for part in SHARES}
    whole = Corpus(tuple(example for corpus in splits.values() for example in corpus))

    def measure(texts: Sequence[str], is_ai: Sequence[bool], groups: Sequence[str]) -> FeatureAuroc:
        return feature_auroc(texts, is_ai, groups=groups, seed=SEED)

    found: AuditReport = audit({"pairs": whole}, measure=measure, seed=SEED)
    return {"sizes": {part: len(corpus) for part, corpus in splits.items()}, **found.as_dict()}


def _about(corpora: DemoCorpora) -> About:
    n_human = sum(example.label == "human" for example in corpora.train)
    source = DataSource(
        name="Python documentation and its mirrors",
        licence="PSF-2.0 (human), Apache-2.0 (AI)",
        n_human=n_human,
        n_ai=len(corpora.train) - n_human,
        note="Mirrors written by one language model.",
    )
    return About(
        name="tain demo",
        description="Knows one kind of text from one generator: it shows the loop and is of no other use.",
        licence="Apache-2.0",
        data=(source,),
        recipe="tain demo --force",
        limits=("It has seen Python documentation and nothing else.",),
    )


def _ai(corpus: Corpus) -> Sequence[str]:
    return [example.text for example in corpus if example.label == "ai"]


def _write(path: Path, corpus: Corpus) -> None:
    with whole_file(path) as part, part.open("w", encoding="utf-8") as file:
        for example in corpus:
            file.write(json.dumps(asdict(example), ensure_ascii=False) + "\n")


def _page(output: Path) -> Path:
    return output / "report" / "report.html"

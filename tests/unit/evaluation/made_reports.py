"""A small test set with everything in it, for the tests of what reads a Report."""

import numpy as np

from tain.evaluation.attacked import attack_table
from tain.evaluation.drift import drift_of, length_shift, score_shift
from tain.evaluation.multiclass import class_measures
from tain.evaluation.parts import Stretch, WorstText, WorstTexts
from tain.evaluation.report import Report, evaluate_scores
from tain.evaluation.schema import ClassReport
from tain.evaluation.thresholds import fit_operating_points


def texts(n=800, seed=0):
    rng = np.random.default_rng(seed)
    is_ai = np.arange(n) % 2 == 1
    domain = np.where(np.arange(n) % 40 < 2, "poems", rng.choice(["news", "essays"], n))
    generator = np.where(is_ai, rng.choice(["gpt-4", "claude"], n), "human")
    scores = rng.normal(size=n) + 2.5 * is_ai + 0.8 * (domain == "essays") - 1.0 * (generator == "claude")
    return np.round(scores, 2), is_ai, domain.tolist(), generator.tolist()


def points(n=600):
    return fit_operating_points(np.random.default_rng(9).normal(size=n), data_sha256="ab" * 32).points


def full_report(**changes) -> Report:
    scores, is_ai, domain, generator = texts()
    scores[::50] = np.nan
    settings = {
        "operating_points": points(),
        "groups": np.arange(scores.size) // 2,
        "slices": {"domain": domain, "generator": generator, "language": [None] * 10 + ["en"] * (scores.size - 10)},
        "baseline_scores": {"surface features": np.nan_to_num(scores) * 0.1 + np.cos(np.arange(scores.size))},
        "baseline_thresholds": {"surface features": {0.01: 1.2}},
        "probabilities": 1 / (1 + np.exp(1 - scores)),
        "provenance": {"model": "<b>tiny</b>", "data": [{"file": "test.jsonl", "n": 800}]},
        "n_draws": 50,
    }
    report = evaluate_scores(scores, is_ai, **(settings | changes))
    return report.model_copy(update={"drift": moved(), "worst": worst(), "attacks": attacks()})


def moved():
    rng = np.random.default_rng(1)
    here, known = rng.normal(1.0, size=100), rng.normal(size=500)
    return drift_of(
        [
            score_shift(here, known),
            length_shift(rng.integers(50, 150, 100), {0.01: 51, 0.5: 100, 0.99: 149}, n_calibration=500),
            score_shift(here[:5], known, of="AI texts"),
        ]
    )


def worst():
    text = "Plain words. <script>alert('x')</script> & more. The end"
    windows = (
        Stretch(start=0, end=13, score=-0.5, is_above=False),
        Stretch(start=13, end=49, score=4.25, is_above=True),
    )
    found = WorstText(
        id="<i>7</i>",
        score=3.5,
        n_words=1200,
        properties={"domain": "essays"},
        text=text,
        n_chars=9000,
        windows=windows,
    )
    return WorstTexts(threshold=2.0, n_false_positives=31, n_misses=0, false_positives=(found,), misses=())


def attacks():
    scores, is_ai, *_ = texts()
    return attack_table(scores, {"homoglyph": scores - 1.5 * is_ai, "case <b>": scores + 0.1}, is_ai, points=points())


def class_report(n_classes=3, n=300):
    rng = np.random.default_rng(2)
    truth = rng.integers(n_classes, size=n)
    called = np.where(rng.random(n) < 0.7, truth, rng.integers(n_classes, size=n))
    names = [f"label <{i}>" for i in range(n_classes)]
    measures = class_measures(called, truth, names=names)
    return ClassReport(tain_version="0", n_draws=1000, seed=0, provenance={"model": "runs/topics"}, measures=measures)

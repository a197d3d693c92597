"""A small test set with everything in it, for the tests of what reads a Report."""

import numpy as np

from tain.evaluation.report import Report, evaluate_scores
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
        "probabilities": 1 / (1 + np.exp(1 - scores)),
        "provenance": {"model": "<b>tiny</b>", "data": [{"file": "test.jsonl", "n": 800}]},
        "n_draws": 50,
    }
    return evaluate_scores(scores, is_ai, **(settings | changes))

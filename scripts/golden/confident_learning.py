"""Make tests/golden/confident_learning.json: what cleanlab says of made-up labels and probabilities.

pip install --target PEERS --no-deps cleanlab==2.9.0 termcolor
PYTHONPATH=PEERS python scripts/golden/confident_learning.py

Its thresholds, its joint, and the texts off the diagonal of the joint, with two and with four classes of unequal size.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cleanlab.count import compute_confident_joint, estimate_joint, get_confident_thresholds
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_self_confidence_for_each_label

from tain.core.files import write_json

FILE = Path(__file__).parents[2] / "tests" / "golden" / "confident_learning.json"
SHARES = {"two": (0.7, 0.3), "four": (0.4, 0.3, 0.2, 0.1)}
N = 60


def case(shares: tuple[float, ...], seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    true = np.concatenate([np.arange(len(shares)).repeat(3), rng.choice(len(shares), N, p=shares)])
    is_wrong = rng.random(len(true)) < 0.25
    labels = np.where(is_wrong, rng.integers(0, len(shares), len(true)), true)
    labels[: len(shares)] = np.arange(len(shares))  # cleanlab wants every class among the labels
    logits = 2.0 * np.eye(len(shares))[true] + rng.normal(size=(len(true), len(shares)))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    p = np.round(p, 6)
    p[:, -1] = 1 - p[:, :-1].sum(axis=1)
    counts = compute_confident_joint(labels, p, calibrate=False)
    return {
        "labels": labels.tolist(),
        "probabilities": p.tolist(),
        "thresholds": get_confident_thresholds(labels, p).tolist(),
        "joint": estimate_joint(labels, p).tolist(),
        "counts": np.asarray(counts).tolist(),
        "off_the_diagonal": find_label_issues(labels, p, filter_by="confident_learning", n_jobs=1).tolist(),
        "self_confidence": get_self_confidence_for_each_label(labels, p).tolist(),
    }


def main() -> None:
    write_json(FILE, {name: case(shares, seed) for seed, (name, shares) in enumerate(SHARES.items())})


if __name__ == "__main__":
    main()

"""A classical model as teacher: what it says of each training text when it has not seen the text's group.

Character n-grams generalise to kinds of text that a small network, left to its labels, does not. In-sample scores would
only repeat the labels; scores from folds that lack the text say what the n-grams themselves carry.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import ConfigError
from tain.core.progress import progress
from tain.training.store import UNLABELLED

N_FOLDS = 4


def out_of_fold_logits(
    name: str, texts: Sequence[str], labels: Sequence[int], groups: Sequence[str], *, seed: int, is_quiet: bool = False
) -> NDArray[np.float32]:
    """The teacher's logits for every text, each from a model fitted to the other folds.

    Args:
        name: Of a classical model, such as `tfidf-logistic`.
        texts: As the student will read them.
        labels: Class indices; texts that are UNLABELLED are scored by a model of all the others.
        groups: Texts of one group are in one fold.
        seed: Of the folds and the model.
        is_quiet: No progress bar.

    Returns:
        Shape (n_texts, n_labels); log probabilities up to a constant of each row.

    Raises:
        ConfigError: If there are too few groups for the folds, or no such model.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    classes = np.asarray(labels)
    known, unknown = np.flatnonzero(classes != UNLABELLED), np.flatnonzero(classes == UNLABELLED)
    group_of = np.asarray(groups)
    n_least = min(len(set(group_of[classes == each].tolist())) for each in set(classes[known].tolist()))
    if n_least < N_FOLDS:
        raise ConfigError(
            f"corpus.teacher {name!r} needs {N_FOLDS} or more groups of each class, and one class has {n_least}. "
            "Give more texts, or leave the teacher out."
        )
    folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    parts = [(known[rest], known[held]) for rest, held in folds.split(known, classes[known], group_of[known])]
    parts += [(known, unknown)] if len(unknown) else []
    found = np.zeros((len(texts), int(classes.max()) + 1), dtype=np.float32)
    with progress("teacher", len(parts), unit="folds", is_quiet=is_quiet) as advance:
        for rest, held in parts:
            found[held] = _logits(name, [texts[i] for i in rest], classes[rest], [texts[i] for i in held], seed=seed)
            advance(1)
    return found


def _logits(
    name: str, texts: Sequence[str], classes: NDArray[np.int64], held: Sequence[str], *, seed: int
) -> NDArray[np.floating]:
    from tain.evaluation.baselines import build_baseline

    if classes.max() == 1:
        odds = np.asarray(build_baseline(name).fit(texts, classes, seed=seed).score(held))
        return np.stack([-odds / 2, odds / 2], axis=1)
    model = build_baseline(name, has_probabilities=True).fit(texts, classes, seed=seed)
    return np.log(np.clip(model.predict_proba(held), 1e-6, 1))

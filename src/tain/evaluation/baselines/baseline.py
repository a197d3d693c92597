"""The seam of every classical detector: labelled texts in, scores out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import MetricError
from tain.evaluation.baselines.features import Features, Rows
from tain.evaluation.baselines.folds import calibrated, drawn
from tain.evaluation.baselines.labels import as_classes
from tain.evaluation.baselines.learners import Learner
from tain.evaluation.samples import Floats, as_groups

SHARED_CHANCE = 1e-3


class Baseline(Protocol):
    """A detector without a network.

    Attributes:
        name: In the registry and in a Report.
        title: For people.
        notes: What the reader of its scores must know, such as training texts left out; set by `fit`.
    """

    name: str
    title: str
    notes: tuple[str, ...]

    def fit(self, texts: Sequence[str], labels: ArrayLike, *, seed: int = 0, groups: ArrayLike | None = None) -> Self:
        """This detector, fitted."""
        ...

    def score(self, texts: Sequence[str]) -> Floats:
        """Margins or log-odds, shape (n,), higher means AI."""
        ...

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Shape (n, n_classes)."""
        ...


class Classical:
    """A Baseline of two parts: features of a text, and a classifier over them."""

    def __init__(
        self, name: str, *, title: str, features: Features, learner: Learner, has_probabilities: bool = False
    ) -> None:
        """Set it up; nothing is computed yet.

        Args:
            name: In the registry.
            title: For people.
            features: From texts to rows.
            learner: From rows to classes.
            has_probabilities: Give a support vector machine probabilities, at four times the time. With more than two
                classes it always has them.
        """
        self.name, self.title = name, title
        self.notes: tuple[str, ...] = ()
        self.features = features
        self._learner = learner
        self._has_probabilities = has_probabilities
        self._model: Any = None
        self._n_classes = 0

    def fit(self, texts: Sequence[str], labels: ArrayLike, *, seed: int = 0, groups: ArrayLike | None = None) -> Self:
        """This detector, fitted.

        Args:
            texts: n of them, normalised as the detector it is compared with does.
            labels: Shape (n,), class indices from 0 or flags; of two classes, 1 is AI.
            seed: Of everything drawn.
            groups: Shape (n,); texts of one group share a fold where probabilities are calibrated.

        Raises:
            MetricError: If a class is absent, labels do not fit, or the texts hold nothing to learn from.
        """
        as_classes(labels, n=len(texts), name=self.title)
        rows = self.features.fit_transform(texts, seed=seed)
        return self.fit_rows(rows, labels, seed=seed, groups=groups)

    def fit_rows(self, rows: Rows, labels: ArrayLike, *, seed: int = 0, groups: ArrayLike | None = None) -> Self:
        """This detector, fitted to rows that its features have made, which several detectors may share.

        Args:
            rows: Shape (n, n_features), from `features.fit_transform`.
            labels: As for `fit`.
            seed: As for `fit`.
            groups: As for `fit`.

        Raises:
            MetricError: As for `fit`.
        """
        n = rows.shape[0]
        classes, self._n_classes = as_classes(labels, n=n, name=self.title)
        group_of, _ = as_groups(groups, n=n)
        kept = drawn(classes, most=self._learner.max_texts, seed=seed)
        self.notes = self._limits(kept.size, n)
        model = self._learner.build(seed, self._n_classes)
        if not hasattr(model, "predict_proba") and (self._has_probabilities or self._n_classes > 2):
            model = calibrated(model, classes[kept], group_of[kept], seed=seed, name=self.title)
        self._model = model.fit(rows[kept], classes[kept])
        return self

    def score(self, texts: Sequence[str]) -> Floats:
        """Margins or log-odds, shape (n,), finite, higher means AI.

        Args:
            texts: n of them, normalised as those it was fitted to.

        Raises:
            MetricError: If it was not fitted, or to more than two classes.
        """
        self._need_fit()
        return self.score_rows(self.features.transform(texts)) if len(texts) else np.empty(0)

    def score_rows(self, rows: Rows) -> Floats:
        """The scores of rows that its features have made, shape (n,).

        Args:
            rows: Shape (n, n_features), from `features.transform`.

        Raises:
            MetricError: As for `score`.
        """
        self._need_fit()
        if self._n_classes != 2:
            raise MetricError(
                f"{self.title} was fitted to {self._n_classes} classes, and a score tells two apart. Use predict_proba."
            )
        model = self._model.calibrated_classifiers_[0].estimator if self._is_calibrated else self._model
        if hasattr(model, "decision_function"):
            return np.asarray(model.decision_function(rows), dtype=np.float64)
        return _log_odds(model.predict_proba(rows))

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """The chance of each class, shape (n, n_classes); held-out texts set the scale only for support vectors.

        Args:
            texts: n of them, normalised as those it was fitted to.

        Raises:
            MetricError: If it was not fitted, or is a support vector machine that was not asked for probabilities.
        """
        self._need_fit()
        return self.proba_rows(self.features.transform(texts)) if len(texts) else np.empty((0, self._n_classes))

    def proba_rows(self, rows: Rows) -> Floats:
        """The chances of rows that its features have made, shape (n, n_classes).

        Args:
            rows: Shape (n, n_features), from `features.transform`.

        Raises:
            MetricError: As for `predict_proba`.
        """
        self._need_fit()
        if not hasattr(self._model, "predict_proba"):
            raise MetricError(f"{self.title} gives margins, no probabilities. Build it with has_probabilities=True.")
        return np.asarray(self._model.predict_proba(rows), dtype=np.float64)

    @property
    def _is_calibrated(self) -> bool:
        return hasattr(self._model, "calibrated_classifiers_")

    def _need_fit(self) -> None:
        if self._model is None:
            raise MetricError(f"{self.title} has no weights yet. Call fit first.")

    def _limits(self, n_kept: int, n: int) -> tuple[str, ...]:
        if n_kept == n:
            return ()
        why = self._learner.because
        return (f"{self.title} was fitted to {n_kept:,} of {n:,} training texts, drawn by seed, because {why}.",)


def _log_odds(chances: Floats) -> Floats:
    # A thousandth of the chance is shared out, so that 0 and 1 stay finite and the order stays as it was.
    ai = (1 - SHARED_CHANCE) * chances[:, 1] + SHARED_CHANCE / 2
    odds: Floats = np.log(ai / (1 - ai))
    return odds

"""The classifiers of the baselines, at the settings of the studies that compared them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.ensemble import BaggingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import SVC, LinearSVC

from tain.evaluation.baselines.estimators import RankingNeighbours, RankingTree
from tain.evaluation.baselines.ratio_logistic import RatioLogistic

N_TREES = 400
N_BAGGED = 10
N_ROUNDS = 400
MAX_DEPTH = 9
SINGLE_TREE_DEPTH = 8
MAX_SVM_TEXTS = 8_000
MAX_NEIGHBOUR_TEXTS = 40_000
MAX_BOOSTED_TEXTS = 50_000


@dataclass(frozen=True, slots=True)
class Learner:
    """A classifier and how far it goes.

    Attributes:
        title: For people.
        build: From seed and number of classes to a scikit-learn classifier.
        max_texts: The most texts it is fitted to, others are left out by seed; None for no limit.
        because: Why there is a limit.
    """

    title: str
    build: Callable[[int, int], Any]
    max_texts: int | None = None
    because: str = ""


def _sparse_logistic(seed: int, n_classes: int) -> Any:  # noqa: ANN401 (scikit-learn has no types)
    model = LogisticRegression(C=10.0, solver="liblinear", random_state=seed)
    return model if n_classes == 2 else OneVsRestClassifier(model)


def _ratio_logistic(seed: int, n_classes: int) -> Any:  # noqa: ANN401 (scikit-learn has no types)
    model = RatioLogistic(random_state=seed)
    return model if n_classes == 2 else OneVsRestClassifier(model)


def _boosting(seed: int, n_classes: int) -> Any:  # noqa: ANN401 (scikit-learn has no types)
    # Early stopping would hold texts out without regard to their groups.
    return HistGradientBoostingClassifier(
        max_iter=N_ROUNDS, max_depth=MAX_DEPTH, early_stopping=False, random_state=seed
    )


LEARNERS: dict[str, Learner] = {
    "sparse-logistic": Learner("logistic regression", _sparse_logistic),
    "ratio-logistic": Learner("logistic regression with naive Bayes ratios", _ratio_logistic),
    "logistic": Learner("logistic regression", lambda seed, _: LogisticRegression(max_iter=5_000, random_state=seed)),
    "linear-svm": Learner("linear SVM", lambda seed, _: LinearSVC(max_iter=20_000, random_state=seed)),
    "rbf-svm": Learner(
        "RBF SVM",
        lambda seed, _: SVC(kernel="rbf", random_state=seed),
        MAX_SVM_TEXTS,
        "its time grows with the square of their number",
    ),
    "knn": Learner(
        "5 nearest neighbours",
        lambda seed, _: RankingNeighbours(5),
        MAX_NEIGHBOUR_TEXTS,
        "each is compared with every text scored",
    ),
    "tree": Learner("decision tree", lambda seed, _: RankingTree(max_depth=SINGLE_TREE_DEPTH, random_state=seed)),
    "forest": Learner("random forest", lambda seed, _: RandomForestClassifier(N_TREES, random_state=seed)),
    "bagging": Learner(
        "bagged trees", lambda seed, _: BaggingClassifier(RankingTree(), n_estimators=N_BAGGED, random_state=seed)
    ),
    "boosting": Learner("gradient boosting", _boosting, MAX_BOOSTED_TEXTS, "its rows are dense"),
    "bayes": Learner("naive Bayes", lambda seed, _: ComplementNB()),
}
"""By name. Numbers of trees, neighbours, rounds and depths are those of arXiv:2506.17323; its boosting was XGBoost."""

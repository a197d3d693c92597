"""Every classical detector by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from tain.core.errors import ConfigError
from tain.evaluation.baselines.baseline import Classical
from tain.evaluation.baselines.features import Features, Joined, Reduced, Scaled, WordTfidf
from tain.evaluation.baselines.learners import LEARNERS
from tain.evaluation.features import surface_features
from tain.evaluation.hashed_tfidf import HashedTfidf, NgramTfidf
from tain.evaluation.stylometry import style_features


@dataclass(frozen=True, slots=True)
class FeatureKind:
    """Features by name.

    Attributes:
        title: For people.
        build: New ones, fitted to nothing.
    """

    title: str
    build: Callable[[], Features]


FEATURES: dict[str, FeatureKind] = {
    "formatting": FeatureKind("surface features", lambda: Scaled(surface_features)),
    "tfidf": FeatureKind("TF-IDF", HashedTfidf),
    "ngrams": FeatureKind("character, word and skeleton n-grams", NgramTfidf),
    "reduced": FeatureKind("TF-IDF on 128 axes", lambda: Reduced(HashedTfidf())),
    "words": FeatureKind("400 words", WordTfidf),
    "style": FeatureKind("stylometry", lambda: Scaled(style_features)),
    "words-style": FeatureKind("400 words and stylometry", lambda: Joined(WordTfidf(), Scaled(style_features))),
}

BASELINES: dict[str, tuple[str, str]] = {
    "formatting-logistic": ("formatting", "logistic"),
    "tfidf-logistic": ("tfidf", "sparse-logistic"),
    "ngrams-logistic": ("ngrams", "ratio-logistic"),
    "tfidf-linear-svm": ("tfidf", "linear-svm"),
    "tfidf-bayes": ("tfidf", "bayes"),
    "tfidf-boosting": ("reduced", "boosting"),
    "words-linear-svm": ("words", "linear-svm"),
    "words-rbf-svm": ("words", "rbf-svm"),
    "words-knn": ("words", "knn"),
    "words-tree": ("words", "tree"),
    "words-forest": ("words", "forest"),
    "words-bagging": ("words", "bagging"),
    "words-boosting": ("words", "boosting"),
    "style-logistic": ("style", "logistic"),
    "style-linear-svm": ("style", "linear-svm"),
    "style-boosting": ("style", "boosting"),
    "words-style-boosting": ("words-style", "boosting"),
}
"""Features and learner of each."""

SETS: dict[str, tuple[str, ...]] = {
    "all": tuple(BASELINES),
    "authorship": tuple(name for name in BASELINES if name.startswith("words-") and "style" not in name),
    "semeval": ("tfidf-logistic", "tfidf-bayes", "style-linear-svm", "words-style-boosting"),
}
"""Several at once: the seven of arXiv:2506.17323, and kinds that SemEval-2024 task 8 saw, as in arXiv:2401.12326."""


def build_baseline(name: str, *, has_probabilities: bool = False) -> Classical:
    """A classical detector, fitted to nothing yet.

    Args:
        name: In `BASELINES`.
        has_probabilities: See `Classical`.

    Raises:
        ConfigError: If there is none of that name.
    """
    features, learner = BASELINES[_known(name)]
    title = f"{FEATURES[features].title} + {LEARNERS[learner].title}"
    return Classical(
        name,
        title=title,
        features=FEATURES[features].build(),
        learner=LEARNERS[learner],
        has_probabilities=has_probabilities,
    )


def baseline_names(names: Sequence[str]) -> list[str]:
    """The names with each set replaced by its members, every name once, in order.

    Args:
        names: In `BASELINES` or `SETS`.

    Raises:
        ConfigError: If one is neither.
    """
    members = (SETS.get(name) or (_known(name),) for name in names)
    return list(dict.fromkeys(member for group in members for member in group))


def _known(name: str) -> str:
    if name in BASELINES:
        return name
    known = (*BASELINES, *SETS)
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ConfigError(f"There is no baseline {name!r}. Expected one of {', '.join(known)}.{hint}")

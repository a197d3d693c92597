"""The proof that mirrors match their parents: nothing but authorship may tell the two sides apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tain.core.progress import progress
from tain.corpora.normalise import LATEST, get_normaliser
from tain.evaluation.bootstrap import Bootstrap, percentile_interval, ranking_draws
from tain.evaluation.features import FEATURE_NAMES, N_FOLDS, surface_features
from tain.evaluation.intervals import Estimate
from tain.evaluation.ranking import auroc
from tain.evaluation.samples import Flags, Floats
from tain.mirrors.matching import Embed, Matching, Pair, match_topics, measure_matching
from tain.recipes.mirror_proof_warnings import Separation, find_warnings

HABITS = frozenset({"word_length", "sentence_length", "commas", "capitals", "digits"})  # of an author, or of a topic
N_PAIRS = 4000
N_TOPIC_PAIRS = 500


@dataclass(frozen=True, slots=True)
class MirrorProof:
    """How well mirrors match their parents, and what should be mended.

    Attributes:
        matching: Length, form and topic.
        raw: What trivial features give away in the texts as they are.
        normalised: What they still give away after the normaliser, which is what a detector sees.
        n_measured: Pairs that trivial features were measured on.
        normaliser_version: Which normaliser.
        seed: Of samples, folds and draws.
        warnings: In plain words, worst first.
    """

    matching: Matching
    raw: Separation
    normalised: Separation
    n_measured: int
    normaliser_version: int = LATEST
    seed: int = 0
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The proof as JSON values."""
        return asdict(self)


def prove_matching(
    pairs: Sequence[Pair], *, embed: Embed | None = None, seed: int = 0, is_quiet: bool = False
) -> MirrorProof:
    """Measure how well mirrors match their parents.

    Trivial features are measured on at most 4,000 pairs and topics on at most 500, drawn by the seed.

    Args:
        pairs: At least one.
        embed: Gives texts their vectors; None leaves the topic out.
        seed: Of samples, folds and draws.
        is_quiet: No progress bar.

    Raises:
        DataError: If there is no pair, or a parent has no words.
    """
    matching = measure_matching(pairs)
    normaliser = get_normaliser(LATEST)
    with progress("Proving that mirrors match", 3, unit="steps", is_quiet=is_quiet) as advance:
        if embed is not None:
            matching = replace(matching, topic=match_topics(_drawn(pairs, N_TOPIC_PAIRS, seed), embed, seed=seed))
        advance(1)
        texts = _Texts.of(_drawn(pairs, N_PAIRS, seed))
        raw = texts.separation(seed)
        advance(1)
        plain = replace(texts, texts=[normaliser.normalise(text).text for text in texts.texts]).separation(seed)
        advance(1)
    warnings = find_warnings(matching, plain)
    return MirrorProof(matching, raw, plain, min(len(pairs), N_PAIRS), normaliser.version, seed, warnings)


@dataclass(frozen=True, slots=True)
class _Texts:
    """Both sides of some pairs; a parent of several mirrors stands there once."""

    texts: list[str]
    is_ai: list[bool]
    groups: list[str]

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> _Texts:
        parents = {pair.parent.id: pair for pair in pairs}.values()
        texts = [pair.parent.text for pair in parents] + [pair.mirror.text for pair in pairs]
        groups = [pair.group for pair in parents] + [pair.group for pair in pairs]
        return cls(texts, [False] * len(parents) + [True] * len(pairs), groups)

    def separation(self, seed: int) -> Separation:
        if (n_groups := len(set(self.groups))) < N_FOLDS:
            none = Estimate(None, reason=f"needs pairs of {N_FOLDS} or more groups; found {n_groups}")
            return Separation(none, none, {})
        features, flags = surface_features(self.texts), np.array(self.is_ai)
        alone = {name: auroc(features[:, i], flags) for i, name in enumerate(FEATURE_NAMES)}
        formatting = features[:, [name not in HABITS for name in FEATURE_NAMES]]
        return Separation(self._held_out(features, flags, seed), self._held_out(formatting, flags, seed), alone)

    def _held_out(self, features: Floats, flags: Flags, seed: int) -> Estimate:
        scores = np.empty(flags.size)
        folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
        for train, test in folds.split(features, flags, self.groups):
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=seed))
            scores[test] = model.fit(features[train], flags[train]).decision_function(features[test])
        draws = ranking_draws(scores, flags, groups=self.groups, bootstrap=Bootstrap(seed=seed)).auroc
        low, high = percentile_interval(draws) or (None, None)
        return Estimate(auroc(scores, flags), low, high)


def _drawn(pairs: Sequence[Pair], n_wanted: int, seed: int) -> Sequence[Pair]:
    if len(pairs) <= n_wanted:
        return pairs
    chosen = np.random.default_rng(seed).choice(len(pairs), n_wanted, replace=False)
    return [pairs[i] for i in sorted(chosen)]

"""Zero-shot scores: what a language model's surprise at each token says of who wrote a text. Nothing is trained.

Every score is higher for AI, whatever its paper did. All are means over tokens, so texts of different lengths compare;
short ones vary more. None is a probability, and a threshold found with one model holds for no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from tain.core.errors import ConfigError, MetricError
from tain.evaluation.samples import Floats

NO_SPREAD = 1e-9


@dataclass(frozen=True, slots=True)
class TokenStatistics:
    """What a scoring model q and a reference model p say of each token of one text, given the tokens before it.

    p and q may be the same. In Fast-DetectGPT p is the sampling model; in Binoculars p observes and q performs.

    Attributes:
        log_q: Log-probability of the token under q, shape (n,), in nats.
        rank: Its place among all tokens by q, 1 the most likely; equal ones share their mean place. Shape (n,).
        entropy: Of q's distribution over the vocabulary, shape (n,), in nats.
        expected: Mean of log q over p's distribution, shape (n,); minus the cross-entropy.
        variance: Variance of log q over p's distribution, shape (n,).
        is_truncated: The text went on beyond the models' context.
    """

    log_q: Floats
    rank: Floats
    entropy: Floats
    expected: Floats
    variance: Floats
    is_truncated: bool = False

    def __post_init__(self) -> None:
        """Refuse arrays that cannot be of one text."""
        sizes = {name: getattr(self, name).shape for name in ("log_q", "rank", "entropy", "expected", "variance")}
        if len(set(sizes.values())) > 1 or self.log_q.ndim != 1:
            raise MetricError(f"The statistics of a text have shapes {sizes}; expected one number per token in each.")
        if (self.rank < 1).any():
            raise MetricError(f"A rank is {self.rank.min()}; the most likely token has rank 1.")


def likelihood(tokens: TokenStatistics) -> float:
    """Mean log-probability of the tokens.

    Args:
        tokens: Of one text, one or more.

    Source:
        Solaiman et al. 2019, arXiv:1908.09203.
    """
    return float(tokens.log_q.mean())


def log_rank(tokens: TokenStatistics) -> float:
    """Minus the mean log of the ranks.

    Args:
        tokens: Of one text, one or more.

    Source:
        Gehrmann et al. 2019, arXiv:1906.04043 (ranks); Mitchell et al. 2023, arXiv:2301.11305 (their log).
    """
    return float(-np.log(tokens.rank).mean())


def entropy(tokens: TokenStatistics) -> float:
    """Minus the mean entropy of the model's distributions.

    Args:
        tokens: Of one text, one or more.

    Source:
        Gehrmann et al. 2019, arXiv:1906.04043. Differs: the code of Fast-DetectGPT takes the mean itself, so its
        published AUROCs of entropy, which lie below one half on chat models, are one minus ours.
    """
    return float(-tokens.entropy.mean())


def log_likelihood_log_rank_ratio(tokens: TokenStatistics) -> float:
    """LRR: how large the surprise is for the ranks the tokens have.

    Args:
        tokens: Of one text, one or more.

    Source:
        Su et al. 2023, DetectLLM, arXiv:2306.05540. Differs: where every token is the likeliest, for which the ratio
        has no value, one of them is taken to be second.
    """
    total = np.log(tokens.rank).sum() or np.log(2.0)
    return float(-tokens.log_q.sum() / total)


def fast_detectgpt(tokens: TokenStatistics) -> float:
    """Conditional probability curvature: by how many deviations the text is likelier than p's own choices.

    (Σ log q − Σ expected) / √(Σ variance). The sums run over tokens; the analytic form needs no sampling.

    Args:
        tokens: Of one text, one or more.

    Returns:
        NaN where q is as sure of every token, so that nothing could surprise it.

    Source:
        Bao et al. 2024, arXiv:2310.05130; `get_sampling_discrepancy_analytic` in the authors' code.
    """
    spread = tokens.variance.sum()
    if spread <= NO_SPREAD:
        return float("nan")
    return float((tokens.log_q.sum() - tokens.expected.sum()) / np.sqrt(spread))


def binoculars(tokens: TokenStatistics) -> float:
    """Minus the log-perplexity of the text over the cross-perplexity of the two models.

    The observer p foretells what the performer q will find likely; a text no more surprising than that is AI.

    Args:
        tokens: Of one text, one or more.

    Returns:
        Below 0; −0.9015 and −0.8536 are the authors' thresholds, for Falcon-7B and Falcon-7B-Instruct only. NaN where
        the models are sure of every token.

    Source:
        Hans et al. 2024, arXiv:2401.12070. As in the authors' code the perplexity is the performer's, where the paper's
        text has the observer's. Differs: their mean cross-entropy also counts what follows the last token.
    """
    cross = -tokens.expected.sum()
    return float(tokens.log_q.sum() / cross) if cross > NO_SPREAD else float("nan")


ZERO_SHOT: Mapping[str, Callable[[TokenStatistics], float]] = {
    "likelihood": likelihood,
    "log-rank": log_rank,
    "entropy": entropy,
    "lrr": log_likelihood_log_rank_ratio,
    "fast-detectgpt": fast_detectgpt,
    "binoculars": binoculars,
}
"""Every score by name; the first four read q alone."""


def zero_shot_scores(texts: Sequence[TokenStatistics], *, names: Sequence[str] = tuple(ZERO_SHOT)) -> dict[str, Floats]:
    """Scores by name, each of shape (n,), higher means AI; NaN for texts without a token to score.

    Args:
        texts: n of them.
        names: In `ZERO_SHOT`.

    Raises:
        ConfigError: If there is no score of a name.
    """
    for name in names:
        if name not in ZERO_SHOT:
            near = get_close_matches(name, ZERO_SHOT, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ConfigError(f"There is no zero-shot score {name!r}. Expected one of {', '.join(ZERO_SHOT)}.{hint}")
    return {
        name: np.array([ZERO_SHOT[name](text) if text.log_q.size else np.nan for text in texts], dtype=np.float64)
        for name in names
    }

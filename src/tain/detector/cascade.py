"""A cheap first model that settles most texts of a corpus, so that the network reads only what could be flagged.

A text is flagged when its score exceeds the threshold of the operating point. The first model gives every text a
number; below `forward_above` the text is called human and the network never sees it. Whatever goes on gets
exactly the score it would have had anyway.

The first model is the detector's own n-grams where it has some. The network can add no more to them than its head and
its last normalisation let through, so texts whose n-grams lie further than that below the threshold
cannot be flagged at all: that threshold loses nothing, by proof. Otherwise, or when a stated loss is accepted,
`forward_above` is an order statistic of the first scores of flagged texts, and the bound on the loss is exact whatever
their distribution (Clopper and Pearson 1934; Wilks 1941, tolerance limits).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tain.core.errors import ConfigError, DetectorError
from tain.core.progress import Advance
from tain.corpora.lengths import count_words
from tain.detector.cascade_folder import CascadeRecord
from tain.detector.detector import Detector
from tain.detector.ngrams import NgramModel
from tain.detector.reach import highest_score
from tain.detector.reader import BATCH_TOKENS, Reader
from tain.detector.verdict import Verdict
from tain.evaluation.hashed_tfidf import MAX_CHARS
from tain.evaluation.intervals import CONFIDENCE

MARGIN = 1e-3  # logits: rounding differs between engines by far less
SETTLED = "Settled by the cascade's first model; the network did not read it."


@dataclass(frozen=True)
class FirstModel:
    """Raw texts in, first scores out.

    Attributes:
        reader: Of the detector, for its normaliser.
        ngrams: Distilled from the detector; None takes those that the detector adds to its network.
    """

    reader: Reader
    ngrams: NgramModel | None = None

    def __call__(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The first score of each text, NaN where it is too short, and its words; both of shape (n,)."""
        plain = [self.reader.normaliser.normalise(text).text for text in texts]
        n_words = np.array([count_words(text) for text in plain], dtype=np.int64)
        scores = np.full(len(texts), np.nan)
        is_read = n_words >= self.reader.min_words
        # The detector's own n-grams see a long text as stretches, which only its windows tell.
        is_long = np.array([self.ngrams is None and len(text) > MAX_CHARS for text in plain], dtype=bool)
        whole, long = np.flatnonzero(is_read & ~is_long), np.flatnonzero(is_read & is_long)
        scores[whole] = self._model.scores([plain[i] for i in whole.tolist()])
        scores[long] = self._of_stretches([texts[i] for i in long.tolist()])
        return scores, n_words

    @property
    def _model(self) -> NgramModel:
        model = self.ngrams or self.reader.ngrams
        if model is None:
            raise DetectorError(f"{self.reader.folder}: has no n-grams, so its cascade needs a distilled model.")
        return model

    def _of_stretches(self, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        cuts = self.reader.cut(texts)
        silent = np.zeros(sum(len(cut.windows) for cut in cuts), dtype=np.float32)  # a network that says nothing
        return [float(reading.score or 0.0) for reading in self.reader.join(cuts, silent)]


class Cascade:
    """A detector behind its first model."""

    def __init__(self, detector: Detector, record: CascadeRecord, ngrams: NgramModel | None = None) -> None:
        """Put them together.

        Args:
            detector: What the cascade was made for.
            record: Its settings.
            ngrams: The distilled model; None takes the detector's own.

        Raises:
            DetectorError: If it was made for another detector.
        """
        if record.detector != detector.model.sha256:
            raise DetectorError(
                f"The cascade was made for detector {record.detector[:12]}…, and this one is "
                f"{detector.model.sha256[:12]}…. Make it again: tain cascade."
            )
        self.detector, self.record = detector, record
        self.first = FirstModel(detector.reader, ngrams)

    def score(
        self,
        texts: Sequence[str],
        *,
        target_fpr: float | None = None,
        prior: float | None = None,
        batch_tokens: int = BATCH_TOKENS,
        advance: Advance | None = None,
    ) -> list[Verdict]:
        """The verdicts on many texts, in order.

        What the first model settles is `human`, without score, probability or windows; the rest is as `Detector.score`
        gives it.

        Args:
            texts: As they were written.
            target_fpr: Must be the one that the cascade was made for; None takes it.
            prior: As in `Detector.score`.
            batch_tokens: As in `Detector.score`.
            advance: Told the number of texts done.

        Raises:
            ConfigError: If the target is another.
            DataError: As in `Detector.score`.
        """
        own = self.record.target_fpr
        if (self.detector.settings.default_fpr if target_fpr is None else target_fpr) != own:
            raise ConfigError(
                f"The cascade was made for a false positive rate of {own}. Pass --fpr {own}, or make another."
            )
        scores, n_words = self.first(texts)
        is_settled = scores < self.record.forward_above  # NaN is not: the detector says why a text is too short
        if advance:
            advance(int(is_settled.sum()))
        forwarded = np.flatnonzero(~is_settled).tolist()
        read = self.detector.score(
            [texts[i] for i in forwarded], target_fpr=own, prior=prior, batch_tokens=batch_tokens, advance=advance
        )
        found = dict(zip(forwarded, read, strict=True))
        settled = self._settled(prior)
        return [found.get(i) or replace(settled, n_words=n) for i, n in enumerate(n_words.tolist())]

    def _settled(self, prior: float | None) -> Verdict:
        point = self.detector.point(self.record.target_fpr)
        return Verdict(
            label="human",
            score=None,
            probability=None,
            probability_reason=SETTLED,
            prior=0.5 if prior is None else prior,
            target_fpr=point.target_fpr,
            threshold=point.threshold,
            n_words=0,
            n_windows=0,
            windows=(),
            evidence=None,
            model=self.detector.model,
        )


def proven_threshold(detector: Detector, *, target_fpr: float | None = None) -> float | None:
    """The first score below which no text can be flagged; None where that cannot be known.

    Args:
        detector: With n-grams, and with a network whose head bounds what it can say.
        target_fpr: Of the operating point; None takes the default.
    """
    light = detector.reader.engines.light() if detector.reader.ngrams else None
    return None if light is None else detector.point(target_fpr).threshold - highest_score(light) - MARGIN


def n_lost_allowed(n_flagged: int, *, max_loss: float) -> int | None:
    """How many flagged texts may be lost of so many, for the bound to hold; None if they are too few even for none.

    Args:
        n_flagged: Flagged texts in the sample.
        max_loss: Largest share of flags that may be lost, between 0 and 1.
    """
    from scipy.stats import binom  # half a second, which no scoring needs

    if not n_flagged:
        return None
    # The bound of k holds while a true loss of `max_loss` would show k or fewer less often than once in twenty.
    k = int(binom.ppf(1 - CONFIDENCE, n_flagged, max_loss)) - 1
    return k if k >= 0 else None


def measured_threshold(first_scores: ArrayLike, *, max_loss: float) -> float | None:
    """The highest first score that, used as threshold, loses at most a stated share of flags with 95% confidence.

    The number lost is fixed by the sample's size before any score is seen, so the bound of that number holds for the
    order statistic too.

    Args:
        first_scores: Of flagged texts that the first model was not made from, shape (n,).
        max_loss: Largest share of flags that may be lost.

    Returns:
        None if the texts are too few: none lost of n bounds the loss at 1 - 0.05^(1/n), so 1% takes 299.
    """
    ranked = np.sort(np.asarray(first_scores, dtype=np.float64))
    k = n_lost_allowed(len(ranked), max_loss=max_loss)
    return None if k is None else float(ranked[k])

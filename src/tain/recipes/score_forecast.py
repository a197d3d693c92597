"""How long scoring a file or folder would take here, and what it would cost, from a sample of its texts."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import sqrt

from scipy.stats import t

from tain.core.errors import ConfigError, DataError
from tain.core.progress import progress
from tain.core.threads import granted_threads
from tain.detector import Detector
from tain.detector.cascade import Cascade
from tain.recipes.score_rows import BadRow, TextRow

SAMPLE_ROWS = 256
BLOCK_CHARS = 60_000
"""Several passes of the network, so that no core waits for another at the end of a block for long."""
BUDGET_S = 30.0
LEAST_BLOCKS = 5


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of a run on this machine as it is now.

    Attributes:
        n_rows: Texts that would be scored.
        n_chars: Of these.
        n_sampled: Texts that were scored for this, after the first few, which load the network.
        n_threads: Of the processor.
        chars_per_s: In the sample.
        seconds: Expected; `low` and `high` are the ends of its 95% interval.
        low: As said.
        high: As said.
        cost: At the price of an hour; None without one.
        cost_high: At the upper end.
    """

    n_rows: int
    n_chars: int
    n_sampled: int
    n_threads: int
    chars_per_s: float
    seconds: float
    low: float
    high: float
    cost: float | None = None
    cost_high: float | None = None

    @property
    def texts_per_s(self) -> float:
        """At the mean length of all texts."""
        return self.n_rows / self.seconds

    def to_dict(self) -> dict[str, object]:
        """The fields by name, ready for JSON."""
        return asdict(self) | {"texts_per_s": self.texts_per_s}


class Sample:
    """Texts drawn from rows that go by, each with the same chance, and how much went by."""

    def __init__(self, *, seed: int = 0) -> None:
        """Nothing was seen yet."""
        self.n_rows = self.n_chars = 0
        self._random = random.Random(seed)
        self._kept: list[str] = []

    def see(self, rows: Iterable[TextRow | BadRow]) -> None:
        """Count the rows that can be used, and draw from them (reservoir sampling)."""
        for row in rows:
            if isinstance(row, BadRow):
                continue
            self.n_rows += 1
            self.n_chars += len(row.text)
            if len(self._kept) < SAMPLE_ROWS:
                self._kept.append(row.text)
            elif (place := self._random.randrange(self.n_rows)) < SAMPLE_ROWS:
                self._kept[place] = row.text

    def blocks(self) -> list[list[str]]:
        """The texts drawn, in an order of their own and in blocks of like length."""
        self._random.shuffle(self._kept)
        blocks: list[list[str]] = [[]]
        for text in self._kept:
            if sum(map(len, blocks[-1])) >= BLOCK_CHARS:
                blocks.append([])
            blocks[-1].append(text)
        return blocks


def forecast(
    scorer: Detector | Cascade, sample: Sample, *, batch_tokens: int, price: float | None = None, is_quiet: bool = False
) -> Forecast:
    """Score a sample and say what all of it takes.

    Seconds go with characters: the ratio of both in the sample, times all characters; its interval is Student's for a
    ratio over blocks (Cochran 1977, equation 6.13). It speaks of this machine as busy as it is now, of texts like
    those drawn, and leaves out what loading takes and reading the file again.

    Args:
        scorer: What would score.
        sample: That has seen every row.
        batch_tokens: As for scoring.
        price: Of an hour of this machine, in any currency.
        is_quiet: No progress bar.

    Raises:
        ConfigError: If the price is negative.
        DataError: If no row can be used.
    """
    if price is not None and price < 0:
        raise ConfigError(f"--price {price} is below 0. Give what an hour of this machine costs.")
    if not sample.n_rows:
        raise DataError("No row can be used, so there is nothing to forecast.")
    blocks = sample.blocks()
    _load(scorer, blocks[0])
    seconds, chars, n_sampled = _timed(scorer, blocks, batch_tokens=batch_tokens, is_quiet=is_quiet)
    ratio = sum(seconds) / sum(chars)
    spread = _spread(seconds, chars, ratio) * sample.n_chars
    expected = ratio * sample.n_chars
    low, high = max(0.0, expected - spread), expected + spread
    return Forecast(
        n_rows=sample.n_rows,
        n_chars=sample.n_chars,
        n_sampled=n_sampled,
        n_threads=granted_threads(),
        chars_per_s=1 / ratio,
        seconds=expected,
        low=low,
        high=high,
        cost=None if price is None else price * expected / 3600,
        cost_high=None if price is None else price * high / 3600,
    )


def _load(scorer: Detector | Cascade, block: Sequence[str]) -> None:
    """Load what a long run reads with: by itself a small block would be read by the reader for a few texts."""
    detector = scorer.detector if isinstance(scorer, Cascade) else scorer
    detector.reader.engines.full()
    scorer.score(block[:4])


def _timed(
    scorer: Detector | Cascade, blocks: Sequence[list[str]], *, batch_tokens: int, is_quiet: bool
) -> tuple[list[float], list[int], int]:
    """Seconds and characters of each block that there was time for, and the number of their texts."""
    seconds: list[float] = []
    chars: list[int] = []
    n_sampled, begun = 0, time.perf_counter()
    with progress("Scoring a sample", sum(map(len, blocks)), is_quiet=is_quiet) as advance:
        for block in blocks:
            if time.perf_counter() - begun > BUDGET_S and len(seconds) >= LEAST_BLOCKS:
                break
            started = time.perf_counter()
            scorer.score(block, batch_tokens=batch_tokens, advance=advance)
            seconds.append(time.perf_counter() - started)
            chars.append(sum(map(len, block)))
            n_sampled += len(block)
    return seconds, chars, n_sampled


def _spread(seconds: Sequence[float], chars: Sequence[int], ratio: float) -> float:
    """Half of the 95% interval of a ratio of sums over blocks; as large as the ratio where one block says nothing."""
    n = len(seconds)
    if n < 2:
        return ratio
    left = sum((s - ratio * c) ** 2 for s, c in zip(seconds, chars, strict=True)) / (n - 1)
    return float(t.ppf(0.975, n - 1)) * sqrt(left / n) / (sum(chars) / n)

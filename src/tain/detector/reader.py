"""From raw texts to scores: normaliser, windows, network, roll-up. Calibration and verdicts go the same way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import ConfigError, DataError
from tain.core.progress import Advance
from tain.corpora.lengths import count_words
from tain.corpora.normalise import get_normaliser
from tain.detector.calibration import ScoredTexts, texts_sha256
from tain.detector.encoder import Encoder
from tain.detector.engines import Engines
from tain.detector.ngrams import read_ngrams
from tain.detector.reading import Cut, Reading, add_ngrams
from tain.detector.rollup import roll_up
from tain.detector.settings import MIN_WORDS
from tain.detector.windows import DEFAULT_WINDOW_TOKENS, Window, cut_windows
from tain.evaluation.overlap import text_hash

MAX_CHARS = 5_000_000
BATCH_TOKENS = 8192
_BLOCK_TEXTS = 1024  # texts whose windows are in memory at once, and sorted by length together


class Reader:
    """Scores texts, long or short, one or many."""

    def __init__(self, folder: Path, *, normaliser: int, window_tokens: int, min_words: int = MIN_WORDS) -> None:
        """Open a Classifier folder.

        Args:
            folder: With `classifier.json`, weights and tokenizer.
            normaliser: Version of the text normaliser.
            window_tokens: Most tokens read at once.
            min_words: Texts with fewer get no score.

        Raises:
            DetectorError: If the folder is no Classifier for detection, or a file in it is damaged.
            ConfigError: If windows are longer than the network reads.
        """
        self.engines = Engines(folder)
        if window_tokens > self.engines.max_tokens:
            raise ConfigError(
                f"window_tokens is {window_tokens}, but the network in {folder} reads {self.engines.max_tokens} tokens "
                "at once. Ask for no more than that."
            )
        self.folder = folder
        self.encoder = Encoder.load(folder)
        self.ngrams = read_ngrams(folder)
        self.normaliser = get_normaliser(normaliser)
        self.window_tokens = window_tokens
        self.min_words = min_words

    def read(
        self,
        texts: Sequence[str],
        *,
        batch_tokens: int = BATCH_TOKENS,
        advance: Advance | None = None,
    ) -> Iterator[Reading]:
        """The reading of each text, in order.

        Args:
            texts: Raw.
            batch_tokens: Padded tokens in one pass of the network.
            advance: Told the number of texts done.

        Raises:
            DataError: If a text is longer than 5 million characters.
        """
        blocks = [texts[start : start + _BLOCK_TEXTS] for start in range(0, len(texts), _BLOCK_TEXTS)]
        for cuts in self._cut_ahead(blocks):
            yield from self._read_block(cuts, batch_tokens, advance)

    def score_known(
        self, texts: Sequence[str], *, advance: Advance | None = None, batch_tokens: int = BATCH_TOKENS
    ) -> ScoredTexts:
        """The scores of texts whose author is known, for calibration; too short ones are counted and left out."""
        readings = self.read(texts, batch_tokens=batch_tokens, advance=advance)
        kept = [(r.score, r.n_words, text_hash(r.normalised.text)) for r in readings if r.score is not None]
        return ScoredTexts(
            scores=np.array([score for score, _, _ in kept], dtype=np.float32),
            n_words=np.array([n_words for _, n_words, _ in kept], dtype=np.int64),
            n_too_short=len(texts) - len(kept),
            sha256=texts_sha256(texts),
            hashes=np.array([number for _, _, number in kept], dtype=np.uint64),
        )

    def cut(self, texts: Sequence[str]) -> list[Cut]:
        """Each text as the network will read it; whoever has the scores of all windows then calls `join`.

        Args:
            texts: Raw.

        Raises:
            DataError: If a text is longer than 5 million characters.
        """
        normalised = [self.normaliser.normalise(_checked(text)) for text in texts]
        n_words = [count_words(item.text) for item in normalised]
        long_enough = [i for i, n in enumerate(n_words) if n >= self.min_words]
        cut = cut_windows([normalised[i].text for i in long_enough], self.encoder, window_tokens=self.window_tokens)
        windows: list[list[Window]] = [[] for _ in texts]
        for i, own in zip(long_enough, cut, strict=True):
            windows[i] = own
        return [Cut(*each) for each in zip(normalised, n_words, windows, strict=True)]

    def join(self, cuts: Sequence[Cut], scores: NDArray[np.float32]) -> list[Reading]:
        """The reading of each text from the network's scores of its windows.

        Args:
            cuts: Of the texts.
            scores: Of all their windows in order, shape (n_windows,).
        """
        parts = np.split(scores, np.cumsum([len(cut.windows) for cut in cuts])[:-1])
        readings = [
            Reading(cut.normalised, cut.n_words, cut.windows, part, _rolled_up(part, cut.windows))
            for cut, part in zip(cuts, parts, strict=True)
        ]
        return add_ngrams(readings, self.ngrams) if self.ngrams else readings

    def _cut_ahead(self, blocks: Sequence[Sequence[str]]) -> Iterator[list[Cut]]:
        """Each block cut; where there are several, the next one while the network reads this one."""
        if len(blocks) < 2:
            yield from map(self.cut, blocks)
            return
        with ThreadPoolExecutor(1, thread_name_prefix="cut-ahead") as thread:
            coming = thread.submit(self.cut, blocks[0])
            for following in [*blocks[1:], ()]:
                ready, coming = coming, thread.submit(self.cut, following)
                yield ready.result()

    def _read_block(self, cuts: Sequence[Cut], batch_tokens: int, advance: Advance | None) -> list[Reading]:
        rows = [window.token_ids for cut in cuts for window in cut.windows]
        by_rows = _Steps(advance, n_texts=len(cuts), n_rows=len(rows)) if advance else None
        scores = self.engines.scores(rows, batch_tokens=batch_tokens, advance=by_rows)
        if by_rows:
            by_rows.finish()
        return self.join(cuts, scores)


class _Steps:
    """Turns windows done into texts done: windows go through the network by length, not text by text."""

    def __init__(self, advance: Advance, *, n_texts: int, n_rows: int) -> None:
        self._advance = advance
        self._n_texts = n_texts
        self._n_rows = n_rows
        self._n_rows_done = 0
        self._n_told = 0

    def __call__(self, n_rows: int) -> None:
        self._n_rows_done += n_rows
        self._tell(self._n_texts * self._n_rows_done // self._n_rows)

    def finish(self) -> None:
        self._tell(self._n_texts)

    def _tell(self, n_texts: int) -> None:
        if n_texts > self._n_told:
            self._advance(n_texts - self._n_told)
            self._n_told = n_texts


def default_window_tokens(folder: Path) -> int:
    """256 tokens, or as many as the network of a Classifier folder reads if that is fewer."""
    return min(DEFAULT_WINDOW_TOKENS, Engines(folder).max_tokens)


def _checked(text: str) -> str:
    if len(text) > MAX_CHARS:
        raise DataError(
            f"The text has {len(text):,} characters; at most {MAX_CHARS:,} are read as one text. Split it into parts."
        )
    return text


def _rolled_up(scores: NDArray[np.float32], windows: Sequence[Window]) -> float | None:
    return roll_up(scores, [window.n_tokens for window in windows]) if windows else None

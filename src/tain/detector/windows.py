"""Long texts as windows of even length, cut at sentence ends; every character belongs to exactly one window."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from tain.core.errors import ConfigError
from tain.detector.encoder import Encoder, Tokens

DEFAULT_WINDOW_TOKENS = 256
MIN_WINDOW_TOKENS = 16
FILL = 0.9  # windows are planned this full, so that a cut may move to the end of a sentence
REACH = 0.25  # how far it may move, as a share of a window
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]»]*\s+|[。！？][」』”’）]*\s*")


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a text that the network reads at once.

    Attributes:
        start: First character.
        end: One past the last character.
        token_ids: Of the stretch read by itself, with special tokens.
        n_tokens: Without special tokens.
    """

    start: int
    end: int
    token_ids: list[int]
    n_tokens: int


def cut_windows(texts: Sequence[str], encoder: Encoder, *, window_tokens: int) -> list[list[Window]]:
    """The windows of each text.

    A text that fits is one window. A longer one is cut into the fewest windows that leave a tenth of each free, as even
    as sentence ends allow: none is shorter than about half the others, so none is scored on a scrap.

    Args:
        texts: Normalised.
        encoder: Of the network that will read them.
        window_tokens: Most tokens in a window, special ones included; at least 16.

    Raises:
        ConfigError: If windows are too small.
    """
    if window_tokens < MIN_WINDOW_TOKENS + encoder.n_special:
        raise ConfigError(
            f"window_tokens is {window_tokens}; expected at least {MIN_WINDOW_TOKENS + encoder.n_special}."
        )
    tokens = encoder.encode(texts)
    return [_windows(text, 0, own, encoder, window_tokens) for text, own in zip(texts, tokens, strict=True)]


def _windows(text: str, offset: int, tokens: Tokens, encoder: Encoder, window_tokens: int) -> list[Window]:
    capacity = window_tokens - encoder.n_special
    n_tokens = len(tokens.starts)
    if n_tokens <= capacity:
        return [Window(offset, offset + len(text), tokens.ids, n_tokens)]
    cuts = plan_cuts(text, tokens.starts, capacity=capacity)
    spans = list(zip([0, *cuts], [*cuts, len(text)], strict=True))
    # Each stretch is tokenised by itself, as a short text would be in training. Some tokenizers need a token more at
    # the beginning of a text than in its middle; a stretch that no longer fits is cut again.
    pieces = encoder.encode([text[start:end].strip() for start, end in spans])
    windows: list[Window] = []
    for (start, end), piece in zip(spans, pieces, strict=True):
        if len(piece.starts) <= capacity:
            windows.append(Window(offset + start, offset + end, piece.ids, len(piece.starts)))
        else:
            stretch = text[start:end]
            windows += _windows(stretch, offset + start, encoder.encode([stretch])[0], encoder, window_tokens)
    return windows


def plan_cuts(text: str, starts: Sequence[int], *, capacity: int) -> list[int]:
    """Where to cut a text, in characters, ascending.

    Args:
        text: What is cut.
        starts: Where each token begins, in characters.
        capacity: Most tokens between two cuts; less than there are tokens.
    """
    places = [_after_spaces(text, start) for start in starts]
    n_tokens = len(places)
    n_windows = max(2, ceil(n_tokens / (FILL * capacity)))
    sentences = _indices(places, [match.end() for match in _SENTENCE_END.finditer(text)])
    words = [i for i in range(1, n_tokens) if text[places[i] - 1 : places[i]].isspace()]
    even = n_tokens / n_windows
    cuts, last = [], 0
    for n_done in range(1, n_windows):
        ideal = n_done * even
        low = max(last + 1, n_tokens - (n_windows - n_done) * capacity, ceil(ideal - REACH * even))
        high = min(last + capacity, n_tokens - 1, int(ideal + REACH * even))
        last = _nearest(sentences, ideal, low, high) or _nearest(words, ideal, low, high) or _between(ideal, low, high)
        cuts.append(places[last])
    return sorted(set(cuts) - {0, len(text)})


def _after_spaces(text: str, position: int) -> int:
    # Some tokenizers count the space before a word to the word.
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _indices(places: Sequence[int], positions: Sequence[int]) -> list[int]:
    found = (bisect_left(places, position) for position in positions)
    return [i for i in found if 0 < i < len(places)]


def _nearest(candidates: Sequence[int], ideal: float, low: int, high: int) -> int | None:
    inside = candidates[bisect_left(candidates, low) : bisect_left(candidates, high + 1)]
    return min(inside, key=lambda i: abs(i - ideal), default=None)


def _between(ideal: float, low: int, high: int) -> int:
    return min(max(round(ideal), low), high)

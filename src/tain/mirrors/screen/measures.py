"""What is counted rather than looked up: ends, lengths, language, copies, repeats."""

from __future__ import annotations

from collections.abc import Iterator

from tain.core.example import Example
from tain.mirrors.screen.copies import GRAM_WORDS, longest_run, repeated_share, shared_runs
from tain.mirrors.screen.rejection import Copying, Rejection, Rules
from tain.mirrors.screen.tongue import are_alike, detect_language
from tain.mirrors.words import count_words, ends_sentence, tokens

CUT_OFF = frozenset({"length", "max_tokens"})


def find_cut(parent: str, text: str, finish_reason: str | None, *, is_prose: bool) -> Iterator[Rejection]:
    """A rejection where an answer stopped before its end."""
    if finish_reason in CUT_OFF:
        yield Rejection("truncated", f"finish reason {finish_reason}: the token limit was met")
    elif is_prose and ends_sentence(parent) and not ends_sentence(text):
        yield Rejection("truncated", f"no sentence ends in “{text.strip()[-40:]}”, as one does in the parent")


def find_length(parent: str, text: str, length_ratio: tuple[float, float]) -> Iterator[Rejection]:
    """A rejection where a mirror is too short or too long for its parent."""
    low, high = length_ratio
    n_parent, n_words = count_words(parent), count_words(text)
    if not low * n_parent <= n_words <= high * n_parent:
        ratio = f"{n_words / n_parent:.2f}" if n_parent else "no"
        yield Rejection("length", f"{n_words} words for the parent's {n_parent}: {ratio} of it (from {low} to {high})")


def find_other_language(parent: Example, text: str, rules: Rules) -> Iterator[Rejection]:
    """A rejection where a mirror is surely in another language; the parent's is detected in the same way."""
    if count_words(text) < rules.min_language_words:
        return
    found, confidence = detect_language(text)
    if confidence < rules.min_language_confidence or are_alike(found, parent.language or ""):
        return
    expected, _ = detect_language(parent.text)
    if not are_alike(found, expected):
        yield Rejection("language", f"{found} ({confidence:.0%}) where the parent is in {parent.language or expected}")


def find_copy(parent: str, text: str, limit: Copying) -> Iterator[Rejection]:
    """A rejection where a mirror repeats too much of its parent."""
    yield from find_run(parent, text, max_run=limit.max_run)
    n_shared, n_runs = shared_runs(tokens(text), tokens(parent))
    n_in_one_run = (
        limit.max_run - GRAM_WORDS + 1
    )  # one run that is allowed must not be too large a share of a short text
    if n_shared > max(n_in_one_run, limit.max_share * n_runs):
        shown = f"{n_shared / n_runs:.0%} of its runs of {GRAM_WORDS} words"
        yield Rejection("copy", f"{shown} stand in the parent (at most {limit.max_share:.0%})")


def find_run(parent: str, text: str, *, max_run: int) -> Iterator[Rejection]:
    """A rejection where many words in a row stand in the parent."""
    run = longest_run(tokens(text), tokens(parent))
    if len(run) > max_run:
        shown = " ".join(run[:12]) + ("…" if len(run) > 12 else "")
        yield Rejection("copy", f"{len(run)} words in a row are the parent's (at most {max_run}): “{shown}”")


def find_repetition(parent: str, text: str, max_share: float) -> Iterator[Rejection]:
    """A rejection where a text says the same again and again, and its parent does not."""
    share = repeated_share(tokens(text))
    if share > max_share and share > repeated_share(tokens(parent)):
        yield Rejection("repetition", f"{share:.0%} of its runs of four words are repeats (at most {max_share:.0%})")


def find_excess(text: str, *, max_words: int) -> Iterator[Rejection]:
    """A rejection where a text that should be short is not."""
    if (n_words := count_words(text)) > max_words:
        yield Rejection("length", f"{n_words} words (at most {max_words})")

"""The versioned normaliser: what every text goes through before a model sees it, and the way back to the original.

Formatting gives the label away in every public corpus: line breaks, quotes, Markdown, "Sure, here is". The
normaliser unifies all that, keeps words and case, and remembers where each character came from.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tain.core.errors import ConfigError
from tain.corpora import characters, chat, markup, spacing
from tain.corpora.edits import Edit, Layer, apply

Step = Callable[[str], str | Iterable[Edit]]
"""Either the text of the same length, or the edits to make."""

_MAX_ROUNDS = 12
_MAX_ROUNDS_WITHOUT_MARKS = 40


@dataclass(frozen=True, slots=True)
class Normalised:
    """A normalised text and the way back.

    Attributes:
        text: What the model sees.
        original: What was given.
        layers: The edits in the order they were made.
    """

    text: str
    original: str
    layers: tuple[Layer, ...] = ()

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The half-open span of the original that a half-open span of the normalised text came from.

        Args:
            start: First character, from 0.
            end: One past the last character, at most the length of the text.

        Raises:
            ConfigError: If the span does not lie in the text.
        """
        if not 0 <= start <= end <= len(self.text):
            raise ConfigError(f"The span {start}:{end} does not lie in a text of {len(self.text)} characters.")
        if start == end:
            position = self._start(start)
            return position, position
        return self._start(start), self._end(end - 1)

    @property
    def offsets(self) -> array[int]:
        """Where each character began in the original, and last of all the end; length `len(text) + 1`."""
        return array("q", (self._start(i) for i in range(len(self.text) + 1)))

    def _start(self, position: int) -> int:
        if position == len(self.text):
            return len(self.original) if not position else self._end(position - 1)
        for layer in reversed(self.layers):
            position = layer.old_start(position)
        return position

    def _end(self, position: int) -> int:
        for layer in reversed(self.layers):
            position = layer.old_end(position) - 1
        return position + 1


class Normaliser:
    """Version 1: Unicode, look-alikes, HTML, Markdown, quotes, dashes, spaces, chat openers and closers.

    Applying it twice changes nothing more. Newer rules get a new version, because a Detector's operating points
    hold only for the normaliser it was calibrated with.
    """

    version: int = 1
    steps: tuple[Step, ...] = (
        characters.invisible,
        characters.same_length,
        characters.compatibility_forms,
        markup.entities,
        markup.tags,
        markup.fences,
        markup.line_marks,
        markup.list_numbers,
        markup.links,
        markup.stars,
        markup.underscores,
        spacing.ticks,
        markup.code_spans,
        spacing.dashes,
        spacing.breaks,
        spacing.runs,
        spacing.before_punctuation,
        spacing.inside_brackets,
        spacing.contractions,
        chat.openers,
        chat.closers,
    )

    def normalise(self, text: str) -> Normalised:
        """The text in its plain form, with the way back to the original.

        Rounds repeat until one changes nothing, so that a second call has nothing left to do.

        Args:
            text: Any text, also an empty one.
        """
        now, layers = text, list[Layer]()
        for n_rounds in range(_MAX_ROUNDS + _MAX_ROUNDS_WITHOUT_MARKS):
            before = now
            # Markup nested this deep is no writing: all its marks go, which bounds the number of rounds.
            steps = self.steps if n_rounds < _MAX_ROUNDS else (markup.all_marks, *self.steps)
            for step in steps:
                now = _take(step, now, layers)
            if now == before:
                break
        return Normalised(now, text, tuple(layers))


def _take(step: Step, text: str, layers: list[Layer]) -> str:
    result = step(text)
    if isinstance(result, str):
        return result
    edited, layer = apply(text, result)
    if layer is not None:
        layers.append(layer)
    return edited


NORMALISERS: dict[int, Normaliser] = {1: Normaliser()}
LATEST = max(NORMALISERS)


def get_normaliser(version: int = LATEST) -> Normaliser:
    """The normaliser of a version.

    Raises:
        ConfigError: If there is none.
    """
    if version not in NORMALISERS:
        raise ConfigError(
            f"There is no text normaliser version {version}; this tain knows {sorted(NORMALISERS)}. "
            "A newer tain may be needed for this detector: pip install -U tain."
        )
    return NORMALISERS[version]

"""What makes a verdict weaker than it looks."""

from __future__ import annotations

from tain.detector.reading import Reading
from tain.detector.settings import Settings

_OTHER_SCRIPTS = ("am", "ar", "bg", "bn", "el", "fa", "he", "hi", "hy", "ja", "ka", "kk", "km", "ko", "lo", "mk", "mn")
_MORE_SCRIPTS = ("mr", "my", "ne", "pa", "ps", "ru", "si", "sr", "ta", "te", "th", "ug", "uk", "ur", "yi", "zh")
NOT_LATIN = frozenset((*_OTHER_SCRIPTS, *_MORE_SCRIPTS))
"""Languages written in other letters."""
MIN_LATIN_SHARE = 0.6


def warnings_for(reading: Reading, settings: Settings) -> tuple[str, ...]:
    """One sentence for each way in which a text is unlike those that the detector was calibrated with.

    Args:
        reading: Of the text.
        settings: Of the detector.
    """
    found = (_length(reading.n_words, settings), _script(reading.normalised.text, settings))
    return tuple(warning for warning in found if warning)


def _length(n_words: int, settings: Settings) -> str | None:
    words = settings.calibration.words
    if words.low <= n_words <= words.high:
        return None
    return (
        f"The text has {n_words:,} words; 98% of the human calibration texts have {words.low:,} to {words.high:,}. "
        "The stated false positive rate was measured on those lengths."
    )


def _script(text: str, settings: Settings) -> str | None:
    if NOT_LATIN.intersection(settings.about.languages):
        return None
    letters = [character for character in text if character.isalpha()]
    n_latin = sum(character < "ɐ" for character in letters)
    if letters and n_latin >= MIN_LATIN_SHARE * len(letters):
        return None
    names = ", ".join(settings.about.languages)
    return (
        f"Most letters of the text are not Latin, and the detector was made for {names}. Its score means little here."
    )

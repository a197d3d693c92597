"""Human texts of kinds that are not mined, read once: they judge every round, and teach nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from tain.core.errors import ConfigError
from tain.core.example import Example
from tain.corpora.lengths import count_words
from tain.corpora.normalise import get_normaliser
from tain.corpora.sampling import sample_per_domain
from tain.detector.reader import MAX_CHARS
from tain.detector.settings import MIN_WORDS
from tain.mining.control import GUARD, part_again
from tain.recipes.mine.configuration import MineSettings
from tain.recipes.reading import read_beside, set_aside_name


def read_guard(
    settings: MineSettings,
    held: Mapping[str, list[Example]],
    counts: Counter[str],
    *,
    folder: Path,
    is_quiet: bool = False,
) -> list[Example]:
    """The texts of `mining.guard`, without those that nearly repeat a held text of the pool; none where none are named.

    Args:
        settings: Name the files.
        held: The pool's texts that judge, by part.
        counts: Told what was left out, by reason.
        folder: For rows that cannot be used, where these are set aside.
        is_quiet: No progress bars.

    Raises:
        ConfigError: If files are named and no text of them is left.
        DataError: If a file cannot be used.
    """
    files = settings.mining.guard
    if not files:
        return []
    aside = folder / set_aside_name(GUARD)
    rows = read_beside(files, settings.run.corpus, default_label="human", set_aside=aside, is_quiet=is_quiet)
    usable = _usable(rows, settings, counts)
    found = sample_per_domain(usable, cap=settings.mining.max_held_per_domain, seed=settings.run.seed)
    kept, counts["guard: repeats of texts that judge"] = part_again({**held, GUARD: found})
    if not kept[GUARD]:
        raise ConfigError(
            f"No text of {', '.join(files)} can guard: expected human texts of {MIN_WORDS} words or more that do not "
            "stand in the pool's held parts too."
        )
    return kept[GUARD]


def _usable(rows: Iterator[Example], settings: MineSettings, counts: Counter[str]) -> Iterator[Example]:
    normaliser = get_normaliser(settings.run.corpus.normaliser)
    for example in rows:
        if example.label != "human":
            counts["guard: not labelled human"] += 1
        elif len(example.text) > MAX_CHARS:
            counts["guard: too long"] += 1
        elif count_words(normaliser.normalise(example.text).text) < MIN_WORDS:
            counts["guard: too short"] += 1
        else:
            yield example

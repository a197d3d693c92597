"""The human texts that are to have mirrors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tain.core.errors import DataError
from tain.core.example import Example
from tain.corpora.columns import ColumnMap
from tain.corpora.lengths import cut_at_sentence
from tain.corpora.reading import OnBad, read_examples

MIN_SHARE = 0.6  # of the words kept, before which no end of a sentence is looked for


def read_humans(
    paths: Sequence[str],
    *,
    columns: ColumnMap,
    on_bad: OnBad = "stop",
    set_aside: Path | None = None,
    is_quiet: bool = False,
) -> Iterator[Example]:
    """The human texts of files, folders and Hub ids; rows labelled otherwise are passed over.

    Args:
        paths: A file without a label column holds human texts.
        columns: Which column holds what.
        on_bad: What to do with rows that cannot be used.
        set_aside: File for these.
        is_quiet: No progress bar.

    Raises:
        DataError: If a file or row cannot be used, or there is no human text.
    """
    examples = read_examples(
        paths, columns=columns, default_label="human", on_bad=on_bad, set_aside=set_aside, is_quiet=is_quiet
    )
    return _only_humans(examples, paths)


def _only_humans(examples: Iterator[Example], paths: Sequence[str]) -> Iterator[Example]:
    n_humans = 0
    for example in examples:
        if example.label == "human":
            n_humans += 1
            yield example
    if not n_humans:
        raise DataError(f"No row of {', '.join(paths)} is labelled human, so there is nothing to mirror.")


def shorten(parents: Iterable[Example], max_words: int | None) -> Iterator[Example]:
    """The texts, of long ones only the beginning, to the end of a sentence where there is one.

    Args:
        parents: Human texts.
        max_words: None keeps all of every text.
    """
    for parent in parents:
        if max_words is None or len(parent.text.split()) <= max_words:
            yield parent
        else:
            yield replace(parent, text=cut_at_sentence(parent.text, max_words, at_least=MIN_SHARE * max_words))

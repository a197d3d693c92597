"""Reading texts as the corpus settings of a Run say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tain.core.example import Example, LabelSet
from tain.corpora.columns import ColumnMap
from tain.corpora.labels import DETECTION_MAP, LabelMap, parse_label_map
from tain.corpora.reading import read_examples
from tain.recipes.configuration import CorpusConfig


def set_aside_name(part: str) -> str:
    """The file of the rows that cannot be used, of those named as `train`, `valid`, `unlabelled`, `pool` and so on."""
    return f"set_aside-{part}.jsonl"


def label_map(config: CorpusConfig) -> LabelMap:
    """What raw labels mean under these settings."""
    return parse_label_map(config.label_map) if config.label_map else DETECTION_MAP


def label_set(config: CorpusConfig) -> LabelSet:
    """The classes of a Run."""
    return label_map(config).labels


def read(
    paths: Sequence[str],
    config: CorpusConfig,
    *,
    set_aside: Path,
    is_labelled: bool = True,
    is_quiet: bool = False,
) -> Iterator[Example]:
    """The examples of files, folders and Hub ids; everything is checked before the first one comes.

    Args:
        paths: What to read.
        config: Columns, labels and what to do with bad rows.
        set_aside: File for bad rows, where they are set aside; written only when there are some.
        is_labelled: Every row needs a label; otherwise none is read, even where there is one.
        is_quiet: No progress bar.

    Raises:
        DataError: If a file or, under `stop`, a row cannot be used.
    """
    columns = ColumnMap(
        id=config.id_column,
        text=config.text_column,
        label=config.label_column if is_labelled else None,
        group=config.group_column,
        domain=config.domain_column,
    )
    return read_examples(
        paths,
        columns=columns,
        labels=label_map(config) if is_labelled else None,
        on_bad=config.on_bad,
        set_aside=set_aside if config.on_bad == "set_aside" else None,
        is_quiet=is_quiet,
    )


def read_beside(
    paths: Sequence[str],
    config: CorpusConfig,
    *,
    default_label: str,
    set_aside: Path,
    columns: ColumnMap | None = None,
    is_quiet: bool = False,
) -> Iterator[Example]:
    """The examples of files that are no part of the corpus, such as a pool: of its settings only `on_bad` counts.

    Args:
        paths: What to read.
        config: What to do with bad rows.
        default_label: human or ai, of files without a label column.
        set_aside: File for bad rows, where they are set aside; written only when there are some.
        columns: Which column holds what; None looks for the usual names.
        is_quiet: No progress bar.

    Raises:
        DataError: If a file or, under `stop`, a row cannot be used.
    """
    return read_examples(
        paths,
        columns=columns,
        default_label=default_label,
        on_bad=config.on_bad,
        set_aside=set_aside if config.on_bad == "set_aside" else None,
        is_quiet=is_quiet,
    )

"""Reading texts as the corpus settings of a Run say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tain.core.example import Example, LabelSet
from tain.corpora.columns import ColumnMap
from tain.corpora.labels import DETECTION_MAP, LabelMap, parse_label_map
from tain.corpora.reading import read_examples
from tain.recipes.configuration import CorpusConfig

SET_ASIDE = "set_aside.jsonl"


def label_map(config: CorpusConfig) -> LabelMap:
    """What raw labels mean under these settings."""
    return parse_label_map(config.label_map) if config.label_map else DETECTION_MAP


def label_set(config: CorpusConfig) -> LabelSet:
    """The classes of a Run."""
    return label_map(config).labels


def read(paths: Sequence[str], config: CorpusConfig, *, folder: Path | None = None) -> Iterator[Example]:
    """The labelled examples of files, folders and Hub ids; everything is checked before the first one comes.

    Args:
        paths: What to read.
        config: Columns, labels and what to do with bad rows.
        folder: Where bad rows are set aside.

    Raises:
        DataError: If a file or, under `stop`, a row cannot be used.
    """
    columns = ColumnMap(
        id=config.id_column, text=config.text_column, label=config.label_column, group=config.group_column
    )
    set_aside = (folder or Path.cwd()) / SET_ASIDE if config.on_bad == "set_aside" else None
    return read_examples(paths, columns=columns, labels=label_map(config), on_bad=config.on_bad, set_aside=set_aside)

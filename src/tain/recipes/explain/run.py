"""`tain explain` from names of files to an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tain.core.errors import ConfigError
from tain.core.example import Corpus
from tain.core.files import refuse_overwrite
from tain.corpora.columns import ColumnMap
from tain.corpora.reading import read_corpus
from tain.recipes.check import read_text
from tain.recipes.explain.explain import Explained, explain
from tain.recipes.explain.output import RowFormat, write_explained
from tain.recipes.explain.said import ask
from tain.recipes.explain.settings import ExplainSettings
from tain.recipes.explain.subject import Subject, label_map_for, load_subject


@dataclass(frozen=True)
class TextFiles:
    """Where the texts stand.

    Attributes:
        train: Files, folders or Hub ids of what the classifier was trained on.
        valid: Of texts whose loss is looked at; empty with `text`.
        text: File of one text, or `-`; None with `valid`.
        columns: Which column holds what; None looks for the usual names.
        label_map: `raw=label` pairs.
    """

    train: Sequence[str]
    valid: Sequence[str] = ()
    text: str | None = None
    columns: ColumnMap | None = None
    label_map: Sequence[str] = field(default=())


def run_explain(
    model: Path,
    files: TextFiles,
    settings: ExplainSettings,
    *,
    output: Path | None = None,
    rows: RowFormat = "parquet",
    gradients: Path | None = None,
    force: bool = False,
    is_quiet: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Explained:
    """Score every training text, and write the scores where a folder is named.

    Args:
        model: Run, its model folder, or a detector's folder.
        files: Training texts, and what is asked.
        settings: Estimator and projection.
        output: Folder to write; None writes nothing.
        rows: Format of the table in it.
        gradients: Folder that keeps gradients for the next time; None keeps none.
        force: Replace the output.
        is_quiet: No progress bars.
        tell: Told what is going on, a line at a time.

    Raises:
        ConfigError: If there is nothing to ask, or a setting is impossible.
        DataError: If the texts cannot be read.
        DetectorError: If there is no classifier.
        MethodError: If nothing of the network was trained.
    """
    if not files.train:
        raise ConfigError("There are no training texts to score. Give --train FILE, what the classifier learned from.")
    if bool(files.valid) == (files.text is not None):
        raise ConfigError("Give either --valid FILE, texts whose loss is looked at, or --text FILE, one text.")
    if output is not None:
        refuse_overwrite(output, force=force)
    text = None if files.text is None else read_text(files.text)
    subject = load_subject(model)
    train = _read(files.train, files, subject, is_quiet=is_quiet)
    asked = _read(files.valid, files, subject, is_quiet=is_quiet) if text is None else ask(subject, text)
    found = explain(subject, train, asked, settings, gradients=gradients, is_quiet=is_quiet, tell=tell)
    if output is not None:
        write_explained(found, output, rows=rows)
    return found


def _read(paths: Sequence[str], files: TextFiles, subject: Subject, *, is_quiet: bool) -> Corpus:
    labels = label_map_for(subject.labels, files.label_map)
    return read_corpus(paths, columns=files.columns, labels=labels, is_quiet=is_quiet)

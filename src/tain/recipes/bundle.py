"""Freezing labelled files into a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tain.core.errors import DataError
from tain.core.example import Corpus, Example
from tain.core.files import refuse_overwrite
from tain.core.progress import progress
from tain.corpora.columns import ColumnMap
from tain.corpora.labels import DETECTION_MAP, LabelMap
from tain.corpora.normalise import get_normaliser
from tain.corpora.reading import read_corpus
from tain.evaluation.bundle import BUNDLE, Bundle, write_bundle
from tain.evaluation.openings import LEDGER
from tain.evaluation.protocol import Protocol
from tain.recipes.slice_columns import extra_slices


def make_bundle(
    files: Sequence[str],
    *,
    output: Path,
    protocol: Protocol,
    columns: ColumnMap | None = None,
    labels: LabelMap = DETECTION_MAP,
    slices: Sequence[str] = (),
    force: bool = False,
    is_quiet: bool = False,
) -> Bundle:
    """A frozen evaluation set of labelled files.

    Args:
        files: Files, folders and Hub ids.
        output: Folder of the bundle.
        protocol: Says which texts are left out, whether they are normalised, and how detectors are measured.
        columns: Which column holds what; None looks for the usual names.
        labels: What raw labels mean.
        slices: Further columns that results will be cut by.
        force: Replace a bundle that was never opened.
        is_quiet: No progress bars.

    Raises:
        ConfigError: If the folder is taken, or the protocol names a normaliser that there is none of.
        DataError: If a file cannot be used, no text is left, or the bundle there was opened already.
    """
    refuse_overwrite(output, force=force)
    _refuse_opened(output)
    found = columns or ColumnMap()
    corpus = read_corpus(files, columns=found, labels=labels, is_quiet=is_quiet)
    more = extra_slices(files, corpus, columns=found, names=slices)
    shaped = _shaped(corpus, protocol, is_quiet=is_quiet)
    keep = [len(example.text.split()) >= protocol.min_words for example in shaped]
    kept = Corpus(shaped, corpus.labels).select(keep)
    return write_bundle(
        output,
        kept,
        protocol,
        more_slices={name: _select(values, keep) for name, values in more.items()},
        n_left_out=len(keep) - sum(keep),
    )


def _refuse_opened(folder: Path) -> None:
    if (folder / BUNDLE).is_file() and (folder / LEDGER).exists():
        raise DataError(
            f"{folder}: was opened already, and its ledger must not be lost. Freeze the new set in another folder."
        )


def _shaped(corpus: Corpus, protocol: Protocol, *, is_quiet: bool) -> tuple[Example, ...]:
    if protocol.normaliser is None:
        return corpus.examples
    normaliser = get_normaliser(protocol.normaliser)
    shaped = []
    with progress("Normalising", len(corpus), is_quiet=is_quiet) as advance:
        for example in corpus:
            shaped.append(replace(example, text=normaliser.normalise(example.text).text))
            advance(1)
    return tuple(shaped)


def _select(values: Sequence[str | None], keep: Sequence[bool]) -> list[str | None]:
    return [value for value, wanted in zip(values, keep, strict=True) if wanted]

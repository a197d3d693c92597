"""Examples from files, folders and the Hub: everything is checked before the first one is handed out."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from tain.core.errors import ConfigError, DataError, sample
from tain.core.example import DETECTION, Corpus, Example
from tain.core.progress import progress
from tain.corpora.checks import RowChecker, file_source
from tain.corpora.columns import ColumnMap
from tain.corpora.faults import Fault, FaultLog
from tain.corpora.formats import Row
from tain.corpora.labels import DETECTION_MAP, LabelMap
from tain.corpora.places import Place, find_places

OnBad = Literal["stop", "set_aside"]


def iter_rows(path: str | Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Line number and columns of each row of a file, folder or Hub data set, as they stand.

    Args:
        path: JSONL, CSV, Parquet or .txt, plain or with .gz or .zst; a folder of them; or a Hub id.

    Raises:
        DataError: At the first row or file that cannot be read.
    """
    for place in find_places([path], labels=None):
        for row in place.rows():
            if isinstance(row, Fault):
                raise DataError(f"{row}.")
            yield row.line, row.values


def read_examples(
    paths: Sequence[str | Path],
    *,
    columns: ColumnMap | None = None,
    labels: LabelMap | None = DETECTION_MAP,
    on_bad: OnBad = "stop",
    set_aside: Path | None = None,
    default_label: str | None = None,
    is_quiet: bool = False,
) -> Iterator[Example]:
    """The examples of all files, streamed; the whole of every file is checked before this returns.

    Files are read twice, once to check and once to yield, so that memory holds one batch of rows and eight bytes
    for each id.

    Args:
        paths: Files, folders and Hub ids; `owner/name:split` names a Hub split.
        columns: Which column holds what; None looks for the usual names.
        labels: What raw labels mean; None reads no labels.
        on_bad: Stop when there are bad rows, or set them aside and go on without them.
        set_aside: JSONL file for the bad rows, written only when there are some.
        default_label: Label of rows in files without a label column.
        is_quiet: No progress bar.

    Raises:
        DataError: If a file cannot be read, a row is bad (under `stop`), or no row is left.
        ConfigError: If bad rows are to be set aside and no file is named, or the default label is unknown.
    """
    if on_bad == "set_aside" and set_aside is None:
        raise ConfigError(
            "Bad rows are to be set aside, but no file is named for them. Name one with --set-aside FILE."
        )
    if labels is not None and default_label is not None:
        if not labels.known(default_label):
            raise ConfigError(f"The default label {default_label!r} is not one of {list(labels.labels.names)}.")
        default_label = labels.label(default_label)
    reader = _Reader(find_places(paths, labels=labels), columns or ColumnMap(), labels, default_label)
    doubles = reader.check(set_aside if on_bad == "set_aside" else None, is_quiet=is_quiet)
    return reader.examples(doubles)


def read_corpus(
    paths: Sequence[str | Path],
    *,
    columns: ColumnMap | None = None,
    labels: LabelMap | None = DETECTION_MAP,
    on_bad: OnBad = "stop",
    set_aside: Path | None = None,
    default_label: str | None = None,
    is_quiet: bool = False,
) -> Corpus:
    """All examples in memory, with their label set; arguments and errors as in `read_examples`."""
    examples = read_examples(
        paths,
        columns=columns,
        labels=labels,
        on_bad=on_bad,
        set_aside=set_aside,
        default_label=default_label,
        is_quiet=is_quiet,
    )
    return Corpus(tuple(examples), labels.labels if labels is not None else DETECTION)


@dataclass(frozen=True, slots=True)
class _Reader:
    places: list[Place]
    columns: ColumnMap
    labels: LabelMap | None
    default_label: str | None

    def check(self, set_aside: Path | None, *, is_quiet: bool) -> frozenset[int]:
        """Read everything once; the hashes of ids that more than one row has."""
        with ExitStack() as stack, progress("Checking rows", None, unit="rows", is_quiet=is_quiet) as advance:
            log = FaultLog(set_aside, stack)
            hashes = array("Q")
            for _, row, outcome in self._outcomes():
                advance(1)
                if isinstance(outcome, Fault):
                    log.add(outcome, row.values if row else None)
                elif outcome is not None:
                    hashes.append(_id_hash(outcome.id))
            doubles = _repeated(hashes)
            n_doubles = self._log_doubles(doubles, log) if doubles else 0
            log.stop_if_any()
            if len(hashes) == n_doubles:
                raise DataError(f"No row of {self._names()} can be used.{log.first()}")
        return doubles

    def examples(self, doubles: frozenset[int]) -> Iterator[Example]:
        """Read everything again, without what the check has found bad."""
        seen: set[int] = set()
        for _, _, outcome in self._outcomes():
            if isinstance(outcome, Example) and not _is_double(outcome.id, doubles, seen):
                yield outcome

    def _outcomes(self) -> Iterator[tuple[Place, Row | None, Example | Fault | None]]:
        for place in self.places:
            checker = RowChecker(
                file=place.name,
                columns=self.columns,
                labels=self.labels,
                default_label=self.default_label or place.folder_label,
                id_prefix=place.id_prefix,
                source=file_source(place.path) if place.path else place.name,
            )
            for row in place.rows():
                yield (place, None, row) if isinstance(row, Fault) else (place, row, checker.example(row))

    def _log_doubles(self, doubles: frozenset[int], log: FaultLog) -> int:
        # A third reading, only when there are doubles: the check keeps no ids, only their hashes.
        seen: set[int] = set()
        n_doubles = 0
        for place, row, outcome in self._outcomes():
            if row and isinstance(outcome, Example) and _is_double(outcome.id, doubles, seen):
                n_doubles += 1
                reason = f"the id {sample(outcome.id)!r} stands on an earlier row too; ids must differ"
                log.add(Fault(place.name, row.line, "id", reason), row.values)
        return n_doubles

    def _names(self) -> str:
        return ", ".join(place.name for place in self.places[:3]) + (", …" if len(self.places) > 3 else "")


def _id_hash(identity: str) -> int:
    return int.from_bytes(hashlib.blake2b(identity.encode(), digest_size=8).digest(), "little")


def _repeated(hashes: array[int]) -> frozenset[int]:
    values, counts = np.unique(np.frombuffer(hashes, dtype=np.uint64), return_counts=True)
    return frozenset(int(value) for value in values[counts > 1])


def _is_double(identity: str, doubles: frozenset[int], seen: set[int]) -> bool:
    if not doubles or (digest := _id_hash(identity)) not in doubles:
        return False
    if digest in seen:
        return True
    seen.add(digest)
    return False

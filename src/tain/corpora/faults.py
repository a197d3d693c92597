"""Rows that cannot be used: why, and where they are put."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from tain.core.errors import DataError
from tain.core.files import whole_file

_N_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be used.

    Attributes:
        file: As the user named it.
        line: Line of a text file or row of a Parquet file, from 1.
        field: The column, or None when the whole row is at fault.
        reason: What is wrong, with the value.
    """

    file: str
    line: int
    field: str | None
    reason: str

    def __str__(self) -> str:
        """File, line, field and reason on one line."""
        return f"{self.file}:{self.line}: {f'{self.field}: ' if self.field else ''}{self.reason}"


class FaultLog:
    """Counts faults, remembers the first ten, and writes each to a file where one is wanted.

    The file appears whole when the stack closes, and only if there was a fault.
    """

    def __init__(self, path: Path | None, stack: ExitStack) -> None:
        self.n_faults = 0
        self._path = path
        self._stack = stack
        self._file: TextIOWrapper | None = None
        self._shown: list[Fault] = []

    def add(self, fault: Fault, values: Mapping[str, object] | None) -> None:
        """Take note of a fault.

        Args:
            fault: What is wrong and where.
            values: The row, where it could be read at all.
        """
        self.n_faults += 1
        if len(self._shown) < _N_SHOWN:
            self._shown.append(fault)
        if self._path is not None:
            line = {"file": fault.file, "line": fault.line, "field": fault.field, "reason": fault.reason, "row": values}
            self._out(self._path).write(json.dumps(line, default=str) + "\n")

    def stop_if_any(self) -> None:
        """Return only if there is no fault, or all are set aside in a file.

        Raises:
            DataError: With the number of faults and the first ten.
        """
        if self.n_faults and self._path is None:
            rows = "1 row cannot" if self.n_faults == 1 else f"{self.n_faults:,} rows cannot"
            raise DataError(
                f"{rows} be used:{self.first()}\n"
                "Mend or remove them. To go on without them: --set-aside FILE with tain score, audit, attack, "
                "evaluate, label and mirror, --on-bad set_aside with tain train and mine."
            )

    def first(self) -> str:
        """The first ten faults, one to an indented line."""
        lines = [f"\n  {fault}" for fault in self._shown]
        more = self.n_faults - len(self._shown)
        return "".join(lines) + (f"\n  … and {more:,} more" if more else "")

    def _out(self, path: Path) -> TextIOWrapper:
        if self._file is None:
            part = self._stack.enter_context(whole_file(path))
            self._file = self._stack.enter_context(part.open("w", encoding="utf-8"))
        return self._file

"""What was done and decided, one JSON object to a line, each line chained to the one before by its hash."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tain.core.errors import DataError

PREVIOUS, TIME, KEY = "previous", "time", "key"
START = "0" * 16


class Ledger:
    """An append-only file of entries, each with a key that is entered once: a resumed run may say all of it again.

    A line that a killed process left half-written is taken off, and that is noted. Any other change breaks the chain
    and is an error.
    """

    def __init__(self, path: Path) -> None:
        """Read what is there and repair its end.

        Args:
            path: The file; made by the first entry.

        Raises:
            DataError: If a whole line is no entry, or does not follow the line before.
        """
        self.path = path
        self.entries: list[dict[str, Any]] = []
        self._last = START
        n_torn = self._read() if path.is_file() else 0
        if n_torn:
            self.add(f"repair-{len(self.entries)}", {"event": "repair", "n_bytes_removed": n_torn})

    def add(self, key: str, values: Mapping[str, Any]) -> bool:
        """Enter something, unless its key is there already; it is on disk when this returns.

        Args:
            key: What the entry is about.
            values: JSON values.

        Returns:
            Whether it was entered now.
        """
        if any(entry[KEY] == key for entry in self.entries):
            return False
        time = datetime.now(UTC).isoformat(timespec="seconds")
        entry = {KEY: key, TIME: time, **values, PREVIOUS: self._last}
        line = json.dumps(entry, ensure_ascii=False, allow_nan=False)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._take(entry, line)
        return True

    def find(self, key: str) -> dict[str, Any] | None:
        """The entry of a key; None if there is none."""
        return next((entry for entry in self.entries if entry[KEY] == key), None)

    def of(self, event: str) -> list[dict[str, Any]]:
        """The entries about one kind of event, oldest first."""
        return [entry for entry in self.entries if entry.get("event") == event]

    def _read(self) -> int:
        """Take in the whole lines and cut off the rest, whose length is returned."""
        content = self.path.read_bytes()
        whole, end, torn = content.rpartition(b"\n")
        if end:
            for number, line in enumerate(whole.split(b"\n"), 1):
                self._take(self._entry(line, number), line.decode())
        if torn:
            with self.path.open("r+b") as file:
                file.truncate(len(content) - len(torn))
                os.fsync(file.fileno())
        return len(torn)

    def _entry(self, line: bytes, number: int) -> dict[str, Any]:
        where = f"{self.path}:{number}"
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise DataError(
                f"{where}: is no JSON ({error}). The ledger was damaged; restore it from a copy."
            ) from error
        if not isinstance(entry, dict) or not {PREVIOUS, KEY} <= entry.keys():
            raise DataError(f"{where}: is no entry of a ledger; expected an object with {KEY} and {PREVIOUS}.")
        if entry[PREVIOUS] != self._last:
            raise DataError(
                f"{where}: does not follow the line before, whose hash is {self._last}; the entry names "
                f"{entry[PREVIOUS]}. A line was changed or removed; restore the ledger from a copy."
            )
        return entry

    def _take(self, entry: dict[str, Any], line: str) -> None:
        self.entries.append(entry)
        self._last = hashlib.sha256(line.encode()).hexdigest()[: len(START)]

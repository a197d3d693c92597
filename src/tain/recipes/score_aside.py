"""Where the bad rows of a run go: one file for all, or one beside each file of scores."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tain.core.errors import ConfigError
from tain.core.files import refuse_overwrite, whole_file
from tain.corpora.faults import FaultLog
from tain.recipes.score_output import STDOUT
from tain.recipes.score_units import SET_ASIDE_SUFFIX, Unit


@dataclass(slots=True)
class SetAside:
    """Bad rows, and the files that hold them.

    Attributes:
        is_wanted: Bad rows are set aside; otherwise they stop the run.
        file: Takes those of every unit; None puts each unit's beside its scores.
        is_kept: What the file holds from an earlier run stays.
        n_rows: Set aside so far.
        files: That hold them.
    """

    is_wanted: bool
    file: Path | None = None
    is_kept: bool = False
    n_rows: int = 0
    files: list[str] = field(default_factory=list)

    def check(self, units: Sequence[Unit], *, can_exist: bool) -> None:
        """Return only if the bad rows of these units have a place; called once, before the first is scored.

        Args:
            units: What will be scored.
            can_exist: Files may be there already.

        Raises:
            ConfigError: If they have none, or a file is there.
        """
        if not self.is_wanted:
            return
        for path in {self._path(unit): None for unit in units}:
            refuse_overwrite(path, force=can_exist)

    @contextmanager
    def log(self, unit: Unit) -> Iterator[FaultLog]:
        """Takes the bad rows of one unit; they reach their file when the block ends well."""
        if not self.is_wanted:
            with ExitStack() as stack:
                yield FaultLog(None, stack)
            return
        path = self._path(unit)
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / "rows.jsonl" if self.file else path
            with ExitStack() as stack:
                log = FaultLog(part, stack)
                yield log
            if log.n_faults:
                self._note(log.n_faults, path, part)

    def _note(self, n_rows: int, path: Path, part: Path) -> None:
        if part != path:
            self._append(path, part)
        self.n_rows += n_rows
        if str(path) not in self.files:
            self.files.append(str(path))

    def _append(self, path: Path, part: Path) -> None:
        with whole_file(path) as whole, whole.open("wb") as out:
            for source in (path, part) if self.is_kept and path.exists() else (part,):
                with source.open("rb") as rows:
                    shutil.copyfileobj(rows, out)
        self.is_kept = True

    def _path(self, unit: Unit) -> Path:
        if self.file is not None:
            return self.file
        if unit.output == STDOUT:
            raise ConfigError("Scores go to stdout. Say where bad rows shall be set aside: --set-aside FILE.")
        return Path(unit.output + SET_ASIDE_SUFFIX)

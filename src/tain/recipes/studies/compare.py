"""`tain compare`: from the file of a study to its table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tain.core.files import whole_file, write_json
from tain.recipes.studies.configuration import read_study
from tain.recipes.studies.leave_one_out import LeaveOneOutStudy
from tain.recipes.studies.leave_one_out_table import Row, markdown, rows


@dataclass(frozen=True)
class Table:
    """The result of a study.

    Attributes:
        rows: One for each corpus and contestant, and their means.
        target_fpr: Of the threshold that was fixed beforehand.
    """

    rows: tuple[Row, ...]
    target_fpr: float

    def markdown(self) -> str:
        """As GitHub Markdown."""
        return markdown(self.rows, target_fpr=self.target_fpr)

    def as_json(self) -> dict[str, object]:
        """As plain values."""
        return {"target_fpr": self.target_fpr, "rows": [asdict(row) for row in self.rows]}


def compare(
    file: Path, output: Path, *, is_quiet: bool = False, tell: Callable[[str], None] = lambda line: None
) -> Table:
    """Run what is missing of a study and write its table.

    Args:
        file: TOML of the study.
        output: Its folder: `cells/` with every measurement, `runs/`, `table.md` and `table.json`.
        is_quiet: No progress bars.
        tell: Told each cell that is done.

    Raises:
        ConfigError: If the settings are impossible, or the folder holds another study.
        DataError: If a corpus cannot be used.
        TrainingError: If a training diverges.
    """
    study = read_study(file)
    cells = LeaveOneOutStudy(study, output, is_quiet=is_quiet).run(tell)
    table = Table(tuple(rows(cells)), study.target_fpr)
    with whole_file(output / "table.md") as part:
        part.write_text(table.markdown(), encoding="utf-8")
    write_json(output / "table.json", table.as_json())
    return table

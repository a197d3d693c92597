"""`tain compare`: from the file of a study to its table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from tain.core.errors import ConfigError
from tain.core.files import whole_file, write_json
from tain.recipes.studies.configuration import LeaveOneOut
from tain.recipes.studies.forgetting.configuration import Forgetting
from tain.recipes.studies.forgetting.tables import ForgettingResults
from tain.recipes.studies.kinds import read_study
from tain.recipes.studies.leave_one_out import LeaveOneOutStudy
from tain.recipes.studies.leave_one_out_table import Row, markdown, rows
from tain.recipes.studies.scaling.configuration import Scaling
from tain.recipes.studies.scaling.results import fits, scaling_rows
from tain.recipes.studies.scaling.tables import ScalingResults
from tain.recipes.studies.tuning.configuration import Tuning
from tain.recipes.studies.tuning.notes import Results
from tain.recipes.studies.tuning.tables import latex
from tain.recipes.studies.tuning.tables import markdown as tuning_markdown

Tell = Callable[[str], None]


class Table(Protocol):
    """The result of a study."""

    @property
    def n_left(self) -> int:
        """How much of the whole study is left for another time."""
        ...

    @property
    def is_cut_short(self) -> bool:
        """Whether something of what was asked for was left."""
        ...

    def markdown(self) -> str:
        """As GitHub Markdown."""
        ...

    def as_json(self) -> dict[str, object]:
        """As plain values."""
        ...


T = TypeVar("T", bound=Table)


@dataclass(frozen=True)
class LeaveOneOutTable:
    """The result of a leave-one-out study.

    Attributes:
        rows: One for each corpus and contestant, and their means.
        target_fpr: Of the threshold that was fixed beforehand.
        n_left: Such a study runs to its end.
        is_cut_short: And is never cut short.
    """

    rows: tuple[Row, ...]
    target_fpr: float
    n_left: int = 0
    is_cut_short: bool = False

    def markdown(self) -> str:
        """As GitHub Markdown."""
        return markdown(self.rows, target_fpr=self.target_fpr)

    def as_json(self) -> dict[str, object]:
        """As plain values."""
        return {"target_fpr": self.target_fpr, "rows": [asdict(row) for row in self.rows]}


@dataclass(frozen=True)
class TuningTable:
    """The result of a study of tuning.

    Attributes:
        results: Rows and paired tests.
        is_cut_short: Whether something of what was asked for was left.
    """

    results: Results
    is_cut_short: bool = False

    @property
    def n_left(self) -> int:
        """Steps of the whole study that were not run yet."""
        return self.results.n_left

    def markdown(self) -> str:
        """As GitHub Markdown."""
        return tuning_markdown(self.results)

    def as_json(self) -> dict[str, object]:
        """As plain values."""
        return {"n_left": self.n_left, **{k: [_plain(v) for v in getattr(self.results, k)] for k in ("rows", "tests")}}


@dataclass(frozen=True)
class ForgettingTable:
    """The result of a study of forgetting.

    Attributes:
        results: Rows, gaps to the reference, and what is left.
    """

    results: ForgettingResults

    @property
    def n_left(self) -> int:
        """Steps of the whole study that were not run yet."""
        return self.results.n_left

    @property
    def is_cut_short(self) -> bool:
        """Whether something of what was asked for was left."""
        return self.results.is_cut_short

    def markdown(self) -> str:
        """As GitHub Markdown."""
        return self.results.markdown()

    def as_json(self) -> dict[str, object]:
        """As plain values."""
        return {"n_left": self.n_left, **{k: [_plain(v) for v in getattr(self.results, k)] for k in ("rows", "gaps")}}


@dataclass(frozen=True)
class ScalingTable:
    """The result of a study of scaling.

    Attributes:
        results: Rows and fitted curves.
        n_left: Such a study runs to its end.
        is_cut_short: And is never cut short.
    """

    results: ScalingResults
    n_left: int = 0
    is_cut_short: bool = False

    def markdown(self) -> str:
        """As GitHub Markdown."""
        return self.results.markdown()

    def as_json(self) -> dict[str, object]:
        """As plain values."""
        return {
            "target_fpr": self.results.target_fpr,
            "rows": [_plain(row) for row in self.results.rows],
            "fits": [fit.as_json() for fit in self.results.fits],
        }


def compare(
    file: Path,
    output: Path,
    *,
    only: Sequence[str] = (),
    limit_minutes: float | None = None,
    is_quiet: bool = False,
    tell: Tell = lambda line: None,
) -> Table:
    """Run what is missing of a study and write its table.

    Args:
        file: TOML of the study.
        output: Its folder: `cells/` with every measurement (a study of tuning may name another place, one of
            forgetting has it under `learnt/`), `table.md` and `table.json`; of a study of tuning also `table.tex`, and
            of tuning and forgetting `plots/`.
        only: Names of tasks, methods or backbones of a study of tuning or forgetting, to run these and their teachers
            alone; none runs all.
        limit_minutes: Of a study of tuning or forgetting: begin no cell that would end later.
        is_quiet: No progress bars.
        tell: Told each cell that is done.

    Raises:
        ConfigError: If the settings are impossible, or the folder of a leave-one-out study holds another.
        DataError: If a corpus or task cannot be used.
        TrainingError: If a training diverges; in a study of tuning that is a result.
    """
    study = read_study(file)
    if isinstance(study, Tuning):
        return _compare_tuning(study, output, only, limit_minutes, is_quiet=is_quiet, tell=tell)
    if isinstance(study, Forgetting):
        return _compare_forgetting(study, output, only, limit_minutes, is_quiet=is_quiet, tell=tell)
    if only or limit_minutes is not None:
        raise ConfigError(
            f"{file} is a study of {study.study}; --only and --limit-minutes are for studies of tuning and forgetting."
        )
    if isinstance(study, Scaling):
        return _compare_scaling(study, output, is_quiet=is_quiet, tell=tell)
    return _compare_leave_one_out(study, output, is_quiet=is_quiet, tell=tell)


def _written(table: T, output: Path) -> T:
    with whole_file(output / "table.md") as part:
        part.write_text(table.markdown(), encoding="utf-8")
    write_json(output / "table.json", table.as_json())
    return table


def _compare_leave_one_out(study: LeaveOneOut, output: Path, *, is_quiet: bool, tell: Tell) -> LeaveOneOutTable:
    cells = LeaveOneOutStudy(study, output, is_quiet=is_quiet).run(tell)
    return _written(LeaveOneOutTable(tuple(rows(cells)), study.target_fpr), output)


def _compare_tuning(
    study: Tuning, output: Path, only: Sequence[str], limit_minutes: float | None, *, is_quiet: bool, tell: Tell
) -> TuningTable:
    from tain.recipes.studies.tuning.plots import save_plots
    from tain.recipes.studies.tuning.results import gather
    from tain.recipes.studies.tuning.study import TuningStudy

    running = TuningStudy(study, output, only=only, is_quiet=is_quiet, tell=tell)
    try:
        running.run(limit_minutes=limit_minutes)
    finally:  # a cell that fails takes nothing from the table of those that are done
        found, tests = gather(running.plan)
        table = TuningTable(Results(tuple(found), tuple(tests), running.n_left), running.is_cut_short)
        with whole_file(output / "table.tex") as part:
            part.write_text(latex(table.results), encoding="utf-8")
        save_plots(found, output / "plots")
        _written(table, output)
    return table


def _compare_forgetting(
    study: Forgetting, output: Path, only: Sequence[str], limit_minutes: float | None, *, is_quiet: bool, tell: Tell
) -> ForgettingTable:
    from tain.recipes.studies.forgetting.plots import save_pareto
    from tain.recipes.studies.forgetting.results import gather_forgetting
    from tain.recipes.studies.forgetting.study import ForgettingStudy

    running = ForgettingStudy(study, output, only=only, is_quiet=is_quiet, tell=tell)
    try:
        running.run(limit_minutes=limit_minutes)
    finally:
        rows, gaps = gather_forgetting(running)
        table = ForgettingTable(ForgettingResults(tuple(rows), tuple(gaps), running.n_left, running.is_cut_short))
        save_pareto(rows, output / "plots")
        _written(table, output)
    return table


def _compare_scaling(study: Scaling, output: Path, *, is_quiet: bool, tell: Tell) -> ScalingTable:
    from tain.recipes.studies.scaling.plots import save_curves
    from tain.recipes.studies.scaling.study import ScalingStudy

    cells = ScalingStudy(study, output, is_quiet=is_quiet).run(tell)
    results = ScalingResults(tuple(scaling_rows(cells)), tuple(fits(cells)), study.target_fpr)
    save_curves(results.rows, results.fits, output / "plots", target_fpr=study.target_fpr)
    return _written(ScalingTable(results), output)


def _plain(value: object) -> object:
    """Nested dataclasses as plain values, with no mean as null: JSON knows no NaN."""
    own = asdict(value)  # type: ignore[call-overload]
    return _without_nan(own)


def _without_nan(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and value != value else value

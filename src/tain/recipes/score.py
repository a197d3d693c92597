"""Scoring files and folders of any size: memory stays constant, order is kept, finished files are not done twice."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tain.core.errors import ConfigError, DataError
from tain.core.files import refuse_overwrite
from tain.core.progress import Advance, progress
from tain.corpora.columns import ColumnMap
from tain.corpora.faults import FaultLog
from tain.corpora.formats import format_of
from tain.corpora.places import Place, find_places
from tain.detector import Detector
from tain.detector.reader import BATCH_TOKENS
from tain.recipes.score_output import STDOUT, check_suffix, made_by_of, open_output
from tain.recipes.score_rows import BadRow, TextRow, read_rows

SCORES_SUFFIX = ".scores.parquet"
SET_ASIDE_SUFFIX = ".set_aside.jsonl"
BLOCK_ROWS = 2048
BLOCK_CHARS = 16_000_000


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """How texts are read and scored.

    Attributes:
        columns: Which columns hold id and text; None looks for the usual names.
        target_fpr: Of the operating point; None takes the detector's default.
        prior: Share of AI texts; None takes one half.
        batch_tokens: Padded tokens in one pass of the network.
        has_set_aside: Bad rows are set aside in a file beside the output; otherwise they stop the run.
        set_aside: That file, where it shall lie elsewhere.
        is_resumed: Files whose scores exist are skipped.
        force: Existing scores are replaced.
        is_quiet: No progress bars.
    """

    columns: ColumnMap = field(default_factory=ColumnMap)
    target_fpr: float | None = None
    prior: float | None = None
    batch_tokens: int = BATCH_TOKENS
    has_set_aside: bool = False
    set_aside: Path | None = None
    is_resumed: bool = False
    force: bool = False
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """What becomes one file of scores.

    Attributes:
        name: For messages.
        places: Read one after the other.
        output: Path, or `-` for stdout.
    """

    name: str
    places: tuple[Place, ...]
    output: str


@dataclass(slots=True)
class ScoreSummary:
    """What was done.

    Attributes:
        outputs: Files of scores, finished earlier ones included.
        n_skipped: Files that were finished before.
        labels: Rows per label.
        n_set_aside: Bad rows.
        set_aside: Files that hold them.
    """

    outputs: list[str] = field(default_factory=list)
    n_skipped: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    n_set_aside: int = 0
    set_aside: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, object]:
        """The fields by name, ready for JSON."""
        return {
            "outputs": self.outputs,
            "n_rows": sum(self.labels.values()),
            "labels": {label: self.labels[label] for label in ("human", "ai", "too_short")},
            "n_files_skipped": self.n_skipped,
            "n_set_aside": self.n_set_aside,
            "set_aside": self.set_aside,
        }


def score(source: str, *, model: Path | None, output: str | None, settings: ScoreSettings) -> ScoreSummary:
    """Score every text of a file or folder; one row of output for each row of input, in order.

    Args:
        source: File, folder, Hub id, or `-` for JSONL on stdin.
        model: Detector folder; None means the one that ships.
        output: File by its suffix, a folder where the source is one, or `-` for JSONL on stdout; None puts it beside
            the source.
        settings: How.

    Raises:
        ConfigError: If an output exists already and is neither to be resumed nor replaced.
        DataError: If a file cannot be read, or a row cannot be used and is not to be set aside.
        DetectorError: If there is no such detector.
    """
    detector = Detector.load(model)
    point = detector.point(settings.target_fpr)
    made_by = {"model": detector.model.sha256, "target_fpr": point.target_fpr, "prior": settings.prior}
    summary = ScoreSummary()
    with _opened(source) as path:
        units = plan_units(path, output if path == source else output or STDOUT)
        todo = [unit for unit in units if not _is_done(unit, settings, made_by)]
        summary.n_skipped = len(units) - len(todo)
        summary.outputs = [unit.output for unit in units]
        for number, unit in enumerate(todo, 1):
            title = f"Scoring {unit.name}" + (f" ({number} of {len(todo)})" if len(todo) > 1 else "")
            _score_unit(unit, detector, settings, made_by, summary, title=title)
    return summary


@contextmanager
def _opened(source: str) -> Iterator[str]:
    if source != STDOUT:
        yield source
        return
    # The rows are read twice, once to check them, so what can be read only once is kept on disk meanwhile.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stdin.jsonl"
        with file.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield str(file)


def plan_units(source: str, output: str | None) -> list[Unit]:
    """The files of scores that a source makes.

    A folder makes a folder of the same shape, with one file of scores for each file of rows and one for all the .txt
    files of a folder; named a single file as output, it makes that.

    Args:
        source: File, folder or Hub id.
        output: As in `score`.

    Raises:
        ConfigError: If the output does not fit the source.
        DataError: If the source leads nowhere or holds nothing that can be read.
    """
    places = [place for place in find_places([source], labels=None) if not place.name.endswith(SCORES_SUFFIX)]
    if not places:
        raise DataError(f"{source}: holds only files of scores.")
    root = Path(source)
    is_single = output == STDOUT or (output is not None and Path(output).suffix != "")
    if root.is_dir() and not is_single:
        return _units_of_folder(root, places, Path(output) if output else root.with_name(f"{root.name}.scores"))
    if output is None and places[0].path is None:
        raise ConfigError(f"{source} is on the Hub. Say where its scores shall go: --output FILE.")
    target = output or str(root.with_name(root.name + SCORES_SUFFIX))
    if target != STDOUT:
        check_suffix(Path(target))
    return [Unit(root.name, tuple(places), target)]


def _units_of_folder(root: Path, places: Sequence[Place], output: Path) -> list[Unit]:
    groups: dict[str, list[Place]] = {}
    for place in places:
        assert place.path is not None, "a folder holds files"
        relative = place.path.relative_to(root)
        is_text = format_of(place.path) == "txt"
        groups.setdefault((relative.parent / "all.txt" if is_text else relative).as_posix(), []).append(place)
    return [Unit(name, tuple(group), str(output / (name + SCORES_SUFFIX))) for name, group in groups.items()]


def _is_done(unit: Unit, settings: ScoreSettings, made_by: dict[str, object]) -> bool:
    path = Path(unit.output)
    if unit.output == STDOUT or not path.exists():
        return False
    if not settings.is_resumed:
        if not settings.force:
            raise ConfigError(
                f"{path} exists already. Pass --resume to score only what is missing, --force to replace it, or "
                "choose another --output."
            )
        refuse_overwrite(path, force=True)
        return False
    found = made_by_of(path)
    if found is not None and found != made_by:
        raise ConfigError(
            f"{path} was made by another detector, operating point or prior. Pass --force to replace it, or choose "
            "another --output."
        )
    return True


def _score_unit(
    unit: Unit,
    detector: Detector,
    settings: ScoreSettings,
    made_by: dict[str, object],
    summary: ScoreSummary,
    *,
    title: str,
) -> None:
    aside = _set_aside_path(unit, settings)
    with ExitStack() as stack:
        log = FaultLog(aside, stack)
        n_rows = _check(unit, settings, log)
        advance = stack.enter_context(progress(title, n_rows, is_quiet=settings.is_quiet))
        writer = stack.enter_context(open_output(unit.output, made_by=made_by))
        for block in _blocks(unit, settings):
            verdicts = detector.score(
                [row.text for row in block],
                target_fpr=settings.target_fpr,
                prior=settings.prior,
                batch_tokens=settings.batch_tokens,
                advance=advance,
            )
            writer.write([row.id for row in block], verdicts)
            summary.labels.update(verdict.label for verdict in verdicts)
    if log.n_faults:
        summary.n_set_aside += log.n_faults
        summary.set_aside.append(str(aside))


def _set_aside_path(unit: Unit, settings: ScoreSettings) -> Path | None:
    if not settings.has_set_aside and settings.set_aside is None:
        return None
    if settings.set_aside is not None:
        path = settings.set_aside
    elif unit.output == STDOUT:
        raise ConfigError("Scores go to stdout. Say where bad rows shall be set aside: --set-aside FILE.")
    else:
        path = Path(unit.output + SET_ASIDE_SUFFIX)
    refuse_overwrite(path, force=settings.force or settings.is_resumed)
    return path


def _check(unit: Unit, settings: ScoreSettings, log: FaultLog) -> int:
    n_rows = 0
    with progress(f"Checking {unit.name}", None, unit="rows", is_quiet=settings.is_quiet) as advance:
        for row in _told(read_rows(unit.places, settings.columns), advance):
            if isinstance(row, BadRow):
                log.add(row.fault, row.values)
            else:
                n_rows += 1
    log.stop_if_any()
    if not n_rows:
        raise DataError(f"No row of {unit.name} can be used.{log.first()}")
    return n_rows


def _told(rows: Iterator[TextRow | BadRow], advance: Advance) -> Iterator[TextRow | BadRow]:
    for row in rows:
        advance(1)
        yield row


def _blocks(unit: Unit, settings: ScoreSettings) -> Iterator[list[TextRow]]:
    block: list[TextRow] = []
    n_chars = 0
    for row in read_rows(unit.places, settings.columns):
        if isinstance(row, BadRow):
            continue
        block.append(row)
        n_chars += len(row.text)
        if len(block) == BLOCK_ROWS or n_chars >= BLOCK_CHARS:
            yield block
            block, n_chars = [], 0
    if block:
        yield block

"""Scoring files and folders of any size: memory stays constant, order is kept, finished files are not done twice."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tain.core.allocator import give_back_memory
from tain.core.errors import ConfigError, DataError
from tain.core.progress import Advance, progress
from tain.corpora.faults import FaultLog
from tain.detector import Detector
from tain.detector.cascade import SETTLED, Cascade
from tain.detector.cascade_folder import read_cascade
from tain.recipes.likeness import DrawnTexts
from tain.recipes.score_aside import SetAside
from tain.recipes.score_finished import INPUT, input_mark, is_finished
from tain.recipes.score_forecast import Forecast, Sample
from tain.recipes.score_forecast import forecast as make_forecast
from tain.recipes.score_output import STDOUT, open_output
from tain.recipes.score_rows import BadRow, TextRow, read_rows
from tain.recipes.score_settings import ScoreSettings
from tain.recipes.score_summary import ScoreSummary
from tain.recipes.score_units import Unit, plan_units

BLOCK_ROWS = 2048
BLOCK_CHARS = 16_000_000


@dataclass(frozen=True, slots=True)
class Job:
    """One file of scores that is to be made.

    Attributes:
        unit: From what, and where.
        made_by: Kept with the scores, so that a later run knows whether they are finished.
    """

    unit: Unit
    made_by: Mapping[str, object]


def score(source: str, *, model: Path | None, output: str | None, settings: ScoreSettings) -> ScoreSummary:
    """Score every text of a file or folder; one row of output for each row of input, in order.

    Args:
        source: File, folder, Hub id, or `-` for JSONL on stdin.
        model: Detector folder; None means the one that ships.
        output: File by its suffix, a folder where the source is one, or `-` for JSONL on stdout; None puts it beside
            the source.
        settings: How.

    Raises:
        ConfigError: If an output exists already and is neither finished nor to be replaced, or bfloat16 is asked for
            where it does not pay.
        DataError: If a file cannot be read, or a row cannot be used and is not to be set aside.
        DetectorError: If there is no such detector.
    """
    detector = Detector.load(model)
    point = detector.point(settings.target_fpr)
    scorer = _scorer(detector, settings)
    made_by: dict[str, object] = {
        "model": detector.model.sha256,
        "target_fpr": point.target_fpr,
        "prior": settings.prior,
        "precision": settings.precision,
    }
    if isinstance(scorer, Cascade):
        made_by["cascade"] = scorer.record.model_dump(mode="json", include={"forward_above", "ngrams"})
    aside = SetAside(settings.has_set_aside or settings.set_aside is not None, settings.set_aside, settings.is_resumed)
    summary, drawn = ScoreSummary(set_aside=aside.files), DrawnTexts()
    summary.n_settled = 0 if isinstance(scorer, Cascade) else None
    with _opened(source) as path:
        units = plan_units(path, output if path == source else output or STDOUT, set_aside=settings.set_aside)
        jobs = [Job(unit, made_by | {INPUT: _mark(unit, source, settings)}) for unit in units]
        todo = [job for job in jobs if not _is_finished(job, settings)]
        aside.check([job.unit for job in todo], can_exist=settings.force or settings.is_resumed)
        summary.n_skipped = len(units) - len(todo)
        summary.outputs = [unit.output for unit in units]
        for number, job in enumerate(todo, 1):
            title = f"Scoring {job.unit.name}" + (f" ({number} of {len(todo)})" if len(todo) > 1 else "")
            _score_unit(job, scorer, settings, aside, summary, drawn, title=title)
    summary.n_set_aside = aside.n_rows
    if summary.n_settled is None:
        summary.drift = drawn.drift(detector.calibration)
    return summary


def forecast(source: str, *, model: Path | None, price: float | None = None, settings: ScoreSettings) -> Forecast:
    """How long `score` would take on this machine, from a sample; nothing is written.

    Args:
        source: As in `score`, but not stdin, which can be read only once.
        model: As in `score`.
        price: Of an hour of this machine.
        settings: As in `score`; what they say of outputs is not looked at.

    Raises:
        ConfigError: If the source is stdin, or the price negative.
        DataError: If a file cannot be read, or no row used.
        DetectorError: If there is no such detector.
    """
    if source == STDOUT:
        raise ConfigError("A forecast cannot be made of stdin, which is gone once it was read. Name a file or folder.")
    scorer, sample = _scorer(Detector.load(model), settings), Sample()
    for unit in plan_units(source, STDOUT):
        with progress(f"Counting {unit.name}", None, unit="rows", is_quiet=settings.is_quiet) as advance:
            sample.see(_told(read_rows(unit.places, settings.columns), advance))
    return make_forecast(scorer, sample, batch_tokens=settings.batch_tokens, price=price, is_quiet=settings.is_quiet)


def _mark(unit: Unit, source: str, settings: ScoreSettings) -> str:
    return input_mark(unit.places, settings.columns, is_stream=source == STDOUT)


def _is_finished(job: Job, settings: ScoreSettings) -> bool:
    return is_finished(job.unit.output, job.made_by, is_resumed=settings.is_resumed, force=settings.force)


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


def _scorer(detector: Detector, settings: ScoreSettings) -> Detector | Cascade:
    if settings.precision == "bfloat16":
        detector.reader.engines.read_in_bfloat16()
    return detector if settings.cascade is None else Cascade(detector, *read_cascade(settings.cascade))


def _score_unit(
    job: Job,
    scorer: Detector | Cascade,
    settings: ScoreSettings,
    aside: SetAside,
    summary: ScoreSummary,
    drawn: DrawnTexts,
    *,
    title: str,
) -> None:
    with aside.log(job.unit) as log, ExitStack() as stack:
        n_rows = _check(job.unit, settings, log)
        advance = stack.enter_context(progress(title, n_rows, is_quiet=settings.is_quiet))
        writer = stack.enter_context(open_output(job.unit.output, made_by=job.made_by))
        for block in _blocks(job.unit, settings):
            verdicts = scorer.score(
                [row.text for row in block],
                target_fpr=settings.target_fpr,
                prior=settings.prior,
                batch_tokens=settings.batch_tokens,
                advance=advance,
            )
            writer.write([row.id for row in block], verdicts)
            summary.labels.update(verdict.label for verdict in verdicts)
            drawn.add(verdicts)
            if summary.n_settled is not None:
                summary.n_settled += sum(verdict.probability_reason == SETTLED for verdict in verdicts)
            give_back_memory()


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

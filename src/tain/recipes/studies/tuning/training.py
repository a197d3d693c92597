"""What happens inside a cell, in a process of its own: train, count what it took, and score.

The test texts are not in reach of a cell that is only to choose a learning rate: it is given no path to them.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tain.core.errors import TrainingError
from tain.core.example import LabelSet
from tain.core.files import sweep, write_json
from tain.recipes.studies.tuning.cell import COST, MODEL, RUN, SETTINGS, TEST, TOKENS, TRAIN, VALID, Cell, CellFolder
from tain.recipes.studies.tuning.cost import peak_rss_bytes, rss_bytes, training_cost
from tain.recipes.studies.tuning.teaching import taught_logits

if TYPE_CHECKING:
    from tain.models import Backbone
    from tain.training.engine import Engine, TrainingResult
    from tain.training.store import TokenStore

N_PROBES = 4


@dataclass(frozen=True)
class Job:
    """One cell to run.

    Attributes:
        cell: What.
        folder: Where.
        train_file: Training texts of the cell's seed, in the order of which a subset is the beginning.
        valid_file: Validation texts.
        test_file: Test texts; None for a cell that only takes part in a sweep.
        keep_model: Whether the model stays once it is tested.
        teaches: Whether others learn from what it says of its training texts.
        teacher_file: What the cell's teacher says of the same training texts; None without one.
    """

    cell: Cell
    folder: Path
    train_file: Path
    valid_file: Path
    test_file: Path | None
    keep_model: bool = False
    teaches: bool = False
    teacher_file: Path | None = None

    @property
    def unscored(self) -> dict[str, Path]:
        """The files of texts that are to be scored yet once it is trained, by part; none of a cell that diverged."""
        wanted = {TEST: self.test_file} if self.test_file is not None else {}
        wanted |= {TRAIN: self.train_file} if self.teaches else {}
        if CellFolder(self.folder).has_diverged:
            return {}
        return {part: file for part, file in wanted.items() if not (self.folder / part).is_file()}

    @property
    def is_to_train(self) -> bool:
        """Whether it was not trained yet, or its model was dropped and is needed again."""
        folder = CellFolder(self.folder)
        return not folder.is_trained or bool(self.unscored and not folder.has_model)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return CellFolder(self.folder).is_trained and not self.unscored


def run_job(job: Job) -> None:
    """Do what is missing of a cell.

    Raises:
        TainError: If the cell cannot be run; a training that diverges is a result and raises nothing.
    """
    folder = CellFolder(job.folder)
    job.folder.mkdir(parents=True, exist_ok=True)
    with _alone(job.folder):
        if job.cell.is_classical:
            if not folder.is_tested:
                _fit_classical(job, folder)
            return
        if job.is_to_train:
            for leftover in (COST, TEST, TRAIN):  # of a model that was dropped, as nobody had to learn from it
                (job.folder / leftover).unlink(missing_ok=True)
            _train(job, folder)
        if job.unscored:
            _score(job, folder)


class _alone:
    """The lock of a folder, so that a process that outlives its parent and its successor do not both write."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".lock"

    def __enter__(self) -> None:
        self.file = self.path.open("w")
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self.file.close()


def _train(job: Job, folder: CellFolder) -> None:
    from tain.methods import build_method
    from tain.models import load_backbone
    from tain.training.classifier import save_classifier
    from tain.training.engine import Engine
    from tain.training.folder import RunFolder
    from tain.training.hardware import pick_threads

    started, base_rss = time.perf_counter(), rss_bytes()
    cell, config = job.cell, job.cell.training
    assert config is not None, "a cell that trains a network has settings for it"
    write_json(job.folder / SETTINGS, cell.settings())
    sweep(job.folder)
    run = RunFolder(job.folder / RUN)
    pooling: Any = cell.pooling
    backbone = load_backbone(cell.base, LabelSet(cell.labels), pooling=pooling, seed=cell.seed)
    method = build_method(cell.method)
    method.make_room(backbone)
    n_parameters = sum(parameter.numel() for parameter in backbone.model.parameters())
    train = _store(job, backbone, "train", _training_texts(job), taught_from=job.teacher_file)
    valid_texts = pl.read_parquet(job.valid_file)
    valid = _store(job, backbone, "valid", valid_texts)
    is_resumed = run.checkpoints.exists()
    settings = cell.settings()
    with run.opened(settings, threads=pick_threads(config), is_resumed=True, force=False):
        engine = Engine(
            backbone, method, train=train, valid=valid, config=config, run=run, seed=cell.seed,
            is_quiet=True,
        )  # fmt: skip
        result, diverged = _result(engine)
    cost: dict[str, Any] = {"diverged": diverged, "is_resumed": is_resumed, "n_parameters": n_parameters}
    cost |= {"base_rss_bytes": base_rss, "peak_rss_bytes": peak_rss_bytes(), "threads": run.threads}
    if result is not None:
        cost |= training_cost(engine, result)
        rows = [valid[index] for index in range(len(valid))]
        save_classifier(result.classifier, job.folder / MODEL, probe_rows=rows[:N_PROBES])
        folder.keep_predictions(VALID, valid_texts, result.classifier.logits(rows))
    for leftover in (run.checkpoints, job.folder / TOKENS):
        shutil.rmtree(leftover, ignore_errors=True)
    write_json(job.folder / COST, cost | {"wall_s": time.perf_counter() - started})


def _result(engine: Engine) -> tuple[TrainingResult | None, str | None]:
    """What came of a training, or why it diverged."""
    try:
        return engine.train(), None
    except TrainingError as error:
        if engine.state.progress.n_rollbacks < engine.config.max_rollbacks:
            raise
        return None, str(error)


def _training_texts(job: Job) -> pl.DataFrame:
    return pl.scan_parquet(job.train_file).head(job.cell.size).collect()


def _store(
    job: Job, backbone: Backbone, part: str, texts: pl.DataFrame, *, taught_from: Path | None = None
) -> TokenStore:
    from tain.training.store import TokenRow, build_store

    ids, labels = _ids(job.cell, backbone, texts), texts["label"].to_list()
    said: Sequence[Sequence[float]] = [()] * texts.height
    if taught_from is not None:
        said = taught_logits(taught_from, texts["id"].to_list())
    rows = (TokenRow(row, label, teacher=own) for row, label, own in zip(ids, labels, said, strict=True))
    return build_store(job.folder / TOKENS / part, rows)


def _ids(cell: Cell, backbone: Backbone, texts: pl.DataFrame) -> list[list[int]]:
    from tain.recipes.studies.tuning.pairs import token_ids

    longest = min(cell.max_tokens, backbone.max_tokens)
    return token_ids(backbone.tokenizer, texts["text"].to_list(), texts["pair"].to_list(), max_tokens=longest)


def _score(job: Job, folder: CellFolder) -> None:
    from tain.training.classifier import load_classifier

    classifier = load_classifier(job.folder / MODEL)
    for part, file in job.unscored.items():
        texts = _training_texts(job) if part == TRAIN else pl.read_parquet(file)
        folder.keep_predictions(part, texts, classifier.logits(_ids(job.cell, classifier.backbone, texts)))
    if not job.keep_model:
        shutil.rmtree(job.folder / MODEL)


def _fit_classical(job: Job, folder: CellFolder) -> None:
    from tain.evaluation.baselines import build_baseline

    started, base_rss = time.perf_counter(), rss_bytes()
    write_json(job.folder / SETTINGS, job.cell.settings())
    train = _training_texts(job)
    model = build_baseline(job.cell.method["baseline"])
    model.fit(_joined(train), train["label"].to_numpy(), seed=job.cell.seed)
    cost: dict[str, Any] = {"base_rss_bytes": base_rss, "peak_rss_bytes": peak_rss_bytes()}
    cost["train_s"] = time.perf_counter() - started
    for part, file in ((VALID, job.valid_file), (TEST, job.test_file)):
        assert file is not None, "a classical model has nothing to sweep, so it is tested at once"
        texts = pl.read_parquet(file)
        if len(job.cell.labels) == 2:
            scores = np.asarray(model.score(_joined(texts)))
            logits = np.column_stack([np.zeros_like(scores), scores])
        else:
            logits = np.log(np.clip(model.predict_proba(_joined(texts)), 1e-9, None))
        folder.keep_predictions(part, texts, logits)
    cost |= {"diverged": None, "is_resumed": False, "wall_s": time.perf_counter() - started}
    write_json(job.folder / COST, cost)


def _joined(texts: pl.DataFrame) -> list[str]:
    pairs = zip(texts["text"].to_list(), texts["pair"].to_list(), strict=True)
    return [text if pair is None else f"{text}\n{pair}" for text, pair in pairs]

"""What happens inside a cell, in a process of its own: train, count what it took, and score.

The test texts are not in reach of a cell that is only to choose a learning rate: it is given no path to them.
"""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tain.core.errors import TrainingError
from tain.core.example import LabelSet
from tain.core.files import sweep, write_json
from tain.recipes.studies.tuning.cell import COST, MODEL, RUN, SETTINGS, TEST, TOKENS, VALID, Cell, CellFolder

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
    """

    cell: Cell
    folder: Path
    train_file: Path
    valid_file: Path
    test_file: Path | None
    keep_model: bool = False


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
        is_scorable = folder.is_tested or folder.has_diverged or folder.has_model
        if not folder.is_trained or (job.test_file is not None and not is_scorable):
            (job.folder / COST).unlink(missing_ok=True)  # its model was dropped: another rate had been chosen
            _train(job, folder)
        if job.test_file is not None and not folder.has_diverged and not folder.is_tested:
            _test(job, folder)


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
    train = _store(job, backbone, "train", pl.scan_parquet(job.train_file).head(cell.size).collect())
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
        cost |= _cost(engine, result)
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


def _store(job: Job, backbone: Backbone, part: str, texts: pl.DataFrame) -> TokenStore:
    from tain.training.store import TokenRow, build_store

    ids = _ids(job.cell, backbone, texts)
    rows = (TokenRow(row, label) for row, label in zip(ids, texts["label"].to_list(), strict=True))
    return build_store(job.folder / TOKENS / part, rows)


def _ids(cell: Cell, backbone: Backbone, texts: pl.DataFrame) -> list[list[int]]:
    from tain.recipes.studies.tuning.pairs import token_ids

    longest = min(cell.max_tokens, backbone.max_tokens)
    return token_ids(backbone.tokenizer, texts["text"].to_list(), texts["pair"].to_list(), max_tokens=longest)


def _cost(engine: Engine, result: TrainingResult) -> dict[str, Any]:
    """Parameters, memory and speed, counted where they can be and measured where not.

    The speed is that of the logged steps, so that evaluations and checkpoints are no part of it and an interruption
    does not change it; the time is that of as many tokens at that speed.
    """
    from tain.methods.method import trainable
    from tain.training.optimiser_bytes import optimiser_bytes

    steps = [entry for entry in engine.run.entries() if "duration_s" in entry]
    tokens_per_s = sum(e["train/tokens"] for e in steps) / max(sum(e["duration_s"] for e in steps), 1e-9)
    done = engine.state.progress.step
    n_tokens = float(engine.train_store.lengths.sum()) * engine.config.n_epochs * done / result.n_steps
    device = engine.accelerator.device
    batch_tokens, activations = _activations(engine)
    return {
        "n_trainable": sum(p.numel() for p in trainable(engine.model).values()),
        "optimiser_bytes": optimiser_bytes(engine.plain_optimiser),
        "activation_bytes": activations,
        "activation_batch_tokens": batch_tokens,
        "peak_device_bytes": _peak_device_bytes() if device.type == "cuda" else None,
        "device": device.type,
        "n_tokens": round(n_tokens),
        "tokens_per_s": tokens_per_s,
        "train_s": n_tokens / tokens_per_s if tokens_per_s else None,
        "n_steps": result.n_steps,
        "best_step": result.best_step,
        "n_rollbacks": result.n_rollbacks,
    }


def _activations(engine: Engine) -> tuple[int, int]:
    """Padded tokens of the largest batch, and the bytes that its forward pass keeps for the backward pass."""
    import torch

    from tain.models import collate, logits_of
    from tain.training.activations import activation_bytes
    from tain.training.batches import epoch_batches

    store, config, device = engine.train_store, engine.config, engine.accelerator.device
    batches = epoch_batches(store, epoch=0, batch_tokens=config.batch_tokens, seed=engine.seed)
    rows = max(batches, key=lambda own: len(own) * int(store.lengths[own].max()))
    batch = collate([store[i] for i in rows], pad_id=engine.backbone.tokenizer.pad_token_id)
    batch = {key: value.to(device) for key, value in batch.items()}
    targets = torch.from_numpy(store.labels[rows].astype(np.int64)).to(device)

    def one_loss() -> torch.Tensor:
        with engine.accelerator.autocast():
            logits = logits_of(engine.model, batch)
        loss = engine.method.loss(logits, targets, torch.ones(len(rows), device=device))
        penalty = engine.method.penalty(engine.model)
        return loss if penalty is None else loss + penalty

    engine.model.train()
    n_bytes = activation_bytes(engine.model, one_loss)
    engine.model.eval()
    return batch["input_ids"].numel(), n_bytes


def _test(job: Job, folder: CellFolder) -> None:
    from tain.training.classifier import load_classifier

    assert job.test_file is not None, "only cells that are to be tested get here"
    texts = pl.read_parquet(job.test_file)
    classifier = load_classifier(job.folder / MODEL)
    folder.keep_predictions(TEST, texts, classifier.logits(_ids(job.cell, classifier.backbone, texts)))
    if not job.keep_model:
        shutil.rmtree(job.folder / MODEL)


def _fit_classical(job: Job, folder: CellFolder) -> None:
    from tain.evaluation.baselines import build_baseline

    started, base_rss = time.perf_counter(), rss_bytes()
    write_json(job.folder / SETTINGS, job.cell.settings())
    train = pl.scan_parquet(job.train_file).head(job.cell.size).collect()
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


def rss_bytes() -> int:
    """Resident memory of this process now."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def peak_rss_bytes() -> int:
    """The most memory that this process was resident with since it began."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


def _peak_device_bytes() -> int:
    import torch

    return int(torch.cuda.max_memory_allocated())

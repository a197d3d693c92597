"""What a training took: parameters, memory and speed, counted where they can be and measured where not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tain.training.engine import Engine, TrainingResult


def training_cost(engine: Engine, result: TrainingResult) -> dict[str, Any]:
    """Parameters, memory and speed of a training that has ended well.

    The speed is that of the logged steps, so that evaluations and checkpoints are no part of it and an interruption
    does not change it; the time is that of as many tokens at that speed.

    Args:
        engine: After the training.
        result: What came out of it.
    """
    from tain.methods.method import trainable
    from tain.methods.quantised import bits_per_weight, weight_bytes
    from tain.training.optimiser_bytes import optimiser_bytes

    steps = [entry for entry in engine.run.entries() if "duration_s" in entry]
    tokens_per_s = sum(e["train/tokens"] for e in steps) / max(sum(e["duration_s"] for e in steps), 1e-9)
    done = engine.state.progress.step
    n_tokens = float(engine.train_store.lengths.sum()) * engine.config.n_epochs * done / result.n_steps
    device = engine.accelerator.device
    batch_tokens, activations = _activations(engine)
    return {
        "weight_bytes": weight_bytes(result.classifier.model),
        "bits_per_weight": bits_per_weight(result.classifier.model),
        "weight_error": _weight_error(engine),
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


def _weight_error(engine: Engine) -> float | None:
    """How far quantised weights were from the base's before the first step, as a share; None where there are none."""
    from tain.methods.lq_lora import LqLora

    return engine.method.error if isinstance(engine.method, LqLora) else None


def _activations(engine: Engine) -> tuple[int, int]:
    """Padded tokens of the largest forward pass, and the bytes that it keeps for the backward pass."""
    import torch

    from tain.models import collate, logits_of
    from tain.training.activations import activation_bytes
    from tain.training.batches import epoch_batches

    store, config, device = engine.train_store, engine.config, engine.accelerator.device
    batches = epoch_batches(store, epoch=0, batch_tokens=config.batch_tokens, seed=engine.seed)
    parts = [part for batch in batches for part in engine.parts(batch)]
    rows = max(parts, key=lambda own: len(own) * int(store.lengths[own].max()))
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

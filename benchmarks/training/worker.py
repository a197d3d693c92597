"""One side of the comparison, in a process of its own: reads requests as JSON lines, answers in JSON lines."""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Protocol

os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import torch
from benchmarks.shapes import n_weights, product_flops

from tain.core.example import DETECTION
from tain.evaluation.ranking import auroc
from tain.methods import build_method
from tain.models import load_backbone
from tain.training.config import TrainingConfig
from tain.training.engine import Engine
from tain.training.folder import RunFolder
from tain.training.hardware import has_native_bf16
from tain.training.store import TokenRow, build_store

LR, RANK, ALPHA = 1e-3, 16, 32
Rows = list[tuple[list[int], int]]


class Side(Protocol):
    """What is timed."""

    def steps(self, n: int) -> tuple[int, float]:
        """Train n steps after one that does not count: tokens read, and seconds."""

    def learnt(self, seed: int, n_tokens: int) -> float:
        """Train anew on about so many tokens: AUROC on the held-out texts."""


def clock() -> float:
    """Seconds: of the processor with one thread, else of the wall."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    is_shared = torch.get_num_threads() == 1 and not torch.cuda.is_available()
    return time.process_time() if is_shared else time.perf_counter()


class Ours:
    """The engine with its defaults."""

    def __init__(self, train: Rows, valid: Rows, base: str, n_threads: int, attention: str = "padded") -> None:
        self.base, self.attention = base, attention
        self.folder = Path(tempfile.mkdtemp())
        self.n_threads = n_threads
        self.stores = [
            build_store(self.folder / name, (TokenRow(ids, label) for ids, label in rows))
            for name, rows in (("train", train), ("valid", valid))
        ]
        self.engine = self._engine(seed=0, n_epochs=50.0)
        self.step = 0

    def _engine(self, *, seed: int, n_epochs: float) -> Engine:
        run = RunFolder(Path(tempfile.mkdtemp(dir=self.folder)) / "run")
        run.open({}, threads=self.n_threads, is_resumed=False, force=False)
        config = TrainingConfig.model_validate(
            {"lr": LR, "n_epochs": n_epochs, "threads": self.n_threads, "attention": self.attention}
        )
        backbone, method = (
            load_backbone(self.base, DETECTION),
            build_method({"kind": "lora", "rank": RANK, "alpha": ALPHA}),
        )
        train, valid = self.stores
        return Engine(backbone, method, train=train, valid=valid, config=config, run=run, seed=seed, is_quiet=True)

    def steps(self, n: int) -> tuple[int, float]:
        """As `Side` says."""
        self.engine._step(self.step)
        start, n_tokens = clock(), 0
        for index in range(self.step + 1, self.step + 1 + n):
            n_tokens += self.engine._step(index)[1]
        self.step += 1 + n
        return n_tokens, clock() - start

    def learnt(self, seed: int, n_tokens: int) -> float:
        """As `Side` says."""
        train, valid = self.stores
        result = self._engine(seed=seed, n_epochs=n_tokens / train.lengths.sum()).train()
        logits = result.classifier.logits([valid[i] for i in range(len(valid))])
        return float(auroc(logits[:, 1] - logits[:, 0], valid.labels == 1))


class Peer:
    """Trainer and peft, grouped by length."""

    def __init__(self, train: Rows, valid: Rows, base: str, batch_size: int) -> None:
        from transformers import AutoTokenizer

        self.base, self.tokenizer = base, AutoTokenizer.from_pretrained(base)
        self.train, self.valid = ([{"input_ids": i, "labels": k} for i, k in rows] for rows in (train, valid))
        self.batch_size = batch_size
        self.model = self._model(0)

    def _model(self, seed: int) -> Any:  # noqa: ANN401 (peft has no types)
        from peft import LoraConfig, TaskType, get_peft_model
        from transformers import AutoModelForSequenceClassification

        torch.manual_seed(seed)
        base = AutoModelForSequenceClassification.from_pretrained(self.base, num_labels=2)
        settings = LoraConfig(task_type=TaskType.SEQ_CLS, r=RANK, lora_alpha=ALPHA, target_modules="all-linear")
        return get_peft_model(base, settings)

    def _trainer(self, model: Any, n_steps: int, seed: int, watch: Any = None) -> Any:  # noqa: ANN401
        from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

        arguments = TrainingArguments(
            output_dir=tempfile.mkdtemp(),
            per_device_train_batch_size=self.batch_size,
            learning_rate=LR,
            max_steps=n_steps,
            train_sampling_strategy="group_by_length",
            bf16=torch.cuda.is_available() or has_native_bf16(),
            use_cpu=not torch.cuda.is_available(),
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=seed,
        )
        pad = DataCollatorWithPadding(self.tokenizer)
        return Trainer(
            model, arguments, data_collator=pad, train_dataset=self.train, callbacks=[watch] if watch else None
        )

    def steps(self, n: int) -> tuple[int, float]:
        """As `Side` says."""
        from transformers import TrainerCallback

        times, sizes = [], []

        class Watch(TrainerCallback):
            def on_step_end(self, *_: object, **__: object) -> None:
                times.append(clock())

        trainer = self._trainer(self.model, n + 1, 0, Watch())
        inner = trainer.data_collator

        def counted(rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401
            sizes.append(sum(len(row["input_ids"]) for row in rows))
            return inner(rows)

        trainer.data_collator = counted
        trainer.train()
        # The loader reads ahead; only the batches of the timed steps count.
        return sum(sizes[1 : n + 1]), times[-1] - times[0]

    def learnt(self, seed: int, n_tokens: int) -> float:
        """As `Side` says."""
        mean = np.mean([len(row["input_ids"]) for row in self.train])
        model = self._model(seed)
        trainer = self._trainer(model, round(n_tokens / mean / self.batch_size), seed)
        trainer.train()
        found = trainer.predict(self.valid)  # grouped by length, so not in the order of the rows
        return float(auroc(found.predictions[:, 1] - found.predictions[:, 0], found.label_ids == 1))


def peak_mb() -> float:
    """Peak of the GPU's memory, or resident memory."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _product_flops() -> float:
    is_half = torch.cuda.is_available() or has_native_bf16()
    return product_flops("cuda" if torch.cuda.is_available() else "cpu", "bfloat16" if is_half else "float32", clock)


def main() -> None:
    """Serve requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what Trainer prints is no answer
    name, file, n_threads, base = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(n_threads)
    data = json.loads(file.read_text())
    loaded = peak_mb()
    kind, _, own = name.partition(" ")
    train, valid = data["train"], data["valid"]
    is_ours = kind == "tain"
    side: Side = Ours(train, valid, base, n_threads, own or "padded") if is_ours else Peer(train, valid, base, int(own))
    for line in sys.stdin:
        request = json.loads(line)
        if "product" in request:
            answer = {"flops": _product_flops(), "weights": float(n_weights(base))}
        elif "steps" in request:
            n_tokens, seconds = side.steps(request["steps"])
            answer = {"tokens_per_s": n_tokens / seconds, "n_tokens": n_tokens}
        else:
            answer = {"auroc": side.learnt(request["seed"], request["budget"])}
        print(json.dumps(answer | {"peak_mb": peak_mb(), "imports_mb": loaded}), file=answers, flush=True)


if __name__ == "__main__":
    main()

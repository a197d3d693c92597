"""The training loop: steps, evaluations, checkpoints and the way back from a divergence."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tain.core.errors import TrainingError
from tain.core.launch import require_one_process
from tain.core.progress import hushed, progress
from tain.methods import Method
from tain.methods.half_products import forget_halves
from tain.methods.method import trainable
from tain.models import Backbone
from tain.models.dropout import set_dropout
from tain.models.half_attention import leave_half_attention, use_half_attention
from tain.models.varlen_attention import leave_varlen_attention, use_varlen_attention
from tain.training.averaging import add_to_average, copy_of, put, swapped
from tain.training.batches import PART_TOKENS, epoch_batches, plan_length, within_budget
from tain.training.checkpoint import TrainingState, checkpoints, load_checkpoint, save_checkpoint
from tain.training.classifier import Classifier
from tain.training.config import TrainingConfig
from tain.training.estimate import Estimate, estimate
from tain.training.folder import RunFolder
from tain.training.guard import DivergenceGuard
from tain.training.hardware import keep_few_kernels, pick_device, pick_dtype
from tain.training.objective import Objective
from tain.training.pooled_states import pooled_states
from tain.training.preconditions import require_attention, require_enough_batches, require_teacher
from tain.training.processes import ALONE, Processes
from tain.training.recompute import compute_again
from tain.training.schedule import warmup_cosine
from tain.training.selection import ValidationScore, judge
from tain.training.shown_texts import show_texts
from tain.training.store import TokenStore
from tain.training.trackers import Tracker, require_tracker

if TYPE_CHECKING:
    from accelerate import Accelerator

LOG_EVERY = 10
HALF_WIDTH = 16  # each shape has a kernel made for it in bfloat16, which costs a processor time and memory


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What came out of a training.

    Attributes:
        classifier: With the best weights seen.
        best: Validation score of them.
        best_step: Step they are from.
        n_steps: Steps of the whole training.
        n_rollbacks: Times it diverged and went back.
        estimate: What was expected of time and memory; None for a resumed training.
    """

    classifier: Classifier
    best: tuple[float, ...]
    best_step: int
    n_steps: int
    n_rollbacks: int
    estimate: Estimate | None


class Engine:
    """One training of one method on one backbone."""

    def __init__(
        self,
        backbone: Backbone,
        method: Method[Any],
        *,
        train: TokenStore,
        valid: TokenStore,
        config: TrainingConfig,
        run: RunFolder,
        seed: int,
        processes: Processes = ALONE,
        is_quiet: bool = False,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Prepare the model and the optimiser.

        Args:
            backbone: Changed in place by the method.
            method: What trains.
            train: Texts to learn from.
            valid: Texts to choose the best weights by; never trained on.
            config: Settings.
            run: Opened Run folder.
            seed: Seed of batches and of what the method draws.
            processes: Those that share the work; all are given the same of everything else.
            is_quiet: No progress bar.
            tell: Told the estimate and any rollback.
        """
        torch.set_num_threads(run.threads)
        torch.manual_seed(seed)
        self.backbone, self.method, self.config, self.run, self.seed = backbone, method, config, run, seed
        self.train_store, self.valid_store = train, valid
        self.processes = processes
        self.is_quiet, self.tell = is_quiet, tell
        require_teacher(train, config)
        require_attention(config)
        self.epoch_ends = list(accumulate(plan_length(train, config, seed=seed)))
        require_enough_batches(self.epoch_ends[-1], config)
        self.n_steps = max(1, self.epoch_ends[-1] // config.accumulate)
        self.plan: tuple[int, list[NDArray[np.int64]]] = (-1, [])
        self.accelerator = self._accelerator()
        self.is_half_cpu = self.accelerator.mixed_precision == "bf16" and self.accelerator.device.type == "cpu"
        if self.is_half_cpu:
            keep_few_kernels()
            use_half_attention(backbone.model)
        set_dropout(backbone.model, attention=config.attention_dropout, hidden=config.hidden_dropout)
        with hushed(is_quiet):
            show_texts(method, backbone, train, seed=seed)
            prepared = method.prepare(backbone, seed=seed)
        if config.attention == "varlen":
            use_varlen_attention(prepared)
        if config.gradient_checkpointing:
            compute_again(backbone.model)
        groups = method.parameter_groups(
            prepared, lr=config.lr, head_lr=config.head_lr or config.lr, weight_decay=config.weight_decay
        )
        self.peak_rates = [group["lr"] for group in groups]
        optimiser = method.optimiser(groups)
        self.model: nn.Module
        self.optimiser: torch.optim.Optimizer
        # In evaluation mode it is not wrapped; gradients are added up in `_step`.
        self.model = self.accelerator.prepare_model(prepared, evaluation_mode=processes.n > 1)
        self.optimiser = self.accelerator.prepare_optimizer(optimiser)
        self.plain_optimiser = optimiser
        pad_id = backbone.tokenizer.pad_token_id
        self.pooled = pooled_states(self.model, [train, valid], config, pad_id=pad_id)
        self.objective = Objective(
            self.model, backbone, method, train, config,
            accelerator=self.accelerator, multiple=HALF_WIDTH if self.is_half_cpu else 1,
            states=self.pooled[0] if self.pooled else None,
        )  # fmt: skip
        self.guard = DivergenceGuard(config.guard_factor, floor=math.log(len(backbone.labels)))
        self.state = TrainingState()
        self.tracker = Tracker(self.accelerator, config)

    def _accelerator(self) -> Accelerator:
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState

        require_tracker(self.config)
        if self.processes.n == 1:
            require_one_process("this training")
        device = pick_device()
        precision = "bf16" if pick_dtype(self.config, device) == "bfloat16" else "no"
        tracker = None if self.config.report_to == "none" else self.config.report_to
        AcceleratorState._reset_state()  # accelerate keeps the precision of a process's first training for all others
        return Accelerator(
            mixed_precision=precision, cpu=device.type == "cpu", log_with=tracker, project_dir=str(self.run.path)
        )

    def train(self) -> TrainingResult:
        """Run to the end, from the newest checkpoint if there is one.

        Raises:
            TrainingError: If the loss diverges more often than `max_rollbacks`.
        """
        self._fill()
        expected = self._start()
        mean_tokens = float(self.train_store.lengths.mean())
        n_texts = sum(len(self._batch(index)) for index in range(self._done_batches(), self.epoch_ends[-1]))
        with progress("training", round(n_texts * mean_tokens), unit="tokens", is_quiet=self.is_quiet) as advance:
            while self.state.progress.step < self.n_steps and not self._is_exhausted():
                self._one_round(advance)
        if not self.state.best:
            self._evaluate()
        put(self.model, self.state.best)
        self.tracker.end()
        done = self.state.progress
        self.model.eval()
        if self.is_half_cpu:
            leave_half_attention(self.backbone.model)
            forget_halves(self.model)
        leave_varlen_attention(self.model)
        classifier = Classifier(
            self.backbone,
            self.method,
            self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False),
            self._longest_text(),
        )
        return TrainingResult(classifier, tuple(done.best), done.best_step, self.n_steps, done.n_rollbacks, expected)

    def _fill(self) -> None:
        n_tokens = int(self.train_store.lengths.sum() + self.valid_store.lengths.sum())
        if self.pooled:
            with (
                progress("reading for the head", n_tokens, unit="tokens", is_quiet=self.is_quiet) as advance,
                self.accelerator.autocast(),
            ):
                for states in self.pooled:
                    states.fill(advance, self.processes)

    def _start(self) -> Estimate | None:
        found = checkpoints(self.run.checkpoints)
        self.processes.wait()  # the main one may be about to write the first of them
        if found:
            self._restore()
            self._rewind()
            return None
        sizes = [int(self.train_store.lengths[self._batch(i)].sum()) for i in range(min(8, self.epoch_ends[0]))]
        middle = sizes.index(sorted(sizes)[len(sizes) // 2])
        n_tokens = round(float(self.train_store.lengths.mean()) * sum(len(self._batch(i)) for i in self._all_batches()))
        rows = self.processes.share(self._batch(middle))
        part = max(self.parts(rows if len(rows) else self._batch(middle)[:1]), key=len)
        part_tokens = int(self.train_store.lengths[part].sum())
        n_own = n_tokens // self.processes.n
        expected = estimate(self.model, lambda: self.objective.loss(part), batch_tokens=part_tokens, n_tokens=n_own)
        self.tell(f"Training takes {expected}, evaluations aside.")
        self._save()
        return expected

    def _one_round(self, advance: Callable[[int], None]) -> None:
        step = self.state.progress.step
        started = time.perf_counter()
        loss, n_tokens = self._step(step)
        if self.guard.has_diverged(loss):
            self._go_back(loss)
            return
        step = self.state.progress.step = step + 1
        advance(n_tokens)
        is_result = self.method.is_result(step=step - 1, n_steps=self.n_steps)
        if is_result and self.config.average_from is not None and step > self.config.average_from * self.n_steps:
            add_to_average(self.state, self.model)
        if step % LOG_EVERY == 0 or step == self.n_steps:
            self._log(
                {"train/loss": loss, "train/lr": self.config.lr * self._rate(step - 1), "train/tokens": n_tokens},
                duration_s=time.perf_counter() - started,
            )
        if step in self._evaluation_steps():
            self._evaluate()
        is_due = step % self.config.checkpoint_every == 0 or step == self.n_steps or step in self._evaluation_steps()
        if is_due and not self.guard.n_high:  # going back to a loss that is already high would help nobody
            self._save()

    def _step(self, step: int) -> tuple[float, int]:
        self.model.train()
        for group, peak in zip(self.optimiser.param_groups, self.peak_rates, strict=True):
            group["lr"] = peak * self._rate(step)
        self.processes.draw_apart(self.seed, step)
        total, n_tokens = 0.0, 0
        for index in range(step * self.config.accumulate, (step + 1) * self.config.accumulate):
            rows = self._batch(index)
            for part in self.parts(self.processes.share(rows)):
                loss = self.objective.loss(part) * (len(part) / len(rows) / self.config.accumulate)
                self.accelerator.backward(loss)
                total += loss.item()
            n_tokens += int(self.train_store.lengths[rows].sum())
        self.processes.draw_alike(self.seed, step)
        self.processes.add_up_gradients(trainable(self.model).values())
        total = self.processes.sum(torch.tensor(total, dtype=torch.float64)).item()
        self.method.after_backward(self.model, step=step, n_steps=self.n_steps)
        norm = self.accelerator.clip_grad_norm_(trainable(self.model).values(), self.config.clip_norm)
        if norm is not None and not math.isfinite(norm):
            self.optimiser.zero_grad(set_to_none=True)
            return math.nan, n_tokens  # a step along it would leave nothing to go back from
        self.optimiser.step()
        self.method.after_step(self.model, step=step, n_steps=self.n_steps)
        self.optimiser.zero_grad(set_to_none=True)
        return total, n_tokens

    def parts(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """What of a batch goes through the network at once; gradients of the parts add up to the batch's.

        Args:
            rows: Of one batch.
        """
        if self.accelerator.device.type != "cpu":
            return [rows] if len(rows) else []
        return within_budget(rows, self.train_store.lengths, PART_TOKENS)

    def _rate(self, step: int) -> float:
        share = warmup_cosine(step, n_steps=self.n_steps, warmup_share=self.config.warmup_share)
        return share * self.state.progress.rate_scale

    def _batch(self, index: int) -> NDArray[np.int64]:
        epoch = int(np.searchsorted(self.epoch_ends, index, side="right"))
        if self.plan[0] != epoch:
            batch_tokens = self.config.batch_tokens
            self.plan = (epoch, epoch_batches(self.train_store, epoch=epoch, batch_tokens=batch_tokens, seed=self.seed))
        start = self.epoch_ends[epoch - 1] if epoch else 0
        return self.plan[1][index - start]

    def _all_batches(self) -> range:
        return range(self.n_steps * self.config.accumulate)

    def _done_batches(self) -> int:
        return self.state.progress.step * self.config.accumulate

    def _longest_text(self) -> int:
        return int(max(self.train_store.lengths.max(), self.valid_store.lengths.max()))

    def _evaluation_steps(self) -> set[int]:
        n = self.config.n_evaluations
        return {math.ceil(self.n_steps * (index + 1) / n) for index in range(n)}

    def _is_exhausted(self) -> bool:
        patience = self.config.patience
        return patience is not None and self.state.progress.n_bad >= patience

    def _evaluate(self) -> None:
        candidates = {"": self._judge()}
        if self.state.average:
            with swapped(self.model, self.state.average):
                candidates["average/"] = self._judge()
        name = max(candidates, key=lambda key: candidates[key].key)
        self._log({f"{key}{k}": v for key, score in candidates.items() for k, v in score.metrics.items()})
        done = self.state.progress
        if not self.method.is_result(step=done.step - 1, n_steps=self.n_steps):
            return
        done.n_bad += 1
        if not done.best or candidates[name].key > tuple(done.best):
            done.best, done.best_step, done.best_is_average = list(candidates[name].key), done.step, bool(name)
            average = self.state.average
            self.state.best = {k: v.clone() for k, v in average.items()} if name else copy_of(self.model)
            done.n_bad = 0

    def _judge(self) -> ValidationScore:
        self.model.eval()
        self.processes.require_alike(trainable(self.model).values())
        store = self.valid_store
        with self.accelerator.autocast():
            if self.pooled and self.pooled[1].is_filled:
                with torch.inference_mode():
                    logits = self.pooled[1].logits(np.arange(len(store))).cpu().numpy()
            else:
                logits = self._read(store)
        return judge(logits, store.labels, label_set=self.backbone.labels, target_fpr=self.config.target_fpr)

    def _read(self, store: TokenStore) -> NDArray[np.float32]:
        scorer = Classifier(self.backbone, self.method, self.model, max_tokens=0)
        own = self.processes.share(np.arange(len(store)))
        logits = torch.zeros(len(store), len(self.backbone.labels))
        if len(own):
            found = scorer.logits([store[index] for index in own], batch_tokens=2 * self.config.batch_tokens)
            logits[own] = torch.from_numpy(found)
        return self.processes.sum(logits).numpy()

    def _log(self, values: dict[str, float], *, duration_s: float | None = None) -> None:
        if not self.processes.is_main:
            return
        entry: dict[str, float] = {"step": self.state.progress.step, **values}
        if duration_s is not None:
            entry["duration_s"] = round(duration_s, 4)
        self.run.log(entry)
        self.tracker.log(values, step=self.state.progress.step)

    def _save(self) -> None:
        self.state.progress.guard = self.guard.state()
        self.state.method = self.method.state(self.model)
        if self.processes.is_main:
            save_checkpoint(
                self.run.checkpoints, self.model, self.plain_optimiser, self.state, keep=self.config.keep_checkpoints
            )

    def _restore(self) -> None:
        self.state = load_checkpoint(checkpoints(self.run.checkpoints)[-1], self.model, self.plain_optimiser)
        self.guard.restore(self.state.progress.guard)
        self.method.restore(self.model, self.state.method)
        self.processes.wait()  # the main one may write over what the others still read

    def _rewind(self) -> None:
        if self.processes.is_main:
            self.run.rewind(self.state.progress.step)

    def _go_back(self, loss: float) -> None:
        at = self.state.progress.step
        self._restore()
        done = self.state.progress
        self._rewind()
        if done.n_rollbacks >= self.config.max_rollbacks:
            raise TrainingError(
                f"The loss rose to {loss:.3g} at step {at} and diverged again after {done.n_rollbacks} rollbacks. "
                f"Lower training.lr (now {self.config.lr}) or raise training.warmup_share."
            )
        done.n_rollbacks += 1
        done.rate_scale /= 2
        self.tell(f"The loss rose to {loss:.3g} at step {at}: back to step {done.step} at half the rate.")
        self._save()

"""AdaLoRA: a change in the form of a singular value decomposition, whose rank is spent where it matters.

    y = W0 x + s P diag(e) Q x,   penalty  gamma mean(||P^T P - I||^2 + ||Q Q^T - I||^2)

Every few steps the triplets (column of P, value of e, row of Q) with the least importance lose their value, until the
budget of `rank` a matrix is met. Importance: of a triplet, the sum of that of its value and the means of those of its
vectors; of a number, the smoothed |w dL/dw| times how much it varies.

Source: Zhang et al. 2023, arXiv:2303.10512, equations 3 to 12. The layers and the saved form are peft's. Differs from
peft's allocator: exactly as many triplets stay as the budget says, where a threshold lets ties fall together, and at
the start, where every value is zero, all of them; the engine asks it at the right moment; what it remembers is part of
a checkpoint; weights are judged only once the budget is met; the penalty is a mean over matrices, so that its weight
does not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import torch
from pydantic import Field
from torch import nn

from tain.core.errors import ConfigError
from tain.methods.method import MethodConfig, Tensors
from tain.methods.peft_adapter import ADAPTER, PeftMethod
from tain.methods.targets import target_linears
from tain.models import Backbone

if TYPE_CHECKING:
    from peft import AdaLoraConfig

P, E, Q = "lora_B", "lora_E", "lora_A"  # as peft names them


class AdaLoraSettings(MethodConfig):
    """Settings of AdaLoRA."""

    rank: int = Field(8, ge=1, description="Mean rank of each change at the end.")
    initial_rank: int = Field(12, ge=1, description="Rank of each change at the start.")
    alpha: float = Field(32.0, gt=0, description="Numerator of the scale s = alpha / initial_rank.")
    targets: str | tuple[str, ...] = Field(
        "all-linear", description="all-linear, attention, mlp, or names of linear layers."
    )
    free_share: float = Field(0.1, ge=0, lt=1, description="Share of the steps before the first value is taken.")
    settled_share: float = Field(0.4, gt=0, lt=1, description="Share of the steps after the last value is taken.")
    every: int = Field(5, ge=1, description="Steps between two allocations.")
    smoothing: float = Field(0.85, gt=0, lt=1, description="Of the importance, and of how much it varies.")
    orthogonality: float = Field(0.1, ge=0, description="Weight of the penalty.")


class AdaLora(PeftMethod[AdaLoraSettings]):
    """AdaLoRA on the linear layers of any encoder or decoder."""

    kind: ClassVar[str] = "adalora"
    config_type: ClassVar[type[MethodConfig]] = AdaLoraSettings

    def __init__(self, config: AdaLoraSettings) -> None:
        """Keep the settings.

        Raises:
            ConfigError: If the ranks or the shares of the steps leave nothing to allocate.
        """
        super().__init__(config)
        if config.initial_rank < config.rank:
            raise ConfigError(
                f"method.initial_rank is {config.initial_rank}, below method.rank {config.rank}; expected as much."
            )
        if config.free_share + config.settled_share >= 1:
            raise ConfigError(
                f"method.free_share {config.free_share} and method.settled_share {config.settled_share} leave no steps "
                "to allocate in. Expected a sum below 1."
            )
        self.importance: Tensors = {}
        self.uncertainty: Tensors = {}
        self.kept: Tensors = {}  # once the budget is met, the triplets that stay

    def peft_config(self, backbone: Backbone) -> AdaLoraConfig:
        """P, e and Q beside each target."""
        from peft import AdaLoraConfig, TaskType

        return AdaLoraConfig(
            task_type=TaskType.SEQ_CLS,
            init_r=self.config.initial_rank,
            target_r=self.config.rank,
            lora_alpha=self.config.alpha,  # type: ignore[arg-type]  # peft types it int, and computes with floats
            target_modules=sorted(target_linears(backbone, self.config.targets)),
            modules_to_save=[backbone.head_name],
            total_step=1,  # peft insists on a schedule; ours is the engine's
        )

    def n_trainable(self, backbone: Backbone) -> int:
        """Sum of r (d_in + d_out + 1) over targets at the initial rank, and the head."""
        linears = target_linears(backbone, self.config.targets).values()
        thin = sum(self.config.initial_rank * (x.in_features + x.out_features + 1) for x in linears)
        return thin + backbone.n_head_parameters

    def penalty(self, model: nn.Module) -> torch.Tensor | None:
        """How far the vectors are from orthonormal."""
        if not self.config.orthogonality:
            return None
        sides = [p @ p.T for p in _parts(model, Q).values()] + [p.T @ p for p in _parts(model, P).values()]
        gaps = [(side - torch.eye(len(side), device=side.device)).square().sum() for side in sides]
        return self.config.orthogonality * torch.stack(gaps).sum() / (len(gaps) / 2)

    def after_step(self, model: nn.Module, *, step: int, n_steps: int) -> None:
        """Remember how much each number mattered, and take the values of the triplets that mattered least."""
        last = self._last(n_steps)
        if step < last or not self.importance:
            self._remember(model)
        if step >= last:
            self.kept = self.kept or self._most_important(model, self.budget(step, n_steps, n_matrices=_n(model)))
            _take(model, self.kept)
        elif step >= self._first(n_steps) and step % self.config.every == 0:
            # A value that is taken here may come back: only what is taken at the end stays away.
            _take(model, self._most_important(model, self.budget(step, n_steps, n_matrices=_n(model))))

    def is_result(self, *, step: int, n_steps: int) -> bool:
        """Only weights that meet the budget are what was asked for."""
        return step >= self._last(n_steps)

    def state(self, model: nn.Module) -> Tensors:
        """Importance, how much it varies, and what was kept for good."""
        del model
        parts = {"importance": self.importance, "uncertainty": self.uncertainty, "kept": self.kept}
        return {f"{part}/{name}": value for part, own in parts.items() for name, value in own.items()}

    def restore(self, model: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
        """Put back what `state` gave."""
        device = next(model.parameters()).device
        parts: dict[str, Tensors] = {"importance": {}, "uncertainty": {}, "kept": {}}
        for key, value in state.items():
            part, _, name = key.partition("/")
            parts[part][name] = value.to(device)
        self.importance, self.uncertainty, self.kept = parts["importance"], parts["uncertainty"], parts["kept"]

    def budget(self, step: int, n_steps: int, *, n_matrices: int) -> int:
        """Triplets that keep their value after a step: all, then fewer by a cubic schedule, then rank a matrix."""
        first, last = self._first(n_steps), self._last(n_steps)
        most, least = self.config.initial_rank * n_matrices, self.config.rank * n_matrices
        share = min(1.0, max(0.0, 1 - (step - first) / max(1, last - first)))
        return int(least + (most - least) * share**3)

    def _first(self, n_steps: int) -> int:
        return int(self.config.free_share * n_steps)

    def _last(self, n_steps: int) -> int:
        return min(n_steps - 1, int((1 - self.config.settled_share) * n_steps))

    def _remember(self, model: nn.Module) -> None:
        keep = self.config.smoothing
        for part in (P, E, Q):
            for name, weight in _parts(model, part).items():
                # What reaches no answer has no gradient, and matters to nobody.
                gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad
                now = (weight * gradient).abs().detach()
                was = self.importance.get(name, torch.zeros_like(now))
                self.importance[name] = keep * was + (1 - keep) * now
                gap = (now - self.importance[name]).abs()
                varies = self.uncertainty.get(name, torch.zeros_like(now))
                self.uncertainty[name] = keep * varies + (1 - keep) * gap

    def _score(self, name: str) -> torch.Tensor:
        return self.importance[name] * self.uncertainty[name]

    def _most_important(self, model: nn.Module, budget: int) -> Tensors:
        """Which triplets of each matrix keep their value, by the name of the values."""
        names = list(_parts(model, E))
        scores = [
            self._score(name).flatten()
            + self._score(name.replace(E, Q)).mean(dim=1)
            + self._score(name.replace(E, P)).mean(dim=0)
            for name in names
        ]
        order = torch.argsort(torch.cat(scores), descending=True, stable=True)
        is_kept = torch.zeros(len(order), dtype=torch.bool, device=order.device)
        is_kept[order[:budget]] = True
        return dict(zip(names, torch.split(is_kept, [len(score) for score in scores]), strict=True))


def active_ranks(model: nn.Module) -> dict[str, int]:
    """How many triplets of each matrix have a value, by the matrix's dotted name."""
    return {
        name.partition(f".{E}")[0].removeprefix("base_model.model."): int((value != 0).sum())
        for name, value in _parts(model, E).items()
    }


def _take(model: nn.Module, kept: Mapping[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, value in _parts(model, E).items():
            value.masked_fill_(~kept[name].unsqueeze(1), 0.0)


def _parts(model: nn.Module, part: str) -> dict[str, nn.Parameter]:
    return {name: p for name, p in model.named_parameters() if name.endswith(f".{part}.{ADAPTER}")}


def _n(model: nn.Module) -> int:
    return len(_parts(model, E))

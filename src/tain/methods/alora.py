"""ALoRA: ranks move, while training, from where their loss costs nothing to where there is need of them.

    IS(rank) = S(M) - S(M without the rank) + S(M with that rank alone),   S = -loss on some texts

Several times, the ranks of least importance in the whole network are taken away and as many are given to the matrices
that lost none, those with the highest mean importance first. The number of ranks in all stays what it was.

Source: Liu et al. 2024, "ALoRA: Allocating Low-Rank Adaptation", arXiv:2403.16187 (no code was published). Differs:
importance is measured on training texts that `look_at` gives, where the paper takes validation texts, which here choose
the weights; a rank that is given anew starts at the row of A that stands there and at zero in B, with moments of the
optimiser near zero but no new bias correction: its first steps are up to three times as long as its rate says.

Each matrix is laid out for `rank + n_moves` ranks, of which the unused have zeros in B and no gradient: they cost
memory, not accuracy, and let a checkpoint, an optimiser and peft see one shape from start to end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from pydantic import Field
from torch import nn

from tain.core.errors import ConfigError
from tain.methods.method import MethodConfig, Tensors
from tain.methods.peft_adapter import ADAPTER, PeftMethod, lora_layers
from tain.methods.targets import target_linears
from tain.models import Backbone, TokenIds, collate, logits_of

if TYPE_CHECKING:
    from peft import LoraConfig


AT_ONCE = 16


class ALoraSettings(MethodConfig):
    """Settings of ALoRA."""

    rank: int = Field(8, ge=1, description="Mean rank of each change, from start to end.")
    alpha: float = Field(16.0, gt=0, description="Numerator of the scale s = alpha / rank.")
    targets: str | tuple[str, ...] = Field(
        "all-linear", description="all-linear, attention, mlp, or names of linear layers."
    )
    n_moves: int = Field(4, ge=1, description="Times at which ranks are moved.")
    move_share: float = Field(0.05, gt=0, lt=1, description="Share of all ranks that is moved each time.")
    first_share: float = Field(0.2, gt=0, lt=1, description="Share of the steps before the first move.")
    settled_share: float = Field(0.4, gt=0, lt=1, description="Share of the steps after the last move.")
    n_texts: int = Field(
        16, ge=1, le=256, description="Texts that importance is measured on: two passes over them for every rank."
    )


class ALora(PeftMethod[ALoraSettings]):
    """LoRA whose ranks move between matrices."""

    kind: ClassVar[str] = "alora"
    config_type: ClassVar[type[MethodConfig]] = ALoraSettings
    can_mix: ClassVar[bool] = True

    def __init__(self, config: ALoraSettings) -> None:
        """Keep the settings; `look_at` brings the texts.

        Raises:
            ConfigError: If the shares of the steps leave nothing to move in.
        """
        super().__init__(config)
        if config.first_share + config.settled_share >= 1:
            raise ConfigError(
                f"method.first_share {config.first_share} and method.settled_share {config.settled_share} leave no "
                "steps to move ranks in. Expected a sum below 1."
            )
        self.rows: list[TokenIds] = []
        self.targets: list[int] = []
        self.pad_id = 0
        self.is_used: Tensors = {}

    def look_at(self, backbone: Backbone, rows: Sequence[TokenIds], targets: Sequence[int]) -> None:
        """Keep the texts that importance is measured on."""
        n = self.config.n_texts
        self.rows, self.targets, self.pad_id = list(rows[:n]), list(targets[:n]), backbone.tokenizer.pad_token_id

    def peft_config(self, backbone: Backbone) -> LoraConfig:
        """LoRA with room for the ranks that a matrix may be given."""
        from peft import LoraConfig, TaskType

        from tain.methods.thin_products import with_thin_products

        scale = self.config.alpha / self.config.rank
        settings = LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=self._room,
            lora_alpha=scale * self._room,  # type: ignore[arg-type]  # peft divides it by all the room
            target_modules=sorted(target_linears(backbone, self.config.targets)),
            modules_to_save=[backbone.head_name],
        )
        return with_thin_products(settings)

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The backbone with A and B beside each target, the first ranks of each in use."""
        model = super().prepare(backbone, seed=seed)
        in_use = torch.arange(self._room) < self.config.rank
        self.is_used = {name: in_use.clone() for name, _ in lora_layers(model)}
        return model

    def n_trainable(self, backbone: Backbone) -> int:
        """Sum of (rank + n_moves) (d_in + d_out) over targets, unused room included, and the head."""
        linears = target_linears(backbone, self.config.targets).values()
        return self._room * sum(x.in_features + x.out_features for x in linears) + backbone.n_head_parameters

    def after_backward(self, model: nn.Module, *, step: int, n_steps: int) -> None:
        """No gradient for what is not in use."""
        del step, n_steps
        for name, layer in lora_layers(model):
            unused = (~self.is_used[name]).to(layer.lora_B[ADAPTER].weight.device)
            for weight, dim in ((layer.lora_A[ADAPTER].weight, 0), (layer.lora_B[ADAPTER].weight, 1)):
                if weight.grad is not None:
                    weight.grad.index_fill_(dim, unused.nonzero().flatten(), 0.0)

    def after_step(self, model: nn.Module, *, step: int, n_steps: int) -> None:
        """Keep what is not in use at zero, and move ranks when it is time."""
        if step in self.moves(n_steps):
            self._move(model)
        for name, layer in lora_layers(model):
            with torch.no_grad():  # an optimiser's momentum would bring a rank back
                layer.lora_B[ADAPTER].weight[:, ~self.is_used[name]] = 0.0

    def moves(self, n_steps: int) -> set[int]:
        """The steps after which ranks are moved."""
        first, last = self.config.first_share * n_steps, (1 - self.config.settled_share) * n_steps
        gap = (last - first) / max(1, self.config.n_moves - 1)
        return {int(first + gap * index) for index in range(self.config.n_moves)}

    def is_result(self, *, step: int, n_steps: int) -> bool:
        """Only once the last rank has moved."""
        return step >= max(self.moves(n_steps)) or step == n_steps - 1

    def state(self, model: nn.Module) -> Tensors:
        """Which ranks are in use."""
        del model
        return dict(self.is_used)

    def restore(self, model: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
        """Put back what `state` gave."""
        device = next(model.parameters()).device
        self.is_used = {name: value.to(device) for name, value in state.items()}

    @property
    def _room(self) -> int:
        return self.config.rank + self.config.n_moves

    def _move(self, model: nn.Module) -> None:
        scores = self.importance(model)
        n_moved = max(1, round(self.config.move_share * sum(len(own) for own in scores.values())))
        ranks = [(value, name, rank) for name, own in scores.items() for rank, value in own.items()]
        lost = sorted(ranks)[:n_moved]
        for _, name, rank in lost:
            self.is_used[name][rank] = False
        losers = {name for _, name, _ in lost}
        means = {name: sum(own.values()) / len(own) for name, own in scores.items() if own and name not in losers}
        self._give(n_moved, sorted(means, key=lambda name: (-means[name], name)) or sorted(losers))

    def _give(self, n_ranks: int, names: Sequence[str]) -> None:
        while n_ranks:
            with_room = [name for name in names if not self.is_used[name].all()] or [
                name for name, used in self.is_used.items() if not used.all()
            ]
            for name in with_room[:n_ranks]:
                self.is_used[name][int((~self.is_used[name]).nonzero()[0])] = True
            n_ranks -= min(n_ranks, len(with_room))

    def importance(self, model: nn.Module) -> dict[str, dict[int, float]]:
        """The importance of each rank in use, by matrix; two passes over the texts for each rank.

        Args:
            model: Prepared; left as it was.
        """
        was_training = model.training
        model.eval()
        with torch.no_grad():
            whole = self._score(model)
            found = {name: self._of_matrix(model, layer, name, whole) for name, layer in lora_layers(model)}
        model.train(was_training)
        return found

    def _of_matrix(self, model: nn.Module, layer: Any, name: str, whole: float) -> dict[int, float]:  # noqa: ANN401
        scores = {}
        for rank in self.is_used[name].nonzero().flatten().tolist():
            with _only(model, without=(layer, rank)):
                without = self._score(model)
            with _only(model, alone=(layer, rank)):
                alone = self._score(model)
            scores[rank] = whole - without + alone
        return scores

    def _score(self, model: nn.Module) -> float:
        device = next(model.parameters()).device
        total = 0.0
        for start in range(0, len(self.rows), AT_ONCE):
            rows, targets = self.rows[start : start + AT_ONCE], self.targets[start : start + AT_ONCE]
            batch = {key: value.to(device) for key, value in collate(rows, pad_id=self.pad_id).items()}
            found = nn.functional.cross_entropy(
                logits_of(model, batch), torch.tensor(targets, device=device), reduction="sum"
            )
            total -= float(found)
        return total / len(self.rows)


@contextmanager
def _only(
    model: nn.Module, *, without: tuple[Any, int] | None = None, alone: tuple[Any, int] | None = None
) -> Iterator[None]:
    """One rank silenced, or all but one, for as long as it lasts."""
    layers = [without[0]] if without else [layer for _, layer in lora_layers(model)]
    weights = [layer.lora_B[ADAPTER].weight for layer in layers]
    kept = [weight.clone() for weight in weights]
    if without:
        weights[0][:, without[1]] = 0.0
    elif alone:
        column = alone[0].lora_B[ADAPTER].weight[:, alone[1]].clone()
        for weight in weights:
            weight.zero_()
        alone[0].lora_B[ADAPTER].weight[:, alone[1]] = column
    try:
        yield
    finally:
        for weight, value in zip(weights, kept, strict=True):
            weight.copy_(value)

"""The seam every tuning method goes through."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import torch
from pydantic import BaseModel, ConfigDict
from torch import nn

from tain.models import Backbone, TokenIds

if TYPE_CHECKING:
    from transformers import PreTrainedModel

BETAS = (0.9, 0.999)
Tensors = dict[str, torch.Tensor]


class MethodConfig(BaseModel):
    """Settings of a method; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


C = TypeVar("C", bound=MethodConfig)


class Method(ABC, Generic[C]):
    """Prepares a Backbone for training, and knows how to save, reload and merge the result.

    Attributes:
        kind: Name in configs and on the command line.
        config_type: The method's settings.
        can_merge: Whether `merge` gives a plain transformers model with equal logits.
        starts_at_base: Whether the prepared model answers exactly as the backbone before the first step.
        saves_peft: Whether `save` writes a folder that stock peft loads.
        merges_to_stock: Whether transformers' own classes reload what `merge` gives.
        can_mix: Whether what `save` writes is LoRA beside the whole backbone, so that rows of many such adapters may go
            through it in one pass.
    """

    kind: ClassVar[str]
    config_type: ClassVar[type[MethodConfig]]
    can_merge: ClassVar[bool] = True
    starts_at_base: ClassVar[bool] = True
    saves_peft: ClassVar[bool] = True
    merges_to_stock: ClassVar[bool] = True
    can_mix: ClassVar[bool] = False

    def __init__(self, config: C) -> None:
        """Keep the settings; nothing is changed yet."""
        self.config = config

    def make_room(self, backbone: Backbone) -> None:
        """Lower `backbone.max_tokens` by what the method adds to each text. The default adds nothing.

        Called before texts are cut to that length, and again by `prepare` and `load`, which changes nothing more.

        Args:
            backbone: Not yet prepared; only its `max_tokens` is changed.
        """
        del backbone

    def require(self, backbone: Backbone) -> None:
        """Return only if the method can be applied to this backbone. The default fits all.

        Raises:
            MethodError: With what is wrong, and what would do.
        """
        del backbone

    def look_at(self, backbone: Backbone, rows: Sequence[TokenIds], targets: Sequence[int]) -> None:
        """Learn what the method has to know of the texts before `prepare`. The default asks nothing.

        Args:
            backbone: Not yet prepared; to be left as it is.
            rows: Some of the training texts as token ids, the same ones on every start of one training.
            targets: Class index of each.
        """
        del backbone, rows, targets

    @abstractmethod
    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The model to train: the backbone frozen, what the method adds inserted, what trains marked.

        Args:
            backbone: Changed in place.
            seed: Seed of whatever is drawn at random.
        """

    @abstractmethod
    def n_trainable(self, backbone: Backbone) -> int:
        """The number of parameters that will train, by formula, before anything is inserted."""

    @abstractmethod
    def save(self, model: nn.Module, folder: Path) -> None:
        """Write what was trained, head included, into an existing folder. Safetensors only."""

    @abstractmethod
    def load(self, backbone: Backbone, folder: Path) -> nn.Module:
        """The trained model, from a folder that `save` wrote and a fresh backbone."""

    @abstractmethod
    def merge(self, model: nn.Module) -> PreTrainedModel:
        """A plain transformers model with the change folded in; the argument stays usable."""

    def parameter_groups(
        self, model: nn.Module, *, lr: float, head_lr: float, weight_decay: float
    ) -> list[dict[str, Any]]:
        """Optimiser groups: what the method trains at `lr`, the head at its own rate."""
        head = [p for name, p in model.named_parameters() if p.requires_grad and is_head(name)]
        body = [p for name, p in model.named_parameters() if p.requires_grad and not is_head(name)]
        groups = [
            {"params": body, "lr": lr, "weight_decay": weight_decay},
            {"params": head, "lr": head_lr, "weight_decay": weight_decay},
        ]
        return [group for group in groups if group["params"]]

    def optimiser(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """What takes the steps: AdamW. Its state must be tensors, by parameter, for a training to be resumed.

        Args:
            groups: Of `parameter_groups`.
        """
        # One pass over the weights takes a seventh of the time. On an accelerator it would keep its step counter there.
        has_accelerator = torch.cuda.is_available() or torch.backends.mps.is_available()
        return torch.optim.AdamW(groups, betas=BETAS, fused=None if has_accelerator else True)

    def penalty(self, model: nn.Module) -> torch.Tensor | None:
        """What is added to the loss of every batch, a scalar. The default adds nothing."""
        del model
        return None

    def state(self, model: nn.Module) -> Tensors:
        """What a resumed training needs besides weights and the optimiser's state. The default needs nothing."""
        del model
        return {}

    def restore(self, model: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
        """Put back what `state` gave, after `prepare` and the weights. The default does nothing."""
        del model, state

    def is_result(self, *, step: int, n_steps: int) -> bool:
        """Whether the weights after a number of steps, counted from 0, may be the outcome of the training.

        The last step's always may. A method that arrives at its form only later says no before.
        """
        del step, n_steps
        return True

    def loss(
        self, logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, *, smoothing: float = 0.0
    ) -> torch.Tensor:
        """Weighted cross-entropy of a batch.

        Args:
            logits: Shape (n_texts, n_labels), float32.
            targets: Class indices, shape (n_texts,).
            weights: Weight of each text, shape (n_texts,), mean 1 over the training texts that have a label; 0 for the
                others, whose target means nothing.
            smoothing: Share of certainty given to all classes alike.

        Returns:
            The mean of the weighted losses, in nats. Dividing by the weights of the batch instead would undo the
            balance wherever a batch holds more of one class.
        """
        losses = nn.functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
        return (losses * weights).mean()

    def after_backward(self, model: nn.Module, *, step: int, n_steps: int) -> None:
        """Act on gradients before the optimiser does. The default does nothing."""
        del model, step, n_steps

    def after_step(self, model: nn.Module, *, step: int, n_steps: int) -> None:
        """Act on weights after the optimiser did, gradients still there. The default does nothing."""
        del model, step, n_steps


def is_head(name: str) -> bool:
    """Whether a parameter belongs to the classification head, by its dotted name."""
    return bool({"classifier", "score", "classification_head"} & set(name.split(".")))


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that train, by name, in the model's order."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}

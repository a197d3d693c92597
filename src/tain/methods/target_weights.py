"""What methods share that train the weight matrices of chosen layers themselves, by an optimiser of their own."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import Field
from torch import nn

from tain.methods.method import Method, MethodConfig, trainable
from tain.methods.projected_adam import Precision
from tain.methods.targets import target_linears
from tain.methods.weights import read_weights, save_trained
from tain.models import Backbone

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FILE = "changed_weights.safetensors"


class ProjectionSettings(MethodConfig):
    """Settings of a projected optimiser."""

    rank: int = Field(
        8, ge=1, description="Singular vectors a gradient is projected on; a smaller matrix takes all it has."
    )
    update_gap: int = Field(200, ge=1, description="Steps between two bases; each costs an SVD of every target.")
    scale: float = Field(
        4.0, gt=0, description="Factor on projected steps, beside the rate: 4 to fine-tune, 0.25 to pretrain."
    )
    targets: str | tuple[str, ...] = Field(
        "all-linear", description="all-linear, attention, mlp, or names of linear layers."
    )
    moments: Precision = Field(
        "float32", description="How Adam's projected moments are kept: 8bit takes a quarter of float32."
    )


C = TypeVar("C", bound=ProjectionSettings)


class TargetWeights(Method[C]):
    """Trains the full weight matrices of target layers and the head; biases and all else stay."""

    saves_peft: ClassVar[bool] = False

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The backbone itself, its targets' weights and its head trainable. Nothing is drawn: `seed` has no effect."""
        del seed
        for layer in target_linears(backbone, self.config.targets).values():
            layer.weight.requires_grad_(True)
        getattr(backbone.model, backbone.head_name).requires_grad_(True)
        return backbone.model

    def n_trainable(self, backbone: Backbone) -> int:
        """Sum of d_in d_out over targets, and the head. The optimiser's state is what is small, not this."""
        linears = target_linears(backbone, self.config.targets).values()
        return sum(layer.in_features * layer.out_features for layer in linears) + backbone.n_head_parameters

    def parameter_groups(
        self, model: nn.Module, *, lr: float, head_lr: float, weight_decay: float
    ) -> list[dict[str, Any]]:
        """The targets at `lr`, with what their projection takes, and the head at its own rate."""
        groups = super().parameter_groups(model, lr=lr, head_lr=head_lr, weight_decay=weight_decay)
        groups[0] |= self.config.model_dump(include={"rank", "update_gap", "scale", "moments"})
        return groups

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write the targets' weights and the head; the base has the rest.

        Raises:
            MethodError: If nothing in the model is marked as trained, as in a merged one.
        """
        save_trained(model, folder / FILE)

    def load(self, backbone: Backbone, folder: Path) -> nn.Module:
        """The backbone with the targets' weights and the head replaced by saved ones, marked as trained."""
        model = self.prepare(backbone, seed=0)
        read_weights(model, folder / FILE, expected=list(trainable(model)))
        return model

    def merge(self, model: nn.Module) -> PreTrainedModel:
        """A copy: the weights are plain already."""
        return deepcopy(model).requires_grad_(False)  # type: ignore[return-value]

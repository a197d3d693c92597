"""LoRA-FA: LoRA with A frozen as it was drawn, so that a layer's input need not be kept for the backward pass.

    y = W0 x + s B A x,   only B trains;   corrected gradient of B:  g / s^2 (A A^T + delta I)^-1

Source: Zhang et al. 2023, arXiv:2308.03303; the correction is its second version's: the step of B whose effect on the
whole weight, s B A, is nearest to full fine-tuning's gradient in the Frobenius norm. Differs from peft's
`create_lorafa_optimizer`: the correction acts on gradients before any optimiser, in float32, so that it works with
every optimiser and resumes; and there is no dropout on the input of A, whose mask would be kept where the input is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from pydantic import Field
from torch import nn

from tain.core.errors import MethodError
from tain.methods.method import MethodConfig
from tain.methods.peft_adapter import ADAPTER, PeftMethod, lora_layers
from tain.methods.targets import target_linears
from tain.models import Backbone

if TYPE_CHECKING:
    from peft import LoraConfig

DAMPING = 1e-8  # of A A^T relative to its mean diagonal: rows drawn at random are far from dependent


class LoraFaSettings(MethodConfig):
    """Settings of LoRA-FA."""

    rank: int = Field(16, ge=1, description="Rank r of each change.")
    alpha: float = Field(32.0, gt=0, description="Numerator of the scale s = alpha / rank.")
    targets: str | tuple[str, ...] = Field(
        "all-linear", description="all-linear, attention, mlp, or names of linear layers; memory is saved with all."
    )
    rslora: bool = Field(False, description="Scale by alpha / sqrt(rank), stable at high rank.")
    is_corrected: bool = Field(True, description="Make each step of B the nearest to full fine-tuning's.")


class LoraFa(PeftMethod[LoraFaSettings]):
    """LoRA whose A stays as drawn: half the parameters, and about a third less memory for activations."""

    kind: ClassVar[str] = "lora_fa"
    config_type: ClassVar[type[MethodConfig]] = LoraFaSettings
    can_mix: ClassVar[bool] = True

    def peft_config(self, backbone: Backbone) -> LoraConfig:
        """A and B beside each target."""
        from peft import LoraConfig, TaskType

        from tain.methods.thin_products import with_thin_products

        settings = LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=self.config.rank,
            lora_alpha=self.config.alpha,  # type: ignore[arg-type]  # peft types it int, and computes with floats
            target_modules=sorted(target_linears(backbone, self.config.targets)),
            modules_to_save=[backbone.head_name],
            use_rslora=self.config.rslora,
        )
        return with_thin_products(settings)

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The backbone with A and B beside each target, A frozen.

        Raises:
            MethodError: If A cannot have independent rows, which the correction needs.
        """
        narrowest = min(x.in_features for x in target_linears(backbone, self.config.targets).values())
        if self.config.is_corrected and self.config.rank > narrowest:
            raise MethodError(
                f"method.rank is {self.config.rank}, above the {narrowest} inputs of the narrowest target. Lower it or "
                "set method.is_corrected to false."
            )
        model = super().prepare(backbone, seed=seed)
        for _, layer in lora_layers(model):
            layer.lora_A[ADAPTER].requires_grad_(False)
        return model

    def n_trainable(self, backbone: Backbone) -> int:
        """Sum of r d_out over targets, and the head."""
        linears = target_linears(backbone, self.config.targets).values()
        return sum(self.config.rank * layer.out_features for layer in linears) + backbone.n_head_parameters

    def after_backward(self, model: nn.Module, *, step: int, n_steps: int) -> None:
        """Correct the gradient of each B."""
        del step, n_steps
        if not self.config.is_corrected:
            return
        for _, layer in lora_layers(model):
            a, b = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
            if b.grad is not None:
                b.grad.copy_(corrected(b.grad, a, scale=layer.scaling[ADAPTER]))


def corrected(gradient: torch.Tensor, a: torch.Tensor, *, scale: float) -> torch.Tensor:
    """The gradient of B whose step changes the weight most like full fine-tuning's.

    Args:
        gradient: Of B, shape (d_out, r).
        a: Shape (r, d_in), of rank r.
        scale: s.

    Returns:
        X of shape (d_out, r) that makes s X A nearest to the gradient of the weight.
    """
    gram = a.float() @ a.float().T
    gram = gram + DAMPING * gram.diagonal().mean() * torch.eye(len(gram), device=gram.device)
    found: torch.Tensor = torch.linalg.solve(gram, gradient.float().T).T / scale**2
    return found.to(gradient.dtype)

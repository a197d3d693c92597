"""LoRA: the change of each weight matrix as a product of two thin ones. With rsLoRA, LoRA+ and DoRA.

    y = W0 x + s B A x,   A (r, d_in), B (d_out, r) = 0 at the start,   s = alpha / r   (rsLoRA: alpha / sqrt(r))

Source: Hu et al. 2021, arXiv:2106.09685; rsLoRA: Kalajdzievski 2023, arXiv:2312.03732; LoRA+: Hayou et al. 2024,
arXiv:2402.12354; DoRA: Liu et al. 2024, arXiv:2402.09353. The layers are peft's. Differs: in LoRA+ the head has its
own learning rate, where peft's optimiser puts head weights with A and every 1-D parameter with B. With `embeddings`
the table of token vectors has its A (r, n_tokens) = 0 and B (d, r) as well, which the papers leave alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field
from torch import nn

from tain.methods.method import MethodConfig, is_head
from tain.methods.peft_adapter import PeftMethod
from tain.methods.targets import target_linears
from tain.models import Backbone

if TYPE_CHECKING:
    from peft import LoraConfig


class LoraSettings(MethodConfig):
    """Settings of LoRA."""

    rank: int = Field(16, ge=1, description="Rank r of each change.")
    alpha: float = Field(32.0, gt=0, description="Numerator of the scale s = alpha / rank.")
    targets: str | tuple[str, ...] = Field(
        "all-linear", description="all-linear, attention, mlp, or names of linear layers."
    )
    embeddings: bool = Field(
        False, description="Change the token embeddings too: cheap, and where the choice of words is read."
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout on the input of A.")
    rslora: bool = Field(False, description="Scale by alpha / sqrt(rank), stable at high rank.")
    dora: bool = Field(False, description="Train direction and length of each output row apart.")
    lora_plus_ratio: float = Field(1.0, ge=1, description="Learning rate of B over that of A; LoRA+ takes about 16.")


class Lora(PeftMethod[LoraSettings]):
    """LoRA on the linear layers of any encoder or decoder."""

    kind: ClassVar[str] = "lora"
    config_type: ClassVar[type[MethodConfig]] = LoraSettings
    can_mix: ClassVar[bool] = True

    def peft_config(self, backbone: Backbone) -> LoraConfig:
        """A and B beside each target."""
        from peft import LoraConfig, TaskType

        from tain.methods.thin_products import with_thin_products

        targets = {*target_linears(backbone, self.config.targets), *self._embeddings(backbone)}
        settings = LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=self.config.rank,
            lora_alpha=self.config.alpha,  # type: ignore[arg-type]  # peft types it int, and computes with floats
            lora_dropout=self.config.dropout,
            target_modules=sorted(targets),
            modules_to_save=[backbone.head_name],
            use_rslora=self.config.rslora,
            use_dora=self.config.dora,
        )
        return with_thin_products(settings)

    def n_trainable(self, backbone: Backbone) -> int:
        """Sum of r (d_in + d_out) over targets, one length per output row with DoRA, and the head."""
        linears = target_linears(backbone, self.config.targets).values()
        tables = self._embeddings(backbone).values()
        # Of a linear layer the outputs are the rows, of an embedding the columns.
        shapes = [(x.in_features, x.out_features) for x in linears]
        shapes += [(x.num_embeddings, x.embedding_dim) for x in tables]
        thin = sum(self.config.rank * (d_in + d_out) for d_in, d_out in shapes)
        lengths = sum(d_out for _, d_out in shapes) if self.config.dora else 0
        return thin + lengths + backbone.n_head_parameters

    def _embeddings(self, backbone: Backbone) -> dict[str, nn.Embedding]:
        table = backbone.model.get_input_embeddings()
        modules = backbone.model.named_modules() if self.config.embeddings else ()
        return {name: module for name, module in modules if module is table and isinstance(module, nn.Embedding)}

    def parameter_groups(
        self, model: nn.Module, *, lr: float, head_lr: float, weight_decay: float
    ) -> list[dict[str, Any]]:
        """A, DoRA's lengths and embeddings at `lr`, B at `lr` times the LoRA+ ratio, the head at its own rate."""
        parts: dict[str, list[nn.Parameter]] = {"a": [], "b": [], "head": []}
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parts["head" if is_head(name) else "b" if ".lora_B." in name else "a"].append(parameter)
        rates = {"a": lr, "b": lr * self.config.lora_plus_ratio, "head": head_lr}
        return [{"params": parts[key], "lr": rates[key], "weight_decay": weight_decay} for key in parts]

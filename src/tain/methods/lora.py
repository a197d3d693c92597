"""LoRA: the change of each weight matrix as a product of two thin ones. With rsLoRA, LoRA+ and DoRA.

    y = W0 x + s B A x,   A (r, d_in), B (d_out, r) = 0 at the start,   s = alpha / r   (rsLoRA: alpha / sqrt(r))

Source: Hu et al. 2021, arXiv:2106.09685; rsLoRA: Kalajdzievski 2023, arXiv:2312.03732; LoRA+: Hayou et al. 2024,
arXiv:2402.12354; DoRA: Liu et al. 2024, arXiv:2402.09353. The layers are peft's. Differs: in LoRA+ the head has its
own learning rate, where peft's optimiser puts head weights with A and every 1-D parameter with B. With `embeddings`
the table of token vectors has its A (r, n_tokens) = 0 and B (d, r) as well, which the papers leave alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from pydantic import Field
from torch import nn

from tain.core.errors import MethodError
from tain.methods.method import Method, MethodConfig, is_head
from tain.methods.targets import target_linears
from tain.models import PRESETS, Backbone

if TYPE_CHECKING:
    from transformers import PreTrainedModel


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


class Lora(Method[LoraSettings]):
    """LoRA on the linear layers of any encoder or decoder."""

    kind: ClassVar[str] = "lora"
    config_type: ClassVar[type[MethodConfig]] = LoraSettings

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The backbone with A and B beside each target, and the head trainable."""
        from peft import LoraConfig, TaskType, get_peft_model

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
        # peft writes this name into the adapter; a path on this machine would mean nothing elsewhere.
        backbone.model.name_or_path = _portable_name(backbone.name)
        with torch.random.fork_rng(devices=[]), known_warnings():
            torch.manual_seed(seed)
            return get_peft_model(backbone.model, settings)

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

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write peft's adapter folder."""
        # The vocabulary never changes, so peft need not ask the Hub whether it did.
        model.save_pretrained(str(folder), save_embedding_layers=False)  # type: ignore[operator]
        (folder / "README.md").unlink(missing_ok=True)  # peft's empty card; ours is written by the Detector

    def load(self, backbone: Backbone, folder: Path) -> nn.Module:
        """The backbone with a saved adapter and its head.

        Raises:
            MethodError: If the head is not among the saved weights, in which case answers would be random.
        """
        from peft import PeftModel
        from safetensors import safe_open

        with safe_open(folder / "adapter_model.safetensors", framework="pt") as weights:
            if not any(is_head(name) for name in weights.keys()):  # noqa: SIM118 (not a dict)
                raise MethodError(f"{folder}: the adapter holds no head weights. Save it again with the head.")
        with known_warnings():
            return PeftModel.from_pretrained(backbone.model, str(folder), is_trainable=False)

    def merge(self, model: nn.Module) -> PreTrainedModel:
        """W0 + s B A in place of W0, and the trained head."""
        merged: PreTrainedModel = deepcopy(model).merge_and_unload(safe_merge=True)  # type: ignore[operator]
        return merged


@contextmanager
def known_warnings() -> Iterator[None]:
    """Silence what peft 0.21 makes transformers 5.23 warn of on every load: an old name that nothing here uses."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        yield


def _portable_name(name: str) -> str:
    return PRESETS[name].hub_id if name in PRESETS else name

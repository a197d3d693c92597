"""KD-LoRA: LoRA on a student smaller than its teacher, which learns from labels and from the teacher's logits.

    L = (1 - w) CE(y, z) + w T^2 KL(softmax(t / T) || softmax(z / T))

z are the student's logits, t the teacher's for the same text, T the temperature. The student is a smaller checkpoint
(another `base`) or, with `layers`, some layers of a large one: a shallow copy of a deep network is a good start for
distillation. This file makes the student. The loss belongs to the training, because any method can have a teacher:
`corpus.teacher`, `training.distil_weight` (w) and `training.distil_temperature` (T). With w = 0 the student is LoRA
alone, the ablation that the paper lacks.

Source: Azimi et al. 2024, arXiv:2410.20777; leaving out layers: Sanh et al. 2019, DistilBERT, arXiv:1910.01108. Differs
from the paper: T is stated, and is 2 as in the released code. Differs from that code: each text has its own row of the
teacher's logits, where there the whole batch is held against one row; the head trains, where there it stays as it was
drawn; the layers to change are found in the student, where there names are asked for that DistilBERT does not have.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator
from torch import nn

from tain.methods.lora import Lora, LoraSettings
from tain.methods.method import MethodConfig, trainable
from tain.methods.targets import target_linears
from tain.methods.truncation import is_left_out, truncate
from tain.methods.weights import read_weights, save_trained
from tain.models import Backbone

FILE = "student.safetensors"


class KdLoraSettings(LoraSettings):
    """Settings of KD-LoRA: those of LoRA, and which layers the student has."""

    layers: tuple[int, ...] | None = Field(
        None, min_length=1, description="Layers of the base that the student keeps, from 0; none keeps all."
    )

    @field_validator("layers")
    @classmethod
    def _rise(cls, layers: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if layers and (layers[0] < 0 or list(layers) != sorted(set(layers))):
            raise ValueError("expected layer numbers from 0, each once and rising, such as [0, 2, 4]")
        return layers


class KdLora(Lora):
    """LoRA on a student; the teacher is the training's affair.

    A student of some layers is saved as its trained weights alone. Stock peft would put an adapter folder beside the
    layers of the whole base without noticing, so there is none; `merge` gives a plain model that stock tools load.
    """

    kind: ClassVar[str] = "kd_lora"
    config_type: ClassVar[type[MethodConfig]] = KdLoraSettings
    config: KdLoraSettings

    @property
    def starts_at_base(self) -> bool:  # type: ignore[override]  # depends on the settings here
        """Whether the student is the whole base."""
        return self.config.layers is None

    @property
    def saves_peft(self) -> bool:  # type: ignore[override]  # depends on the settings here
        """Whether stock peft knows the student."""
        return self.config.layers is None

    @property
    def can_mix(self) -> bool:  # type: ignore[override]  # depends on the settings here
        """Whether the student is the whole base."""
        return self.config.layers is None

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The student with A and B beside each target, and the head trainable.

        Raises:
            MethodError: If the base has no such layers.
        """
        if self.config.layers is not None:
            truncate(backbone, self.config.layers)
        return super().prepare(backbone, seed=seed)

    def n_trainable(self, backbone: Backbone) -> int:
        """As LoRA, without the layers that the student lacks."""
        n_whole = super().n_trainable(backbone)
        layers = self.config.layers
        if layers is None:
            return n_whole
        linears = target_linears(backbone, self.config.targets).items()
        cut = [layer for name, layer in linears if is_left_out(name, backbone, layers)]
        thin = sum(self.config.rank * (layer.in_features + layer.out_features) for layer in cut)
        return n_whole - thin - (sum(layer.out_features for layer in cut) if self.config.dora else 0)

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write peft's adapter folder or, of a student of some layers, what was trained."""
        if self.config.layers is None:
            super().save(model, folder)
            return
        save_trained(model, folder / FILE)

    def load(self, backbone: Backbone, folder: Path) -> nn.Module:
        """The student that `save` wrote; a fresh backbone loses the same layers again.

        Raises:
            DetectorError: If a weight of it is missing or does not fit.
        """
        if self.config.layers is None:
            return super().load(backbone, folder)
        model = self.prepare(backbone, seed=0)
        read_weights(model, folder / FILE, expected=list(trainable(model)))
        return model.requires_grad_(False)

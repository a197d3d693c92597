"""What all methods share that peft inserts, saves, loads and merges."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from tain.core.errors import MethodError
from tain.methods.method import C, Method, is_head
from tain.models import PRESETS, Backbone

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ADAPTER = "default"


class PeftMethod(Method[C]):
    """A method that is a peft adapter beside the network, and the head."""

    @abstractmethod
    def peft_config(self, backbone: Backbone) -> Any:  # noqa: ANN401 (peft has no types)
        """What peft is told. The head goes into its `modules_to_save`."""

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The backbone with the adapter beside each target, and the head trainable."""
        from peft import get_peft_model

        settings = self.peft_config(backbone)
        # peft writes this name into the adapter; a path on this machine would mean nothing elsewhere.
        backbone.model.name_or_path = _portable_name(backbone.name)
        with torch.random.fork_rng(devices=[]), known_warnings():
            torch.manual_seed(seed)
            model: nn.Module = get_peft_model(backbone.model, settings)
            return model

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
        """The changed weights in place of the frozen ones, and the trained head."""
        own: Any = deepcopy(model)
        network = own.get_base_model()
        if network.get_output_embeddings() is None:
            network.config.tie_word_embeddings = False  # a classifier has nothing to tie them to; peft warns otherwise
        merged: PreTrainedModel = own.merge_and_unload(safe_merge=True)
        return merged


def lora_layers(model: nn.Module) -> Iterator[tuple[str, Any]]:
    """The layers that peft has put A and B beside, by dotted name."""
    from peft.tuners.lora import LoraLayer

    return ((name, module) for name, module in model.named_modules() if isinstance(module, LoraLayer))


@contextmanager
def known_warnings() -> Iterator[None]:
    """Silence what peft 0.21 makes transformers 5.23 warn of on every load: an old name that nothing here uses."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        yield


def _portable_name(name: str) -> str:
    return PRESETS[name].hub_id if name in PRESETS else name

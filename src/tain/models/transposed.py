"""GPT-2's matrices as linear layers, so that every method has them; files keep the shape they are published in.

transformers holds them as `Conv1D`, whose weight is (width in, width out), the transpose of a linear layer's. Here they
become `nn.Linear` in memory, and what is read from a state dict or put into one is the transpose: the networks that
are saved load in stock transformers, and so do adapters in peft, which turns its own products round for `Conv1D`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from transformers.pytorch_utils import Conv1D

WEIGHT = "weight"


def with_plain_linears(model: nn.Module) -> None:
    """Put a linear layer in the place of every `Conv1D`; answers stay the same but for the order of sums.

    Args:
        model: Changed in memory; nothing of it is trained yet.
    """
    from transformers.pytorch_utils import Conv1D

    for name, module in list(model.named_modules()):
        if isinstance(module, Conv1D):
            model.set_submodule(name, _linear(module))


def turn(linear: nn.Linear) -> None:
    """From now on the weight is transposed in a state dict, both ways.

    Args:
        linear: In the place of a `Conv1D`.
    """
    linear.register_state_dict_post_hook(_turn_saved)  # type: ignore[no-untyped-call]
    linear.register_load_state_dict_pre_hook(_turn_loaded)  # type: ignore[no-untyped-call]


def is_turned(layer: nn.Module) -> bool:
    """Whether it stands in the place of a `Conv1D`."""
    return _turn_saved in layer._state_dict_hooks.values()


def _linear(found: Conv1D) -> nn.Linear:
    n_in, n_out = found.weight.shape
    linear = nn.Linear(n_in, n_out, device="meta")
    linear.weight = nn.Parameter(found.weight.detach().t().contiguous(), requires_grad=found.weight.requires_grad)
    linear.bias = found.bias
    turn(linear)
    return linear.train(found.training)


def _turn_saved(_: nn.Module, state: dict[str, Any], prefix: str, __: Any) -> None:  # noqa: ANN401 (torch's)
    state[prefix + WEIGHT] = state[prefix + WEIGHT].t()


def _turn_loaded(_: nn.Module, state: dict[str, Any], prefix: str, *__: Any) -> None:  # noqa: ANN401 (torch's)
    if prefix + WEIGHT in state:
        state[prefix + WEIGHT] = state[prefix + WEIGHT].t()

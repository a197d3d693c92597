"""LoReFT: the states of a few tokens are edited inside a thin subspace behind each layer. With NoReFT and DiReFT.

    LoReFT   h <- h + R^T (W h + b - R h),   R (r, d) with R R^T = I,   W (r, d),   b (r)
    NoReFT   h <- h + R^T (W h + b - R h),   R any matrix
    DiReFT   h <- h + R^T (W h + b),         R any matrix

r (2 d + 1) parameters for each layer, and the head's. h is the output of a layer at the first or last few real tokens
of a text, special tokens counted: the very first is [CLS] in BERT.

Source: Wu et al. 2024, "ReFT: Representation Finetuning for Language Models", arXiv:2404.03592; DiReFT as the paper has
it, which the authors' code (pyreft) calls NodiReFT. Differs:

- R is computed at every pass from a plain trained matrix, by Gram-Schmidt over its rows (as a QR decomposition with
  positive diagonal). Nothing else determines it, so what is saved, averaged or resumed gives the same R to the bit, and
  R R^T = I after every step. pyreft trains an offset to a base that its parametrisation keeps beside it; with the base
  lost on a reload the rotation was another one (issue 114 of stanfordnlp/pyreft), and R was written over in place.
- One edit serves a layer at first and last tokens alike (the paper's tied weights), and a token that is both is edited
  once.
- Dropout falls on the edit; in pyreft it falls on the whole state.

W and b are drawn as those of a linear layer, so the model starts apart from its base; with `zero_init` it starts there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import nn

from tain.core.errors import MethodError
from tain.methods.method import Method, MethodConfig
from tain.methods.wrapping import Wrapper, body_of, read_own, save_own, wrap
from tain.models import Backbone

if TYPE_CHECKING:
    from typing import Self

    from transformers import PreTrainedModel

FILE = "reft.safetensors"
Places = tuple[torch.Tensor, torch.Tensor]
Variant = Literal["loreft", "noreft", "direft"]

# Which tokens are edited, while a batch is in the network. Two threads may run one model, each with its own batch.
_PLACES: ContextVar[Places | None] = ContextVar("places", default=None)


class LoreftSettings(MethodConfig):
    """Settings of LoReFT."""

    variant: Variant = Field(
        "loreft",
        description="loreft, noreft (R need not be orthonormal) or direft (nor is h's own part taken out).",
    )
    rank: int = Field(1, ge=1, description="Rows r of R: the dimensions of the subspace.")
    layers: Literal["all"] | tuple[int, ...] = Field(
        "all", description="all, or the numbers of the layers behind which states are edited, from 0."
    )
    first: int = Field(3, ge=0, description="Edited tokens at the start of a text, special tokens counted.")
    last: int = Field(0, ge=0, description="Edited tokens at its end. Decoders are pooled there.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout on the edit; 0.05 to 0.2 in the paper.")
    zero_init: bool = Field(False, description="Start at the base: W = R (direft: W = 0) and b = 0.")

    @model_validator(mode="after")
    def _edits_something(self) -> Self:
        if not self.first + self.last:
            raise ValueError("first and last are both 0, so no token would be edited. Expected one of them above 0")
        if self.layers != "all" and (not self.layers or len(set(self.layers)) < len(self.layers)):
            raise ValueError("layers is empty or names a layer twice. Expected all or distinct numbers")
        return self


class Edit(nn.Module):
    """The edit behind one layer.

    Attributes:
        rotation: What R is made of, shape (r, d).
        source: W, shape (r, d).
        bias: b, shape (r,).
    """

    def __init__(self, *, rank: int, width: int, variant: Variant, dropout: float) -> None:
        """Reserve the weights, all zero."""
        super().__init__()
        self.rotation = nn.Parameter(torch.zeros(rank, width))
        self.source = nn.Parameter(torch.zeros(rank, width))
        self.bias = nn.Parameter(torch.zeros(rank))
        self.dropout = nn.Dropout(dropout)
        self.variant = variant

    @torch.no_grad()
    def draw(self, generator: torch.Generator, *, zero_init: bool) -> None:
        """Start weights: R orthonormal, or as a linear layer's where it need not be; W and b as a linear layer's."""
        bound = 1 / sqrt(self.rotation.shape[1])
        for parameter in (self.rotation, self.source, self.bias):
            parameter.uniform_(-bound, bound, generator=generator)
        if self.variant == "loreft":
            nn.init.orthogonal_(self.rotation, generator=generator)
        if zero_init:
            self.source.copy_(torch.zeros_like(self.source) if self.variant == "direft" else self.subspace())
            self.bias.zero_()

    def subspace(self) -> torch.Tensor:
        """R, shape (r, d)."""
        if self.variant != "loreft":
            return self.rotation
        columns, triangle = torch.linalg.qr(self.rotation.T)
        # Without this a row would change its sign with the sign of one entry.
        signs = torch.where(triangle.diagonal() < 0, -1.0, 1.0)
        rows: torch.Tensor = (columns * signs).T
        return rows

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """The change of states of shape (n_states, d), computed in float32, in the states' own type."""
        with torch.autocast(states.device.type, enabled=False):
            subspace = self.subspace()
            # W h - R h as one product: exactly nothing where W equals R.
            source = self.source if self.variant == "direft" else self.source - subspace
            change = nn.functional.linear(states.float(), source, self.bias) @ subspace
            return self.dropout(change).to(states.dtype)  # type: ignore[no-any-return]

    def after_layer(self, layer: nn.Module, args: object, output: Any) -> Any:  # noqa: ANN401 (differs by family)
        """A layer's output with the chosen states edited; as it is where no batch of ours is in the network."""
        del layer, args
        if (places := _PLACES.get()) is None:
            return output
        states = output[0] if isinstance(output, tuple) else output
        chosen = states[places]
        edited = states.index_put(places, chosen + self(chosen))
        return (edited, *output[1:]) if isinstance(output, tuple) else edited


class EditedNetwork(Wrapper):
    """The body of a network whose layers' outputs are edited. Its `network`, called alone, is the base."""

    def __init__(
        self, network: nn.Module, layers: list[nn.Module], make: Callable[[], Edit], *, first: int, last: int
    ) -> None:
        """Hook an edit on each layer.

        Args:
            network: The body.
            layers: Those to edit behind.
            make: Gives an edit.
            first: Edited tokens at the start of each text.
            last: And at its end.
        """
        super().__init__(network)
        self.first, self.last = first, last
        self.edits = nn.ModuleList(make() for _ in layers)
        for layer, edit in zip(layers, self.edits, strict=True):
            layer.register_forward_hook(edit.after_layer)  # type: ignore[arg-type]

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        **rest: Any,  # noqa: ANN401 (whatever the network takes)
    ) -> Any:  # noqa: ANN401 (transformers' output, which differs by family)
        """What the body answers, edited.

        Args:
            input_ids: Shape (n_texts, n_tokens).
            attention_mask: Like it; None means no padding.
            rest: Passed on.
        """
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        token = _PLACES.set(edited_places(mask, first=self.first, last=self.last))
        try:
            return self.network(input_ids=input_ids, attention_mask=attention_mask, **rest)
        finally:
            _PLACES.reset(token)


def edited_places(mask: torch.Tensor, *, first: int, last: int) -> Places:
    """Text and position of each token to edit; padding is never one, nor is any token one twice.

    Args:
        mask: 1 for real tokens, shape (n_texts, n_tokens), padding on either side.
        first: Tokens at the start of each text.
        last: Tokens at its end.
    """
    rank = mask.cumsum(1)  # 1 for the first real token
    n_real = rank[:, -1:]
    chosen = (mask != 0) & ((rank <= first) | (rank > n_real - last))
    return chosen.nonzero(as_tuple=True)  # type: ignore[return-value]


class Loreft(Method[LoreftSettings]):
    """Low-rank edits of token states behind the layers, and the head."""

    kind: ClassVar[str] = "loreft"
    config_type: ClassVar[type[MethodConfig]] = LoreftSettings
    can_merge: ClassVar[bool] = False
    starts_at_base: ClassVar[bool] = False
    saves_peft: ClassVar[bool] = False

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The backbone with edits drawn from `seed`; they and the head train."""
        model, edited = self._edited(backbone)
        generator = torch.Generator().manual_seed(seed)
        for edit in edited.edits:
            edit.draw(generator, zero_init=self.config.zero_init)  # type: ignore[operator]
        return model.to(backbone.model.device)

    def n_trainable(self, backbone: Backbone) -> int:
        """For each chosen layer r (2 d + 1), and the head."""
        n_layers = len(self._layers(backbone))
        return n_layers * self.config.rank * (2 * _width(backbone) + 1) + backbone.n_head_parameters

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write the edits and the head."""
        save_own(model, folder / FILE)

    def load(self, backbone: Backbone, folder: Path) -> nn.Module:
        """The backbone with saved edits and head."""
        model, _ = self._edited(backbone)
        read_own(model, folder / FILE)
        return model.to(backbone.model.device)

    def merge(self, model: nn.Module) -> PreTrainedModel:
        """Not possible: weights act on every token alike, and the edits on some.

        Raises:
            MethodError: Always.
        """
        raise MethodError("Edits of single tokens cannot be merged into weights. Score with tain, which applies them.")

    def _edited(self, backbone: Backbone) -> tuple[nn.Module, EditedNetwork]:
        settings, width = self.config, _width(backbone)
        if settings.rank > width:
            raise MethodError(
                f"method.rank is {settings.rank}, but the states of {backbone.name} have {width} numbers. Lower it."
            )

        def make() -> Edit:
            return Edit(rank=settings.rank, width=width, variant=settings.variant, dropout=settings.dropout)

        layers = self._layers(backbone)
        edited = EditedNetwork(body_of(backbone), layers, make, first=settings.first, last=settings.last)
        return wrap(backbone, edited), edited

    def _layers(self, backbone: Backbone) -> list[nn.Module]:
        found = _all_layers(backbone)
        if self.config.layers == "all":
            return found
        if odd := [number for number in self.config.layers if not 0 <= number < len(found)]:
            raise MethodError(
                f"method.layers names {', '.join(map(str, odd))}, but the layers of {backbone.name} are 0 to "
                f"{len(found) - 1}."
            )
        return [found[number] for number in self.config.layers]


def _all_layers(backbone: Backbone) -> list[nn.Module]:
    n_layers = backbone.model.config.get_text_config().num_hidden_layers
    for module in backbone.model.base_model.modules():
        # Outer lists come before those inside the layers, of which a T5 has some.
        if isinstance(module, nn.ModuleList) and len(module) == n_layers:
            return list(module)
    raise MethodError(
        f"{backbone.name}: {type(backbone.model).__name__} keeps its {n_layers} layers in no list, so edits find no "
        "place behind them. Use the method lora."
    )


def _width(backbone: Backbone) -> int:
    return int(backbone.model.config.get_text_config().hidden_size)

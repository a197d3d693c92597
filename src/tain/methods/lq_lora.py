"""LQ-LoRA: the frozen weights in two to four bits, and adapters that start at what those bits lost.

    W0 ~ Q + L1 L2        y = Q x + s B A x,   B = L1 / sqrt(s),   A = L2 / sqrt(s),   s = alpha / r

Source: Guo et al. 2023, LQ-LoRA, arXiv:2311.12023; with `init = "zero"` QLoRA, Dettmers et al. 2023, arXiv:2305.14314;
with `init = "residual"` LoftQ of one step, Li et al. 2023, arXiv:2310.08659. How Q and L1 L2 are found, how a budget of
bits is spent and what the importance of a weight is, with the differences from the paper: `tain.methods.quantised`.
Differs besides: layers with a bias are quantised too, which the authors' check refuses; and where a budget is given,
the program chooses from 28 of the 432 layouts unless `n_layouts` says otherwise, and their errors are measured after
two turns of the alternation, once for each matrix and rank.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from tain.core.errors import DetectorError, MethodError
from tain.core.progress import progress
from tain.methods.method import Method, MethodConfig, Tensors, is_head
from tain.methods.quantised import Decomposition, Layout, QuantisedLinear, allocate, candidates, decompose, fisher
from tain.methods.quantised.blockwise import Packed
from tain.methods.quantised.codebook import BITS
from tain.methods.quantised.layout import Constant
from tain.methods.quantised.linear import packed_from
from tain.methods.quantised.trials import trial_errors
from tain.methods.targets import target_linears
from tain.models import Backbone, TokenIds
from tain.models.transposed import is_turned

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FILE = "lq_lora.safetensors"
N_TRIAL_TURNS = 2


class LqLoraSettings(MethodConfig):
    """Settings of LQ-LoRA."""

    rank: int = Field(8, ge=0, description="Rank r of L1 L2 and of the change; 0 quantises and trains the head alone.")
    alpha: float = Field(16.0, gt=0, description="Numerator of the scale s = alpha / rank.")
    targets: str | tuple[str, ...] = Field(
        "all-linear", description="all-linear, attention, mlp, or names of linear layers."
    )
    bits: float = Field(
        4.0,
        ge=2,
        le=9,
        description="2, 3, 4 or 8: that many in every matrix, scales not counted. Any other number, such as 2.75: a "
        "budget per weight, scales counted and adapters not, which an integer program spends.",
    )
    block: int = Field(64, ge=1, description="Weights that share a scale, where no budget is given.")
    group: int = Field(256, ge=1, description="Scales that share a constant, where no budget is given.")
    scale_bits: Literal[2, 3, 4, 8] = Field(8, description="Bits of a scale, where no budget is given.")
    constant: Constant = Field("float32", description="Format of a constant, where no budget is given.")
    init: Literal["lq", "residual", "zero"] = Field(
        "lq",
        description="Start of A and B: lq fits them and Q by turns; residual fits them once to what Q lost (LoftQ of "
        "one step); zero draws A and sets B = 0 (QLoRA).",
    )
    data_aware: bool = Field(False, description="Weigh errors by the Fisher information of some training texts.")
    n_layouts: int = Field(
        24, ge=2, le=432, description="Layouts that a budget is spent on, besides the four of 2, 3, 4 and 8 bits."
    )
    n_iterations: int = Field(30, ge=1, description="Most turns of lq; it stops once three in a row gain nothing.")

    @property
    def scaling(self) -> float:
        """The scale s; 1 at rank 0, where nothing is scaled."""
        return self.alpha / self.rank if self.rank else 1.0

    @property
    def layout(self) -> Layout | None:
        """The layout of every matrix; None where a budget is given."""
        if self.bits not in BITS:
            return None
        return Layout(int(self.bits), self.scale_bits, self.constant, self.block, self.group)


class LqLora(Method[LqLoraSettings]):
    """LoRA on a quantised network, whose adapters begin where quantisation went wrong.

    The prepared model answers nearly as the backbone, not exactly: `starts_at_base` is False. Q is saved with the
    adapters, for without it they fit nothing; stock peft cannot read that, so `saves_peft` is False.
    """

    kind: ClassVar[str] = "lq_lora"
    config_type: ClassVar[type[MethodConfig]] = LqLoraSettings
    starts_at_base: ClassVar[bool] = False
    saves_peft: ClassVar[bool] = False

    def __init__(self, config: LqLoraSettings) -> None:
        """Keep the settings; what was learned of the texts comes with `look_at`."""
        super().__init__(config)
        self._importance: dict[str, torch.Tensor] = {}
        self.kept: frozenset[str] = frozenset()
        """Names of weights besides head, adapters and Q that are not the base's, and are saved as they are."""
        self.error: float | None = None
        """|W - Q - L1 L2| / |W| over all targets, importance aside; None before `prepare`."""

    def look_at(self, backbone: Backbone, rows: Sequence[TokenIds], targets: Sequence[int] | None) -> None:
        """With `data_aware`, the Fisher information of each weight over these texts.

        Args:
            backbone: Not yet prepared; left as it is.
            rows: Texts as token ids.
            targets: Class index of each; None weighs the classes by the network's own probabilities, which suits one
                that is trained already (`tain.methods.quantised.fisher` says why).
        """
        if self.config.data_aware and len(rows):
            self._importance = fisher(backbone, target_linears(backbone, self.config.targets), rows, targets)

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The backbone with every target quantised and A and B beside it, and the head trainable.

        Args:
            backbone: Changed in place.
            seed: Of the first subspace of each SVD and, with `init = "zero"`, of A.

        Raises:
            MethodError: If the budget is below what the smallest layouts take, the rank above a side of a target, or
                `data_aware` is set and no text was looked at.
        """
        linears = target_linears(backbone, self.config.targets)
        if self.config.data_aware and set(self._importance) != set(linears):
            raise MethodError(
                "method.data_aware is true, but no text was looked at. Give training texts, or set false."
            )
        layouts = self._layouts(linears)
        backbone.model.requires_grad_(False)
        lost, whole = 0.0, 0.0
        with progress("quantising", len(linears), unit="matrices") as advance:
            for index, (name, linear) in enumerate(linears.items()):
                layer = self._quantised(name, linear, layouts[name], seed=seed + index)
                backbone.model.set_submodule(name, layer)
                lost += float((linear.weight.float() - layer.weight).square().sum())
                whole += float(linear.weight.float().square().sum())
                advance(1)
        getattr(backbone.model, backbone.head_name).requires_grad_(True)
        self._importance = {}
        self.error = math.sqrt(lost / whole) if whole else 0.0
        return backbone.model

    def n_trainable(self, backbone: Backbone) -> int:
        """Sum of r (d_in + d_out) over targets, and the head."""
        linears = target_linears(backbone, self.config.targets).values()
        return sum(self.config.rank * (x.in_features + x.out_features) for x in linears) + backbone.n_head_parameters

    def _quantised(self, name: str, linear: nn.Linear, layout: Layout, *, seed: int) -> QuantisedLinear:
        found = self._decompose(name, linear, layout, seed=seed)
        left, right = self._start(found, seed=seed)
        return self._layer(linear, found.packed, left, right).train(linear.training)

    def _layer(self, linear: nn.Linear, packed: Packed, left: torch.Tensor, right: torch.Tensor) -> QuantisedLinear:
        scaling = self.config.scaling
        return QuantisedLinear(
            packed, bias=linear.bias, left=left, right=right, scaling=scaling, is_turned=is_turned(linear)
        )

    def _decompose(
        self, name: str, linear: nn.Linear, layout: Layout, *, seed: int, n_turns: int | None = None
    ) -> Decomposition:
        return decompose(
            linear.weight,
            layout,
            rank=self.config.rank,
            start=self.config.init,
            importance=self._importance.get(name),
            n_iterations=n_turns or self.config.n_iterations,
            seed=seed,
        )

    def _start(self, found: Decomposition, *, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        root = math.sqrt(self.config.scaling)
        left, right = found.left / root, found.right / root
        if self.config.init == "zero" and self.config.rank:
            # As peft and the authors of LoRA draw it: uniform within 1 / sqrt(d_in).
            generator = torch.Generator().manual_seed(seed)
            drawn = torch.rand(right.shape, generator=generator).to(right)
            right = (2 * drawn - 1) / math.sqrt(right.shape[1])
        return left, right

    def _layouts(self, linears: Mapping[str, nn.Linear]) -> dict[str, Layout]:
        if (layout := self.config.layout) is not None:
            return dict.fromkeys(linears, layout)
        choices = candidates(self.config.n_layouts)
        sizes = [linear.weight.numel() for linear in linears.values()]
        costs = []
        with progress("measuring layouts", len(linears), unit="matrices") as advance:
            for index, (name, linear) in enumerate(linears.items()):
                costs.append([error**2 for error in self._trial_errors(name, linear, choices, seed=index)])
                advance(1)
        bits = [[8 * layout.stored_bytes(size) for layout in choices] for size in sizes]
        budget = math.floor(self.config.bits * sum(sizes))
        found = allocate(np.array(costs), np.array(bits, dtype=np.int64), budget=budget)
        return {name: choices[index] for name, index in zip(linears, found.layouts, strict=True)}

    def _trial_errors(self, name: str, linear: nn.Linear, layouts: Sequence[Layout], *, seed: int) -> list[float]:
        # The seed of a training changes nothing here: all get the same layouts.
        return trial_errors(
            lambda layout: self._decompose(name, linear, layout, seed=seed, n_turns=N_TRIAL_TURNS).error,
            layouts,
            linear.weight,
            self._importance.get(name),
            settings=(self.config.rank, self.config.init, N_TRIAL_TURNS, seed),
        )

    def state(self, model: nn.Module) -> Tensors:
        """Q, bit for bit: made again on a resumed start, another number of threads might round it otherwise."""
        return _tensors(model)

    def restore(self, model: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
        """Put Q back as it was."""
        for name, layer in quantised_layers(model).items():
            layer.put(packed_from(_of(state, name), (layer.out_features, layer.in_features)))

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write Q in its bits, A, B, the head, and what else is not the base's, into one safetensors file."""
        tensors = {
            name: parameter.detach().contiguous().cpu()
            for name, parameter in model.named_parameters()
            if is_head(name) or _is_adapter(name) or name in self.kept
        }
        tensors |= {name: value.contiguous().cpu() for name, value in _tensors(model).items()}
        save_file(tensors, folder / FILE)

    def load(self, backbone: Backbone, folder: Path) -> nn.Module:
        """The backbone with the saved Q in place of its weights, the adapters and the head.

        Raises:
            DetectorError: If the file cannot be read, or what it holds does not fit the backbone.
        """
        file = folder / FILE
        try:
            weights = load_file(file)
        except (OSError, SafetensorError) as error:
            raise DetectorError(f"{file}: cannot be read as safetensors ({error}).") from error
        problems: list[str] = []
        for name, linear in target_linears(backbone, self.config.targets).items():
            try:
                layer = self._load_layer(linear, _taken(weights, name))
            except ValueError as error:
                problems.append(f"{name}: {error}")
                continue
            backbone.model.set_submodule(name, layer.train(linear.training))
        problems += _put_plain(backbone.model, weights)
        if problems:
            raise DetectorError(
                f"{file}: does not fit the base: {'; '.join(problems[:5])}. Was it saved from another base?"
            )
        self.kept = frozenset(name for name in weights if not is_head(name))
        return backbone.model

    def _load_layer(self, linear: nn.Linear, tensors: Mapping[str, torch.Tensor]) -> QuantisedLinear:
        d_out, d_in = shape = (linear.out_features, linear.in_features)
        packed, rank = packed_from(tensors, shape), self.config.rank
        right = tensors.get("lora_A", torch.empty(0, d_in))
        left = tensors.get("lora_B", torch.empty(d_out, 0))
        if right.shape != (rank, d_in) or left.shape != (d_out, rank):
            raise ValueError(f"A and B have shapes {tuple(right.shape)} and {tuple(left.shape)} at rank {rank}")
        return self._layer(linear, packed, left, right)

    def merge(self, model: nn.Module) -> PreTrainedModel:
        """A plain transformers model with the dense Q + s B A as weights. Adding that to W0 would count W0 twice."""
        merged: PreTrainedModel = deepcopy(model)  # type: ignore[assignment]
        for name, layer in quantised_layers(merged).items():
            merged.set_submodule(name, layer.dense())
        return merged


def quantised_layers(model: nn.Module) -> dict[str, QuantisedLinear]:
    """The quantised layers of a model, by dotted name."""
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, QuantisedLinear)}


def _tensors(model: nn.Module) -> Tensors:
    layers = quantised_layers(model).items()
    return {f"{name}.{part}": value for name, layer in layers for part, value in layer.tensors().items()}


def _of(tensors: Mapping[str, torch.Tensor], name: str) -> Tensors:
    return {key.removeprefix(f"{name}."): tensors[key] for key in tensors if key.rpartition(".")[0] == name}


def _taken(weights: Tensors, name: str) -> Tensors:
    found = _of(weights, name)
    # A bias that is not the base's is a plain weight.
    for part in found.keys() - {"bias"}:
        del weights[f"{name}.{part}"]
    return found


def _is_adapter(name: str) -> bool:
    return name.rpartition(".")[2] in {"lora_A", "lora_B"}


def _put_plain(model: nn.Module, weights: Mapping[str, torch.Tensor]) -> list[str]:
    own = dict(model.named_parameters())
    problems = [f"{name} is missing" for name in own if is_head(name) and name not in weights]
    problems += [f"{name} is unknown" for name in weights if name not in own]
    problems += [
        f"{name} has shape {tuple(value.shape)}, expected {tuple(own[name].shape)}"
        for name, value in weights.items()
        if name in own and own[name].shape != value.shape
    ]
    with torch.no_grad():
        for name, value in weights.items() if not problems else ():
            own[name].copy_(value)
    return problems

"""The network that writes A and B of every adapted layer from the vector of a description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from tain.core.errors import MethodError
from tain.methods.text_to_lora.factors import Factors
from tain.methods.text_to_lora.heads import Head
from tain.methods.text_to_lora.places import Place, by_kind
from tain.methods.text_to_lora.settings import HypernetworkSettings


class Hypernetwork(nn.Module):
    """Vectors of descriptions in, adapters out.

    The description, the depth and the kind of a matrix become one vector each, which a mixer and two residual blocks
    join; an output layer for each kind of matrix writes the numbers. The three forms differ in how much one output
    holds; M and S are told of the rest by learned vectors added before the second block.

    Source:
        Charakorn et al. 2025, arXiv:2506.06105, section 3 and appendix. Differs: see the package.
    """

    def __init__(self, settings: HypernetworkSettings, places: Sequence[Place], *, d_task: int, seed: int) -> None:
        """Draw the weights; those of the output layers are zero.

        Args:
            settings: Form and widths.
            places: The layers to adapt; their order changes nothing.
            d_task: Width of the vectors of descriptions.
            seed: Of everything drawn.
        """
        super().__init__()
        self.settings, self.d_task = settings, d_task
        self.kinds = by_kind(places)
        self.depths = tuple(sorted({place.depth for place in places}))
        latent, hidden, p = settings.latent_width, settings.hidden_width, settings.dropout
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.task = nn.Sequential(nn.Linear(d_task, settings.task_width), nn.LayerNorm(settings.task_width))
            self.depth = nn.Embedding(len(self.depths), settings.place_width)
            self.kind = nn.Embedding(len(self.kinds), settings.place_width)
            self.mixer = _mlp(latent, hidden, latent, p)
            self.first = nn.Sequential(nn.LayerNorm(latent), _mlp(latent, hidden, latent, p))
            self.second = nn.Sequential(nn.LayerNorm(latent), _mlp(latent, hidden, latent, p))
            self.last = nn.Sequential(nn.LayerNorm(latent), _mlp(latent, hidden, settings.head_width, p))
            n_parts = {"L": (), "M": (2, 1), "S": (2, settings.rank)}[settings.form]
            self.side = nn.Parameter(torch.randn(2, 1, latent)) if n_parts else None
            self.row = nn.Parameter(torch.randn(settings.rank, latent)) if settings.form == "S" else None
            self.heads = nn.ModuleList(Head(settings, own, seed=seed) for own in self.kinds.values())

    def forward(self, tasks: torch.Tensor | None, descriptions: torch.Tensor) -> Factors:
        """The adapters that descriptions ask for.

        Args:
            tasks: Not looked at: only what is described counts.
            descriptions: Shape (n, d_task).

        Raises:
            MethodError: If the vectors have another width.
        """
        del tasks
        if descriptions.ndim != 2 or descriptions.shape[1] != self.d_task:
            raise MethodError(
                f"The descriptions are vectors of shape {tuple(descriptions.shape)}; expected (n, {self.d_task}). "
                "Use the encoder that the network was trained with."
            )
        task = self.task(descriptions)  # (n, task_width)
        found: Factors = {}
        for index, (places, head) in enumerate(zip(self.kinds.values(), self.heads, strict=True)):
            a, b = head(self._latent(task, index, places))  # (n, n_places, r, d)
            for i, place in enumerate(places):
                found[place.name] = (a[:, i], b[:, i].transpose(-1, -2))
        return found

    def standardise(self, mean: Mapping[str, tuple[torch.Tensor, torch.Tensor]], spread: Factors) -> None:
        """Write, from now on, in units of the spread of trained adapters around their mean.

        Args:
            mean: Of each number over tasks, with a first axis of 1.
            spread: Its standard deviation, likewise.
        """
        for places, head in zip(self.kinds.values(), self.heads, strict=True):
            assert isinstance(head, Head), "no other module is put there"
            head.standardise([mean[place.name] for place in places], [spread[place.name] for place in places])

    def _latent(self, task: torch.Tensor, kind: int, places: Sequence[Place]) -> torch.Tensor:
        """Shape (n, n_places, *parts, head_width)."""
        device = task.device
        depths = torch.tensor([self.depths.index(place.depth) for place in places], device=device)
        n, shape = len(task), (len(task), len(places), -1)
        where = self.depth(depths).expand(n, -1, -1)
        what = self.kind(torch.tensor(kind, device=device)).expand(*shape)
        x = self.mixer(torch.cat([task.unsqueeze(1).expand(*shape), where, what], dim=-1))
        x = x + self.first(x)
        if self.side is not None:
            part = self.side if self.row is None else self.side + self.row  # (2, 1 or r, latent)
            x = x[:, :, None, None] + part
        x = x + self.second(x)
        out: torch.Tensor = self.last(x)
        return out


def n_parameters(settings: HypernetworkSettings, places: Sequence[Place], *, d_task: int) -> int:
    """How many parameters train, in closed form.

    Args:
        settings: Form and widths.
        places: The layers to adapt.
        d_task: Width of the vectors of descriptions.
    """
    latent, hidden, width = settings.latent_width, settings.hidden_width, settings.head_width
    kinds = by_kind(places)
    task = (d_task + 1) * settings.task_width + 2 * settings.task_width
    where = settings.place_width * (len({place.depth for place in places}) + len(kinds))
    block = (latent + 1) * hidden + (hidden + 1) * latent
    last = 2 * latent + (latent + 1) * hidden + (hidden + 1) * width
    parts = {"L": 0, "M": 2 * latent, "S": (2 + settings.rank) * latent}[settings.form]
    trunk = task + where + 3 * block + 4 * latent + last + parts
    return trunk + sum(_n_in_head(settings, own[0]) for own in kinds.values())


def _n_in_head(settings: HypernetworkSettings, place: Place) -> int:
    widest = max(place.d_in, place.d_out)
    thin = place.n_parameters(settings.rank)
    n_out = {"L": thin, "M": settings.rank * widest, "S": widest}[settings.form]
    return settings.head_width * n_out + thin


def _mlp(d_in: int, hidden: int, d_out: int, p: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(d_in, hidden), nn.SiLU(), nn.Dropout(p), nn.Linear(hidden, d_out), nn.SiLU(), nn.Dropout(p)
    )

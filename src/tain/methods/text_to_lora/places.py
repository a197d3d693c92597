"""Which weight matrices get an adapter, and what a network that writes adapters is told of each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from torch import nn

from tain.core.errors import MethodError
from tain.methods.targets import target_linears
from tain.models import Backbone

QUERY_VALUE = frozenset(
    (
        "query", "value", "q_proj", "v_proj", "query_proj", "value_proj", "q_lin", "v_lin", "q", "v",
        "Wqkv", "qkv_proj", "c_attn",
    )
)  # fmt: skip
"""Names of these projections in the families of transformers; where they are fused, the whole is changed."""
BLOCK = re.compile(r"\.(\d+)\.")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A weight matrix with an adapter.

    Attributes:
        kind: Dotted name of the linear layer with * for the number of its block: what several blocks share.
        depth: Number of its block, from 0; 0 where blocks have no number.
        name: Dotted name of the linear layer.
        d_in: Its inputs.
        d_out: Its outputs.
    """

    kind: str
    depth: int
    name: str
    d_in: int
    d_out: int

    def n_parameters(self, rank: int) -> int:
        """Of A and B."""
        return rank * (self.d_in + self.d_out)


def find_places(backbone: Backbone, targets: str | tuple[str, ...]) -> tuple[Place, ...]:
    """The linear layers to adapt, by kind and then by depth, however the network lists them.

    Args:
        backbone: Where to look.
        targets: `query-value`, or what `target_linears` takes.

    Raises:
        MethodError: If nothing matches; the linear layers that exist are listed.
    """
    wanted = tuple(sorted(QUERY_VALUE)) if targets == "query-value" else targets
    return tuple(sorted(_place(name, linear) for name, linear in target_linears(backbone, wanted).items()))


def by_kind(places: Iterable[Place]) -> dict[str, tuple[Place, ...]]:
    """The places of each kind, by depth.

    Raises:
        MethodError: If two places of a kind have one depth or different shapes, and so cannot be told apart.
    """
    found = {kind: tuple(own) for kind, own in groupby(sorted(places), key=lambda place: place.kind)}
    for kind, own in found.items():
        depths = {place.depth for place in own}
        shapes = {(place.d_in, place.d_out) for place in own}
        if len(depths) < len(own) or len(shapes) > 1:
            raise MethodError(
                f"The layers {kind} have depths {sorted(depths)} and shapes {sorted(shapes)} for {len(own)} matrices. "
                "Expected one matrix at each depth, all of one shape. Choose other targets."
            )
    return found


def _place(name: str, linear: nn.Linear) -> Place:
    block = BLOCK.search(name)
    kind = BLOCK.sub(".*.", name, count=1)
    return Place(kind, int(block[1]) if block else 0, name, linear.in_features, linear.out_features)

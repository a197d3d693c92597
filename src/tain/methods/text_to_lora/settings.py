"""Settings of the network that writes adapters."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tain.methods.method import MethodConfig


class HypernetworkSettings(MethodConfig):
    """The form and the widths of the network, and the shape of the adapters it writes."""

    form: Literal["L", "M", "S"] = Field(
        "L",
        description="How much one output holds: L all of A and B, M one of the two, S one of their rows or columns.",
    )
    rank: int = Field(8, ge=1, description="Rank r of each change.")
    alpha: float = Field(16.0, gt=0, description="Numerator of the scale s = alpha / rank.")
    targets: str | tuple[str, ...] = Field(
        "query-value",
        description="query-value, all-linear, attention, mlp, or names of linear layers, whole or their last parts.",
    )
    task_width: int = Field(64, ge=1, description="Width of the description after its first layer.")
    place_width: int = Field(32, ge=1, description="Width of what stands for a depth, and for a kind of matrix.")
    hidden_width: int = Field(512, ge=1, description="Inner width of the blocks.")
    head_width: int = Field(512, ge=1, description="Width of what the output layers read.")
    dropout: float = Field(0.05, ge=0, lt=1, description="Dropout within the blocks.")

    @property
    def scale(self) -> float:
        """What the product of B and A is multiplied by."""
        return self.alpha / self.rank

    @property
    def latent_width(self) -> int:
        """Width between the blocks."""
        return self.task_width + 2 * self.place_width

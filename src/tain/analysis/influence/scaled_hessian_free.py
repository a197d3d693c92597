"""Per-layer scaled Hessian-free: the product of gradients, each block over its own damping.

    direction = v / λ_l,   I(k) = - sum_l v_l' g_lk / λ_l,   λ_l = 0.1 mean squared entry of block l

What is left of DataInf without its rank-one corrections. As λ_l is far below |g|² in practice, it is the rival that
shows whether those corrections do anything beyond evening out the layers. Source: ours, as an ablation of Kwon et al.
2024, arXiv:2310.00902. Cost: one pass over the gradients.
"""

from __future__ import annotations

from typing import ClassVar

from tain.analysis.influence.blocks import Block
from tain.analysis.influence.estimator import AlongGradient, DampedSettings, EstimatorSettings, damping_of


class ScaledHessianFree(AlongGradient[DampedSettings]):
    """Curvature as one number for each block."""

    kind: ClassVar[str] = "scaled_hessian_free"
    settings_type: ClassVar[type[EstimatorSettings]] = DampedSettings

    def factor(self, block: Block) -> float:
        """One over the block's damping."""
        return 1 / damping_of(block, self.settings.damping)

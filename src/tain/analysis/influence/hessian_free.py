"""Hessian-free: the plain product of gradients.

    direction = v,   I(k) = - v' g_k

Source: Charpiat et al. 2019, Input similarity from the neural network perspective; as a rival of DataInf: Kwon et al.
2024, arXiv:2310.00902. Cost: one pass over the gradients.
"""

from __future__ import annotations

from typing import ClassVar

from tain.analysis.influence.blocks import Block
from tain.analysis.influence.estimator import AlongGradient, EstimatorSettings


class HessianFree(AlongGradient[EstimatorSettings]):
    """Curvature left out: every direction of every block counts alike."""

    kind: ClassVar[str] = "hessian_free"
    reads_norms: ClassVar[bool] = False

    def factor(self, block: Block) -> float:
        """One."""
        return 1.0

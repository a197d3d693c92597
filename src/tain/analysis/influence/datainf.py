"""DataInf: the inverse of a mean of curvatures, taken as the mean of their inverses.

    (λI + (1/n) Σ g_i g_i')^-1  ≈  (1/n) Σ (λI + g_i g_i')^-1,   each of which Sherman and Morrison give in closed form:

    direction = (1/(nλ)) Σ_i [ v - (v'g_i) / (λ + |g_i|²) g_i ]

No matrix is built. Exact for one text; for more, the error grows with the square of the block's size (the paper's
bound). Source: Kwon et al. 2024, arXiv:2310.00902. Differs: a layer's bias belongs to the block of its weight;
gradients and products are float32 and float64. Cost: three passes over the gradients, O(nd) time, O(d) memory.
"""

from __future__ import annotations

from typing import ClassVar

from tain.analysis.influence.blocks import Block, Vector, weighted_sum
from tain.analysis.influence.estimator import DampedSettings, Estimator, EstimatorSettings, damping_of


class DataInf(Estimator[DampedSettings]):
    """A closed form for each block."""

    kind: ClassVar[str] = "datainf"
    settings_type: ClassVar[type[EstimatorSettings]] = DampedSettings

    def direction(self, block: Block) -> Vector:
        """V, less what each text's own rank-one curvature takes from it, over the damping."""
        damping = damping_of(block, self.settings.damping)
        share = block.products / (damping + block.squared_norms)
        return (block.valid - weighted_sum(block.train, share) / len(block.train)) / damping

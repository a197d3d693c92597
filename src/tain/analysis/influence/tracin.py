"""TracIn: products of gradients along the training.

    I(k) = - sum over checkpoints c of η_c v(w_c)' g_k(w_c)

with η_c the sum of the learning rates of the steps that the checkpoint stands for. Where Hessian-free looks at the
trained model alone, this asks what each text did while it was learned. Source: Pruthi et al. 2020, arXiv:2002.08484.
Differs: η_c is exact for the schedule, where the paper takes one constant rate; the training's own optimiser
(AdamW) and its batches are taken as plain gradient descent on all texts, as in the paper. Cost: the gradients of every
checkpoint, then one pass over each.
"""

from __future__ import annotations

from typing import ClassVar

from tain.analysis.influence.blocks import Block
from tain.analysis.influence.estimator import AlongGradient, EstimatorSettings, Source


class TracIn(AlongGradient[EstimatorSettings]):
    """Each block of each checkpoint at its learning rate."""

    kind: ClassVar[str] = "tracin"
    source: ClassVar[Source] = "checkpoints"
    reads_norms: ClassVar[bool] = False

    def factor(self, block: Block) -> float:
        """The rate."""
        return block.rate

"""What every estimator of influence shares: its settings, its sign, and the sum over blocks.

Influence is the derivative of the validation loss by the weight of one training text, at the trained model:

    I(k) = - sum over blocks of v' H^-1 g_k

with g_k the gradient of text k's loss, v the mean gradient over the validation texts and H the curvature of the
training loss. **Above 0: giving the text more weight raises the validation loss, it harms. Below 0: it helps.** The
unit is that of the validation loss per unit of weight, where all n texts together weigh 1; leaving text k out changes
the loss by about -I(k) / n. Mislabelled texts come out high. An estimator says what stands for H^-1 v, its direction.

Blocks are taken as independent of one another. The validation gradient shrinks as the classifier becomes right about
all of the texts, and a class that is more frequent among them weighs more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Generic, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tain.analysis.influence.blocks import Block, Vector, times
from tain.core.errors import DataError

Source = Literal["gradients", "checkpoints", "representations"]


class EstimatorSettings(BaseModel):
    """Settings of an estimator; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DampedSettings(EstimatorSettings):
    """Settings of an estimator that adds λ to the curvature of each block."""

    damping: float = Field(
        0.1, gt=0, description="λ of a block, as a share of the mean squared entry of its training gradients."
    )


S = TypeVar("S", bound=EstimatorSettings)


class Estimator(ABC, Generic[S]):
    """Scores training texts by what more of each would do to the validation loss.

    Attributes:
        kind: Name in settings and on the command line.
        settings_type: The estimator's settings.
        source: What its blocks hold: gradients of the trained model, of several checkpoints, or representations.
        reads_norms: Whether it divides by anything made of the gradients' lengths.
    """

    kind: ClassVar[str]
    settings_type: ClassVar[type[EstimatorSettings]] = EstimatorSettings
    source: ClassVar[Source] = "gradients"
    reads_norms: ClassVar[bool] = True

    def __init__(self, settings: S) -> None:
        """Keep the settings."""
        self.settings = settings

    @abstractmethod
    def direction(self, block: Block) -> Vector:
        """What stands for H^-1 v in a block, shape (d,). The block's training gradients are not all zero."""

    def products(self, block: Block) -> Vector:
        """Product of each training gradient with the direction, shape (n_train,).

        Args:
            block: Its training gradients are not all zero.
        """
        return times(block.train, self.direction(block))


class AlongGradient(Estimator[S]):
    """An estimator whose direction is the validation gradient times a number, so that one pass is enough."""

    @abstractmethod
    def factor(self, block: Block) -> float:
        """What the validation gradient of a block is multiplied by."""

    def direction(self, block: Block) -> Vector:
        """The validation gradient times the factor."""
        return self.factor(block) * block.valid

    def products(self, block: Block) -> Vector:
        """As `Estimator` says."""
        return self.factor(block) * block.products


def influence(estimator: Estimator[EstimatorSettings], blocks: Iterable[Block]) -> Vector:
    """The influence of each training text on the validation loss, in the texts' order.

    Args:
        estimator: What stands for the curvature.
        blocks: Read one after the other; all with the same texts.

    Returns:
        Shape (n_train,), float64. Above 0: the text harms. Below 0: it helps.

    Raises:
        DataError: If there is no block, blocks disagree on the number of texts, or a number is not finite.
    """
    total: Vector | None = None
    for block in blocks:
        found = _of_block(estimator, block)
        if total is not None and len(total) != len(found):
            raise DataError(f"{block.name}: has {len(found):,} training texts, the block before it {len(total):,}.")
        total = found if total is None else total + found
    if total is None:
        raise DataError("There is no block of gradients. Expected at least one layer that was trained.")
    return total


def _of_block(estimator: Estimator[EstimatorSettings], block: Block) -> Vector:
    # A block without any gradient, as A of a LoRA whose B is still zero, moves nothing and has no curvature to invert.
    if estimator.reads_norms and not block.squared_norms.any():
        return np.zeros(len(block.train))
    return -estimator.products(block)


def damping_of(block: Block, share: float) -> float:
    """λ of a block: a share of the mean squared entry of its training gradients, as DataInf's authors take it.

    A projection keeps lengths, so the entries are counted as they were before it.

    Args:
        block: Not all zero.
        share: Above 0; the authors take 0.1.
    """
    return share * float(block.squared_norms.mean()) / block.size

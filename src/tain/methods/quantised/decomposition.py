"""A matrix as a quantised one plus one of low rank: W ~ Q + L1 L2, found by turns.

    L1 L2 = SVD_r(W - Q)        Q = quantise(W - L1 L2)        until the error rises

With an importance F of each weight (the Fisher information), the SVD is that of Dr (W - Q) Dc with Dr and Dc the roots
of F's row and column means, its factors divided by them again, and the error is |sqrt(F) (W - Q - L1 L2)|.

Source: Guo et al. 2023, LQ-LoRA, arXiv:2311.12023; the start from Q = quantise(W) alone is LoftQ's, Li et al. 2023,
arXiv:2310.08659, with one step. Differs: nothing guarantees that a turn helps, and at two bits the error does rise
again after a few; the authors' code returns what it had after the rise, this the best of all turns. L1 L2 is fitted
once more to the Q that is kept, which an exact SVD makes no worse where no importance is given. LoftQ's first step is
one of the candidates, so the result is never worse than it. The SVD is a subspace iteration that starts where the turn
before it ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from tain.core.errors import MethodError
from tain.methods.quantised.blockwise import Packed, quantise, round_trip
from tain.methods.quantised.layout import Layout

Start = Literal["lq", "residual", "zero"]
OVERSAMPLING = 10
FIRST_POWERS, LATER_POWERS = 4, 1
PATIENCE = 3
LEAST_GAIN = 1e-4
LEAST_ROOT = 1e-3


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The best turn of an alternation.

    Attributes:
        packed: Q.
        left: L1, shape (d_out, rank).
        right: L2, shape (rank, d_in).
        error: Norm of W - Q - L1 L2, weighted where an importance was given.
        errors: That of every turn, in order.
    """

    packed: Packed
    left: torch.Tensor
    right: torch.Tensor
    error: float
    errors: tuple[float, ...]

    @property
    def best_so_far(self) -> tuple[float, ...]:
        """The lowest error up to each turn."""
        return tuple(min(self.errors[: turn + 1]) for turn in range(len(self.errors)))


def decompose(
    weight: torch.Tensor,
    layout: Layout,
    *,
    rank: int,
    start: Start = "lq",
    importance: torch.Tensor | None = None,
    n_iterations: int = 30,
    seed: int = 0,
) -> Decomposition:
    """The best Q and L1 L2 for a matrix under a layout.

    Args:
        weight: Shape (d_out, d_in), any floating format.
        layout: Of Q.
        rank: Of L1 L2, at most the smaller side; 0 leaves them empty.
        start: `lq` alternates; `residual` quantises and fits what is left once; `zero` quantises only, L1 L2 = 0.
        importance: Weight of each squared error, at least 0, same shape; None takes 1.
        n_iterations: Most turns of the alternation; it stops earlier once three in a row gained nothing.
        seed: Of the subspace that the first SVD starts from.

    Raises:
        MethodError: If a weight is not finite, or the rank is above the smaller side.

    Cost:
        A turn quantises the matrix and multiplies it a few times with rank + 10 vectors.
    """
    _require(weight, rank)
    target, seen = weight.detach().float(), _Best(weight, importance)
    svd = _WeightedSvd(target, importance, rank=rank, seed=seed)
    if start == "zero" or rank == 0:
        seen.take(target, layout, lambda rest: _nothing(target, rank))
    else:
        seen.take(target, layout, svd)
        if start == "lq":
            _alternate(target, layout, svd, seen, n_iterations)
    # Packed only now: the turns in between need no more than the values.
    return Decomposition(quantise(seen.quantised_from, layout), *seen.factors, seen.error, tuple(seen.errors))


def _alternate(target: torch.Tensor, layout: Layout, svd: _WeightedSvd, seen: _Best, n_iterations: int) -> None:
    svd.forget()  # what quantisation lost has other directions than the matrix
    left, right = svd(target)
    for _ in range(n_iterations):
        left, right = seen.take(target - left @ right, layout, svd)
        if seen.n_since_gain >= PATIENCE:
            return


class _Best:
    """The candidate of least error among those taken."""

    def __init__(self, weight: torch.Tensor, importance: torch.Tensor | None) -> None:
        self.target, self.importance = weight.detach().float(), importance
        self.errors: list[float] = []
        self.error = float("inf")
        self.n_since_gain = 0

    def take(self, rest: torch.Tensor, layout: Layout, fit: Callable[[torch.Tensor], _Factors]) -> _Factors:
        """Quantise what low rank left over, fit low rank to what that leaves over, and keep both if they are best."""
        remainder = self.target - round_trip(rest, layout)
        factors = fit(remainder)
        error = self._norm(remainder - factors[0] @ factors[1])
        self.errors.append(error)
        self.n_since_gain = 0 if error < (1 - LEAST_GAIN) * self.error else self.n_since_gain + 1
        if error < self.error:
            self.error, self.quantised_from, self.factors = error, rest, factors
        return factors

    def _norm(self, gap: torch.Tensor) -> float:
        squares = gap.square() if self.importance is None else gap.square() * self.importance
        return float(squares.sum(dtype=torch.float64).sqrt())


_Factors = tuple[torch.Tensor, torch.Tensor]


class _WeightedSvd:
    """The best matrix of a rank near a given one, as two factors that share its singular values evenly."""

    def __init__(self, target: torch.Tensor, importance: torch.Tensor | None, *, rank: int, seed: int) -> None:
        self.rank = rank
        self.rows, self.columns = _roots(target, importance)
        width = min(rank + OVERSAMPLING, *target.shape)
        generator = torch.Generator().manual_seed(seed)
        self.first_basis = torch.randn(target.shape[1], width, generator=generator).to(target.device)
        self.forget()

    def forget(self) -> None:
        """Start the next SVD from where the first one did."""
        self.basis, self.n_powers = self.first_basis, FIRST_POWERS

    def __call__(self, matrix: torch.Tensor) -> _Factors:
        """L1 and L2 of a matrix of the target's shape."""
        weighted = self.rows[:, None] * matrix * self.columns
        for _ in range(self.n_powers):
            self.basis = weighted.T @ torch.linalg.qr(weighted @ self.basis).Q
        self.n_powers = LATER_POWERS
        found = torch.linalg.qr(weighted @ self.basis).Q
        inner, values, right = torch.linalg.svd(found.T @ weighted, full_matrices=False)
        roots = values[: self.rank].clamp_min(0).sqrt()
        left = (found @ inner)[:, : self.rank] * roots
        return left / self.rows[:, None], roots[:, None] * right[: self.rank] / self.columns


def _roots(target: torch.Tensor, importance: torch.Tensor | None) -> _Factors:
    # A row that no text ever moved would be divided by zero.
    if importance is None or not importance.any():
        return target.new_ones(target.shape[0]), target.new_ones(target.shape[1])
    shares = importance.to(target) / importance.mean()
    return tuple(shares.mean(side).sqrt().clamp_min(LEAST_ROOT) for side in (1, 0))  # type: ignore[return-value]


def _nothing(target: torch.Tensor, rank: int) -> _Factors:
    return target.new_zeros(target.shape[0], rank), target.new_zeros(rank, target.shape[1])


def _require(weight: torch.Tensor, rank: int) -> None:
    if rank > min(weight.shape):
        raise MethodError(
            f"method.rank is {rank}, above the smaller side of a matrix of {tuple(weight.shape)}. "
            f"Expected at most {min(weight.shape)}; lower the rank or change method.targets."
        )
    if not torch.isfinite(weight).all():
        raise MethodError(
            f"A matrix of {tuple(weight.shape)} holds numbers that are not finite, which no codebook has. "
            "Its training diverged, or its file is damaged."
        )

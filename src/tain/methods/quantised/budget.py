"""How a budget of bits is spent over matrices: an integer program, one layout for each.

    min sum c_ij x_ij   where   sum_j x_ij = 1,   sum b_ij x_ij <= budget,   x_ij in {0, 1}

c_ij is the squared error of matrix i under layout j and b_ij the bits it then takes. Source: Guo et al. 2023, LQ-LoRA,
arXiv:2311.12023. Differs: solved by HiGHS through scipy, where the authors call Gurobi with a time limit; ours is a
limit of nodes, so that the answer does not depend on the machine; layouts that another one beats in both error and bits
are left out before; and the best layout for all alike is compared last, so that the answer is never worse than it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from tain.core.errors import MethodError
from tain.core.streams import stdout_to_stderr
from tain.methods.quantised.blockwise import round_trip
from tain.methods.quantised.codebook import BITS
from tain.methods.quantised.layout import Layout, grid

GAP = 1e-6
MOST_NODES = 20_000
N_SAMPLE = 1 << 15
N_LAYOUTS = 24
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the program chose.

    Attributes:
        layouts: Index of the layout of each matrix.
        cost: Their summed cost.
        n_bits: Their summed bits.
    """

    layouts: tuple[int, ...]
    cost: float
    n_bits: int


def allocate(costs: Floats, bits: Integers, *, budget: int) -> Choice:
    """The layout of each matrix that costs least together within a budget.

    Args:
        costs: Of each matrix under each layout, at least 0, shape (n_matrices, n_layouts).
        bits: Taken likewise, same shape.
        budget: Bits of all matrices together.

    Raises:
        MethodError: If the smallest layouts together take more.
    """
    least = int(bits.min(axis=1).sum())
    if least > budget:
        raise MethodError(
            f"A budget of {budget:,} bits cannot be met: the smallest layouts take {least:,} already "
            f"({least / budget:.3f} times as much). Raise the bits."
        )
    found = [choice for choice in (_solve(costs, bits, budget), _best_uniform(costs, bits, budget)) if choice]
    if not found:
        # Out of nodes before anything fitted: the smallest of all still does.
        found = [_choice(costs, bits, bits.argmin(axis=1))]
    return min(found, key=lambda choice: choice.cost)


def front(costs: Floats, bits: Integers) -> list[int]:
    """Indices of the layouts that no other beats in both cost and bits, the smallest first.

    Args:
        costs: Of one matrix, shape (n_layouts,).
        bits: Likewise.
    """
    kept: list[int] = []
    for index in np.lexsort((costs, bits)).tolist():
        if not kept or costs[index] < costs[kept[-1]]:
            kept.append(index)
    return kept


@lru_cache
def candidates(n: int = N_LAYOUTS) -> tuple[Layout, ...]:
    """Layouts worth trying on a matrix: from the paper's 432, those on the front for normal weights, thinned out.

    Whether a layout is beaten depends little on the matrix, and measuring all 432 on each would take hours. The
    layouts that a whole number of bits means are always among them.

    Args:
        n: How many are taken from the front, evenly along it.
    """
    sample = torch.randn(1, N_SAMPLE, generator=torch.Generator().manual_seed(0))
    known = grid()
    errors = np.array([float((round_trip(sample, layout) - sample).square().sum()) for layout in known])
    sizes = np.array([layout.stored_bytes(N_SAMPLE) for layout in known])
    best = front(errors, sizes)
    thinned = {best[place] for place in np.linspace(0, len(best) - 1, min(n, len(best))).round().astype(int).tolist()}
    return (*(Layout(bits) for bits in BITS), *(known[index] for index in sorted(thinned)))


def _solve(costs: Floats, bits: Integers, budget: int) -> Choice | None:
    kept = [front(costs[row], bits[row]) for row in range(len(costs))]
    rows = np.repeat(np.arange(len(kept)), [len(each) for each in kept])
    columns = np.concatenate([np.asarray(each) for each in kept])
    room = budget
    # The solver keeps the budget to a relative millionth; what it goes over is taken off and it is asked again.
    for _ in range(3):
        answer = _milp(costs[rows, columns], bits[rows, columns], rows, room)
        if answer is None:
            return None
        chosen = np.zeros(len(kept), dtype=np.int64)
        picked = answer > 0.5
        chosen[rows[picked]] = columns[picked]
        choice = _choice(costs, bits, chosen)
        if choice.n_bits <= budget:
            return choice
        room -= choice.n_bits - budget
    return None


def _milp(costs: Floats, bits: Integers, rows: Integers, budget: int) -> Floats | None:
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    n = len(costs)
    one_each = coo_array((np.ones(n), (rows, np.arange(n))), shape=(int(rows.max()) + 1, n))
    with stdout_to_stderr():  # HiGHS 1.12 tells stdout of its own doings, where only data goes
        # Numbers near one: the solver's tolerances are absolute.
        result = milp(
            costs / max(float(costs.max()), 1e-300),
            integrality=np.ones(n, dtype=np.int64),
            bounds=Bounds(0, 1),
            constraints=[LinearConstraint(one_each.tocsr(), 1, 1), LinearConstraint(bits[None] / budget, -np.inf, 1)],
            options={"mip_rel_gap": GAP, "node_limit": MOST_NODES},
        )
    return None if result.x is None else np.asarray(result.x, dtype=np.float64)


def _best_uniform(costs: Floats, bits: Integers, budget: int) -> Choice | None:
    fitting = np.flatnonzero(bits.sum(axis=0) <= budget)
    if not len(fitting):
        return None
    best = fitting[costs[:, fitting].sum(axis=0).argmin()]
    return _choice(costs, bits, np.full(len(costs), best))


def _choice(costs: Floats, bits: Integers, chosen: Sequence[int] | Integers) -> Choice:
    picked = np.asarray(chosen, dtype=np.int64)
    rows = np.arange(len(picked))
    return Choice(tuple(picked.tolist()), float(costs[rows, picked].sum()), int(bits[rows, picked].sum()))

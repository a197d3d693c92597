"""The spectra of every weight matrix that differs between two networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tain.analysis.spectra.change import Change, change_of
from tain.core.errors import ConfigError, DataError
from tain.core.progress import progress
from tain.recipes.spectra.partners import partners
from tain.recipes.spectra.settings import SpectraSettings
from tain.recipes.spectra.sources import Pair
from tain.recipes.spectra.weights import Array, Role, Weight, role_of


@dataclass(frozen=True)
class MatrixRow:
    """One weight matrix that changed.

    Attributes:
        name: Dotted, in the tuned network.
        role: Layer, embedding or head.
        shape: Outputs and inputs; of an embedding, its dimension and the number of tokens.
        change: Its spectra.
        has_factors: Whether the difference is known as a product of thin factors.
    """

    name: str
    role: Role
    shape: tuple[int, int]
    change: Change
    has_factors: bool


@dataclass(frozen=True)
class Spectra:
    """What two networks differ in.

    Attributes:
        tuned: What the user named.
        base: What it was compared with.
        rows: Matrices that changed or are new, in the network's order.
        unchanged: Matrices equal to the last bit; nothing of them is computed.
        n_vectors_left_out: Biases and other parameters of one dimension.
        others_left_out: Parameters of more than two dimensions.
        missing: Matrices of the base that the tuned network has not.
        settings: As used.
    """

    tuned: str
    base: str
    rows: tuple[MatrixRow, ...]
    unchanged: tuple[str, ...]
    n_vectors_left_out: int
    others_left_out: tuple[str, ...]
    missing: tuple[str, ...]
    settings: SpectraSettings


def spectra_of(pair: Pair, settings: SpectraSettings, *, is_quiet: bool = False) -> Spectra:
    """Compare matrix by matrix; two matrices are in memory at a time.

    Args:
        pair: Weights before and after.
        settings: What is read off singular values.
        is_quiet: No progress bar.

    Raises:
        ConfigError: If the networks have no matrix in common.
        DataError: If a matrix has other sizes before than after, or holds a number that is none.
    """
    own = {name: weight for name, weight in pair.tuned.own.items() if len(weight.shape) == 2}
    theirs = {name for name, weight in pair.base.own.items() if len(weight.shape) == 2}
    before = partners(own, theirs)
    if not before:
        raise ConfigError(
            f"{pair.tuned.origin} and {pair.base.origin} have no weight matrix of the same name. Give --base, what the "
            "first was trained from."
        )
    rows, unchanged = [], []
    with progress("decomposing", len(own), unit="matrices", is_quiet=is_quiet) as advance:
        for name, weight in own.items():
            row = _row(name, weight, pair, before.get(name), settings)
            rows.append(row) if row is not None else unchanged.append(name)
            advance(1)
    return Spectra(
        tuned=pair.tuned.origin,
        base=pair.base.origin,
        rows=tuple(rows),
        unchanged=tuple(unchanged),
        n_vectors_left_out=sum(len(weight.shape) < 2 for weight in pair.tuned.own.values()),
        others_left_out=tuple(_of_more_dimensions(pair)),
        missing=tuple(sorted(theirs - set(before.values()))),
        settings=settings,
    )


def _row(name: str, weight: Weight, pair: Pair, before: str | None, settings: SpectraSettings) -> MatrixRow | None:
    role, tuned = role_of(name), weight.read()
    base = None if before is None else pair.base.own[before].read()
    if base is not None and np.array_equal(base, tuned):
        return None
    factors = None if base is None else pair.factors.get(name)
    try:
        # Rows are outputs everywhere: those of an embedding stand in its columns.
        found = change_of(_upright(base, role), _upright(tuned, role), factors=factors, n_vectors=settings.vectors)  # type: ignore[arg-type]  # only None for None
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    n_out, n_in = weight.shape if role != "embedding" else weight.shape[::-1]
    return MatrixRow(name, role, (n_out, n_in), found, factors is not None)


def _upright(matrix: Array | None, role: Role) -> Array | None:
    return matrix if matrix is None or role != "embedding" else matrix.T


def _of_more_dimensions(pair: Pair) -> Iterator[str]:
    return (name for name, weight in pair.tuned.own.items() if len(weight.shape) > 2)

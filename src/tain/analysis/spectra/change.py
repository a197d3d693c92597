"""A weight matrix before and after training, and what was added to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tain.analysis.spectra.intruders import left_vectors, similarities
from tain.analysis.spectra.spectrum import Matrix, Spectrum, Vector, sound, spectrum_of, spectrum_of_product
from tain.core.errors import DataError

Factors = tuple[Matrix, Matrix]


@dataclass(frozen=True)
class Change:
    """The spectra of one matrix.

    Attributes:
        base: Of the matrix before; None where it had none.
        tuned: Of the matrix after.
        difference: Of after minus before; None without a before.
        similarities: Of the strongest directions after, to those before; empty without a before.
    """

    base: Spectrum | None
    tuned: Spectrum
    difference: Spectrum | None
    similarities: Vector

    @property
    def relative_frobenius(self) -> float | None:
        """The Frobenius norm of the difference over the base's; None without a base, or with one of zeros."""
        return (
            None
            if self.difference is None or self.base is None
            else _ratio(self.difference.frobenius, self.base.frobenius)
        )

    @property
    def relative_nuclear(self) -> float | None:
        """The nuclear norm of the difference over the base's; None without a base, or with one of zeros."""
        return (
            None if self.difference is None or self.base is None else _ratio(self.difference.nuclear, self.base.nuclear)
        )

    def n_intruders(self, epsilon: float = 0.5) -> int | None:
        """How many of the strongest directions the base did not have; None without a base.

        Args:
            epsilon: Cosine below which a direction is new, above 0 and at most 1.
        """
        return None if self.base is None else int((self.similarities < epsilon).sum())


def change_of(base: Matrix | None, tuned: Matrix, *, factors: Factors | None = None, n_vectors: int = 10) -> Change:
    """The spectra of a matrix before and after, and of the difference.

    Args:
        base: Shape (d_out, d_in); None for a matrix that training began with nothing.
        tuned: Of the same shape.
        factors: B (d_out, r) and A (r, d_in), where tuned is base + B A up to rounding. The difference's spectrum is
            then theirs, free of the rounding of a merge, and at a fraction of the cost.
        n_vectors: Directions looked at for intruders.

    Raises:
        DataError: If shapes do not fit, or a number is none.
    """
    if base is None:
        return Change(None, spectrum_of(tuned), None, np.empty(0))
    if base.shape != tuned.shape:
        raise DataError(f"The base has shape {base.shape} and the tuned matrix {tuned.shape}; expected equal shapes.")
    before, base_spectrum = left_vectors(base)
    after, tuned_spectrum = left_vectors(tuned)
    difference = spectrum_of(sound(tuned) - sound(base)) if factors is None else spectrum_of_product(*factors)
    return Change(base_spectrum, tuned_spectrum, difference, similarities(before, after, n_vectors=n_vectors))


def _ratio(above: float, below: float) -> float | None:
    return above / below if below > 0 else None

"""Singular values by thin factors are those of the whole; ranks, norms and intruders have the properties of theirs."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tain.analysis.spectra.change import change_of
from tain.analysis.spectra.intruders import left_vectors, similarities
from tain.analysis.spectra.spectrum import Spectrum, spectrum_of, spectrum_of_product
from tain.core.errors import ConfigError, DataError

sizes = st.integers(1, 24)
seeds = st.integers(0, 2**31)


def drawn(*shape, seed):
    return np.random.default_rng(seed).normal(size=shape)


def orthogonal(n, *, seed):
    return np.linalg.qr(drawn(n, n, seed=seed))[0]


@given(rows=sizes, columns=sizes, rank=st.integers(1, 8), seed=seeds)
@settings(max_examples=60, deadline=None)
def test_the_spectrum_of_factors_is_that_of_their_product(rows, columns, rank, seed):
    left, right = drawn(rows, rank, seed=seed), drawn(rank, columns, seed=seed + 1)
    dense, thin = spectrum_of(left @ right).values, spectrum_of_product(left, right).values
    assert len(thin) <= rank
    np.testing.assert_allclose(thin, dense[: len(thin)], atol=1e-9 * dense[0])
    np.testing.assert_allclose(dense[len(thin) :], 0, atol=1e-9 * dense[0])


@given(rows=sizes, columns=sizes, seed=seeds, scale=st.floats(1e-6, 1e6), share=st.floats(0.01, 1.0))
@settings(max_examples=60, deadline=None)
def test_ranks_are_bounded_ordered_and_free_of_scale(rows, columns, seed, scale, share):
    matrix = drawn(rows, columns, seed=seed)
    own, scaled, turned = spectrum_of(matrix), spectrum_of(scale * matrix), spectrum_of(matrix.T)
    assert 1 <= own.effective_rank(share) <= min(rows, columns)
    assert own.effective_rank(share) == scaled.effective_rank(share) == turned.effective_rank(share)
    assert own.effective_rank(share / 2) <= own.effective_rank(share)
    assert 1 - 1e-9 <= own.stable_rank <= min(rows, columns) + 1e-9
    assert own.stable_rank == pytest.approx(scaled.stable_rank)
    assert own.frobenius == pytest.approx(np.linalg.norm(matrix))
    assert own.spectral <= own.frobenius * (1 + 1e-9) <= own.nuclear * (1 + 1e-8)


@pytest.mark.parametrize("n", [1, 3, 7, 10, 30, 100])
def test_the_effective_rank_of_the_identity_is_its_share(n):
    assert spectrum_of(np.eye(n)).effective_rank(0.9) == math.ceil(round(0.9 * n, 9))
    assert spectrum_of(np.eye(n)).effective_rank(1.0) == n


@pytest.mark.parametrize("rank", [1, 2, 5])
def test_a_matrix_of_a_rank_has_no_larger_effective_rank(rank):
    low = drawn(20, rank, seed=1) @ drawn(rank, 30, seed=2)
    assert spectrum_of(low).effective_rank(0.999999) <= rank


def test_zeros_have_rank_zero_and_no_stable_rank():
    zeros = Spectrum(np.zeros(4))
    assert zeros.effective_rank() == 0 and zeros.stable_rank is None and zeros.nuclear == 0.0


def test_a_share_outside_is_refused():
    for share in (0.0, 1.1, float("nan")):
        with pytest.raises(ConfigError, match="expected a number above 0"):
            Spectrum(np.ones(3)).effective_rank(share)


def test_what_is_no_matrix_is_refused():
    with pytest.raises(DataError, match="two dimensions"):
        spectrum_of(np.ones(3))
    with pytest.raises(DataError, match="NaN or infinity"):
        spectrum_of(np.array([[1.0, np.nan]]))
    with pytest.raises(DataError, match="expected \\(rows, r\\)"):
        spectrum_of_product(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(DataError, match="expected equal shapes"):
        change_of(np.ones((3, 2)), np.ones((2, 3)))


@pytest.mark.parametrize("shape", [(12, 30), (30, 12), (9, 9)])
def test_left_vectors_are_those_of_the_plain_decomposition(shape):
    matrix = drawn(*shape, seed=5)
    vectors, spectrum = left_vectors(matrix)
    plain, values, _ = np.linalg.svd(matrix, full_matrices=False)
    np.testing.assert_allclose(spectrum.values, values, rtol=1e-10)
    np.testing.assert_allclose(np.abs((vectors * plain).sum(axis=0)), 1, rtol=1e-8)


def test_directions_without_a_value_are_none():
    low = drawn(12, 3, seed=1) @ drawn(3, 9, seed=2)
    assert left_vectors(low)[0].shape == (12, 3)


@pytest.mark.parametrize("shape", [(16, 40), (40, 16)])
def test_a_matrix_that_did_not_change_or_only_grew_has_no_intruders(shape):
    base = drawn(*shape, seed=3)
    for tuned in (base, -2.5 * base):
        found = change_of(base, tuned)
        np.testing.assert_allclose(found.similarities, 1, rtol=1e-9)
        assert found.n_intruders(0.999) == 0


def test_a_planted_direction_intrudes_and_is_the_only_one():
    # Base: 20 of 40 directions, well apart. Planted: one of the others, strong.
    u, v = orthogonal(40, seed=1), orthogonal(30, seed=2)
    base = u[:, :20] @ np.diag(np.linspace(10, 1, 20)) @ v[:20]
    left, right = 20 * u[:, [33]], v[[25]]
    found = change_of(base, base + left @ right, factors=(left, right), n_vectors=5)
    assert found.n_intruders(0.5) == 1 and found.similarities.argmin() == 0
    np.testing.assert_allclose(found.difference.values, [20])
    assert found.relative_frobenius == pytest.approx(20 / found.base.frobenius)
    assert found.relative_nuclear == pytest.approx(20 / found.base.nuclear)


def test_signs_and_rotations_of_both_matrices_do_not_matter():
    base, noise = drawn(20, 25, seed=1), drawn(20, 25, seed=2)
    turn, other = orthogonal(20, seed=3), orthogonal(25, seed=4)
    one, two = change_of(base, base + noise), change_of(turn @ base @ other, -turn @ (base + noise) @ other)
    np.testing.assert_allclose(one.similarities, two.similarities, atol=1e-9)


def test_factors_and_the_dense_difference_agree():
    base, left, right = drawn(30, 18, seed=1), drawn(30, 4, seed=2), 0.1 * drawn(4, 18, seed=3)
    dense, thin = change_of(base, base + left @ right), change_of(base, base + left @ right, factors=(left, right))
    np.testing.assert_allclose(thin.difference.values, dense.difference.values[:4], rtol=1e-9)
    assert thin.difference.effective_rank() == dense.difference.effective_rank()


def test_without_a_base_only_the_matrix_itself_is_described():
    found = change_of(None, np.eye(3))
    assert (found.base, found.difference, found.relative_frobenius, found.n_intruders()) == (None, None, None, None)
    assert found.tuned.nuclear == 3


def test_few_directions_are_all_taken():
    base = left_vectors(drawn(6, 2, seed=1))[0]
    assert similarities(base, base, n_vectors=10).shape == (2,)

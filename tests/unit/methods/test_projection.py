import pytest
import torch

from tain.methods.projection import gradient_basis, project, project_back

SHAPES = [(9, 5), (5, 9), (6, 6)]


@pytest.fixture(params=SHAPES, ids=str)
def gradient(request):
    return torch.randn(request.param, generator=torch.Generator().manual_seed(0))


def test_the_basis_lies_on_the_shorter_side_and_is_orthonormal(gradient):
    rows, columns = gradient.shape
    basis = gradient_basis(gradient, 3)
    assert basis.shape == ((3, columns) if rows >= columns else (rows, 3))
    vectors = basis if rows >= columns else basis.T
    assert torch.allclose(vectors @ vectors.T, torch.eye(3), atol=1e-6)
    assert project(gradient, basis).shape == ((rows, 3) if rows >= columns else (3, columns))


def test_what_comes_back_is_the_best_approximation_of_its_rank(gradient):
    left, values, right = torch.linalg.svd(gradient, full_matrices=False)
    best = left[:, :3] @ torch.diag(values[:3]) @ right[:3]
    basis = gradient_basis(gradient, 3)
    assert torch.allclose(project_back(project(gradient, basis), basis), best, atol=1e-5)


@pytest.mark.parametrize("rank", [5, 6, 100])
def test_at_full_rank_a_step_of_sgd_is_the_unprojected_one(gradient, rank):
    rank = max(rank, min(gradient.shape))
    weight = torch.ones_like(gradient)
    basis = gradient_basis(gradient, rank)
    stepped = weight - 0.1 * project_back(project(gradient, basis), basis)
    assert torch.allclose(stepped, weight - 0.1 * gradient, atol=1e-6)


def test_signs_do_not_depend_on_those_of_the_decomposition(gradient, monkeypatch):
    expected = gradient_basis(gradient, 3)
    left, values, right = torch.linalg.svd(gradient, full_matrices=False)
    monkeypatch.setattr(torch.linalg, "svd", lambda *_, **__: (-left, values, -right))
    assert torch.equal(gradient_basis(gradient, 3), expected)


def test_the_basis_holds_no_more_memory_than_its_own(gradient):
    basis = gradient_basis(gradient, 2)
    assert basis.is_contiguous()
    assert basis.untyped_storage().nbytes() == 4 * basis.numel()


def test_a_gradient_in_half_precision_is_projected_in_full(gradient):
    basis = gradient_basis(gradient.bfloat16(), 2)
    assert basis.dtype == project(gradient.bfloat16(), basis).dtype == torch.float32

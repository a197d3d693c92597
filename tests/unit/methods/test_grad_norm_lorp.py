import pytest
import torch
from torch import nn

from tain.methods.grad_norm_lorp import GradNormLorpAdam, direction_of, row_norms, split_gradient, weight_of

PROJECTED = {"rank": 2, "update_gap": 3, "scale": 0.5, "moments": "float32", "lr": 0.02, "weight_decay": 0.0}
SHAPES = [(9, 6), (6, 9)]


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=SHAPES, ids=str)
def weight(request):
    return nn.Parameter(drawn(*request.param))


def direction(weight, optimiser):
    state = optimiser.state[weight]
    return direction_of(weight.detach(), state["magnitude"], state["direction_norm"])


def train(weight, n_steps=3, gradient=None, **settings):
    """Steps down a quadratic, or along one gradient."""
    optimiser = GradNormLorpAdam([{"params": [weight], **PROJECTED, **settings}])
    slopes = torch.rand(weight.shape, generator=torch.Generator().manual_seed(5)) + 0.5
    for _ in range(n_steps):
        weight.grad = slopes * weight.detach() if gradient is None else gradient.clone()
        optimiser.step()
    return optimiser


def test_length_and_direction_give_the_weight_back_exactly_at_the_start(weight):
    magnitude = row_norms(weight.detach())
    start = direction_of(weight.detach(), magnitude, magnitude)
    assert torch.equal(start, weight)
    assert torch.equal(weight_of(start, magnitude), weight)


def test_gradients_equal_autograds_through_the_parametrisation(weight):
    rows = len(weight)
    magnitude = (drawn(rows, 1, seed=1) * 2).requires_grad_()  # also negative ones
    directions = drawn(*weight.shape, seed=2).requires_grad_()
    whole = magnitude * directions / directions.norm(dim=1, keepdim=True)
    gradient = drawn(*weight.shape, seed=3)
    expected = torch.autograd.grad(whole, (magnitude, directions), gradient)
    found = split_gradient(gradient, directions.detach(), magnitude.detach(), row_norms(directions.detach()))
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(found, expected, strict=True))


def test_the_gradient_of_the_direction_is_orthogonal_to_it_in_every_row(weight):
    # The reference leaves the orthogonal term out.
    magnitude = row_norms(weight.detach())
    _, d_direction = split_gradient(drawn(*weight.shape, seed=3), weight.detach(), magnitude, magnitude)
    assert ((d_direction * weight).sum(dim=1).abs() <= 1e-6 * d_direction.norm(dim=1) * magnitude[:, 0]).all()


@pytest.mark.parametrize("moments", ["float32", "8bit"])
def test_between_two_bases_the_direction_moves_in_few_dimensions(weight, moments):
    before = weight.detach().clone()
    optimiser = train(weight, moments=moments)
    assert torch.linalg.matrix_rank(direction(weight, optimiser) - before, tol=1e-4) == 2


@pytest.mark.parametrize("shape", SHAPES)
def test_the_first_step_is_adams_on_length_and_direction(shape):
    weight = nn.Parameter(drawn(*shape))
    before, magnitude = weight.detach().clone(), row_norms(weight.detach())
    gradient = drawn(*shape, seed=3)
    d_magnitude, d_direction = split_gradient(gradient, before, magnitude, magnitude)
    optimiser = train(weight, n_steps=1, gradient=gradient, rank=100, scale=1.0)
    state = optimiser.state[weight]
    assert torch.allclose(state["magnitude"], magnitude - 0.02 * d_magnitude.sign(), atol=2e-5)
    small = d_direction @ state["basis"].T if shape[0] >= shape[1] else state["basis"].T @ d_direction
    signs = small / (small.abs() + 1e-6 / 0.001**0.5)
    back = signs @ state["basis"] if shape[0] >= shape[1] else state["basis"] @ signs
    assert torch.allclose(direction(weight, optimiser), before - 0.02 * back, atol=2e-5)


def test_the_length_accumulates_over_steps(weight):
    # The reference sets it back to the norm of the direction at every step.
    before = weight.detach().clone()
    optimiser = train(weight, n_steps=5, gradient=before / row_norms(before))  # along the rows: lengths alone
    magnitude = optimiser.state[weight]["magnitude"]
    assert torch.allclose(magnitude, row_norms(before) - 5 * 0.02, atol=1e-3)
    assert torch.allclose(row_norms(weight.detach()), magnitude, atol=1e-6)


def test_the_weight_itself_moves_and_keeps_to_its_length_and_direction(weight):
    # One class of the reference trains copies of its own.
    before = weight.detach().clone()
    state = train(weight).state[weight]
    assert not torch.allclose(weight, before, atol=1e-2)
    assert torch.allclose(row_norms(weight.detach()), state["magnitude"].abs(), rtol=1e-5)


def test_no_copy_of_the_weight_is_kept():
    # The reference keeps one of V.
    weight = nn.Parameter(drawn(64, 48))
    state = train(weight).state[weight]
    assert sum(value.numel() for value in state.values()) == 2 * 48 + 2 * 2 * 64 + 4 * 64 + 1 < weight.numel()
    assert all(isinstance(value, torch.Tensor) for value in state.values())


def test_a_length_that_passes_zero_turns_the_row_and_not_its_direction():
    weight = nn.Parameter(torch.tensor([[0.6, 0.8], [3.0, 4.0]]))
    optimiser = train(weight, n_steps=5, lr=0.3, gradient=torch.tensor([[0.6, 0.8], [0.0, 0.0]]))
    assert optimiser.state[weight]["magnitude"][0] == pytest.approx(1 - 5 * 0.3, abs=1e-3)
    start = torch.tensor([0.6, 0.8])
    assert weight[0] @ start < -0.99 * 0.5
    assert direction(weight, optimiser)[0] @ start > 0.99


def test_a_length_that_meets_zero_does_not_forget_the_direction():
    weight = nn.Parameter(torch.tensor([[0.6, 0.8], [3.0, 4.0]]))
    optimiser = GradNormLorpAdam([{"params": [weight], **PROJECTED, "weight_decay": 50.0}])  # lr decay = 1
    weight.grad = torch.zeros_like(weight)
    optimiser.step()
    assert torch.allclose(direction(weight, optimiser), torch.tensor([[0.6, 0.8], [3.0, 4.0]]), atol=1e-6)


def test_a_row_of_zeros_stays_and_spoils_no_other(weight):
    with torch.no_grad():
        weight[1] = 0
    gradient = drawn(*weight.shape, seed=3)
    train(weight, n_steps=7, gradient=gradient)
    assert not weight[1].any()
    assert weight.isfinite().all()


def test_decay_shortens_the_rows_as_it_would_without_the_split(weight):
    other = nn.Parameter(weight.detach().clone())
    train(weight, n_steps=1)
    train(other, n_steps=1, weight_decay=0.5)
    assert torch.allclose(other, weight * (1 - 0.02 * 0.5), atol=1e-6)


def test_a_gap_that_never_ends_gives_other_weights_than_one_that_does(weight):
    other = nn.Parameter(weight.detach().clone())
    train(weight, n_steps=8)
    train(other, n_steps=8, update_gap=10**9)
    assert not torch.allclose(weight, other, atol=1e-3)

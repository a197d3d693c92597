import json
from pathlib import Path

import pytest
import torch
from torch import nn

from tain.methods.galore import GaloreAdam

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "galore.json").read_text())
PROJECTED = {"rank": 2, "update_gap": 3, "scale": 0.5, "moments": "float32", "lr": 0.1}


def matrix(rows, columns, seed=0):
    return nn.Parameter(torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)))


def path_of(weight, *, n_steps=8, **settings):
    """The weights after each step towards zero, along gradients of rank above that of the projection."""
    optimiser = GaloreAdam([{"params": [weight], **PROJECTED, **settings}])
    slopes = torch.rand(weight.shape, generator=torch.Generator().manual_seed(5)) + 0.5
    path = [weight.detach().clone()]
    for _ in range(n_steps):
        weight.grad = slopes * weight.detach()
        optimiser.step()
        path.append(weight.detach().clone())
    return path, optimiser


@pytest.mark.parametrize("run", GOLDEN["runs"])
@pytest.mark.parametrize("name", ["tall", "wide"])
def test_every_step_equals_galore_torch(run, name):
    problem = {part: torch.tensor(value) for part, value in GOLDEN["problem"][name].items()}
    weight = nn.Parameter(problem["start"].clone())
    group = {"params": [weight], **GOLDEN["settings"], "update_gap": GOLDEN["gaps"][run], "moments": "float32"}
    optimiser = GaloreAdam([group])
    for rate, expected in zip(GOLDEN["rates"], GOLDEN["runs"][run][name], strict=True):
        optimiser.param_groups[0]["lr"] = rate
        weight.grad = problem["curvature"] * (weight.detach() - problem["target"])
        optimiser.step()
        assert torch.allclose(weight, torch.tensor(expected), atol=2e-6, rtol=0)


def test_the_two_golden_runs_part_at_the_second_basis():
    first, second = (GOLDEN["runs"][run]["tall"] for run in ("one_basis", "new_bases"))
    gap = GOLDEN["gaps"]["new_bases"]
    assert torch.allclose(torch.tensor(first[:gap]), torch.tensor(second[:gap]), atol=1e-6)
    assert not torch.allclose(torch.tensor(first[gap]), torch.tensor(second[gap]), atol=1e-3)


@pytest.mark.parametrize("shape", [(9, 6), (6, 9)])
@pytest.mark.parametrize("moments", ["float32", "8bit"])
def test_between_two_bases_the_weights_move_in_few_directions_and_over_several_in_more(shape, moments):
    path, _ = path_of(matrix(*shape), moments=moments)
    assert torch.linalg.matrix_rank(path[3] - path[0], tol=1e-5) == 2
    assert torch.linalg.matrix_rank(path[6] - path[3], tol=1e-5) == 2
    assert torch.linalg.matrix_rank(path[6] - path[0], tol=1e-4) > 2


def test_a_gap_that_never_ends_gives_other_weights_than_one_that_does():
    never, sometimes = path_of(matrix(9, 6), update_gap=10**9)[0], path_of(matrix(9, 6))[0]
    assert torch.equal(never[3], sometimes[3])
    assert not torch.allclose(never[8], sometimes[8], atol=1e-3)


def test_the_moments_have_the_small_shape_and_all_state_is_tensors():
    for shape, small in (((9, 6), (9, 2)), ((6, 9), (2, 9))):
        state = path_of(weight := matrix(*shape))[1].state[weight]
        assert state["exp_avg"].shape == state["exp_avg_sq"].shape == small
        assert all(isinstance(value, torch.Tensor) for value in state.values())
        assert state["step"] == 8


def test_scale_and_rate_count_only_as_their_product():
    one = path_of(matrix(9, 6), scale=4.0, lr=0.01)[0]
    other = path_of(matrix(9, 6), scale=1.0, lr=0.04)[0]
    assert torch.allclose(one[-1], other[-1], atol=1e-5)


def test_weights_decay_after_the_step_by_rate_times_decay():
    plain = path_of(matrix(9, 6), n_steps=1)[0][1]
    decayed = path_of(matrix(9, 6), n_steps=1, weight_decay=0.5)[0][1]
    assert torch.allclose(decayed, plain * (1 - 0.1 * 0.5))


def test_moments_of_8_bits_lead_close_to_where_whole_ones_do():
    whole, rounded = path_of(matrix(40, 30), n_steps=20)[0], path_of(matrix(40, 30), n_steps=20, moments="8bit")[0]
    way = (whole[-1] - whole[0]).norm()
    assert 0 < (whole[-1] - rounded[-1]).norm() < 0.1 * way


def test_a_group_without_a_rank_takes_torchs_own_adamw():
    ours, theirs = matrix(3, 4), matrix(3, 4)
    settings = {"lr": 0.01, "weight_decay": 0.1}
    optimisers = [GaloreAdam([{"params": [ours], **settings}]), torch.optim.AdamW([theirs], **settings)]
    for seed in range(5):
        for parameter, optimiser in zip((ours, theirs), optimisers, strict=True):
            parameter.grad = matrix(3, 4, seed).detach()
            optimiser.step()
    assert torch.equal(ours, theirs)


def test_a_parameter_without_a_gradient_stays_and_a_closure_is_heard():
    weight = matrix(4, 3)
    before = weight.detach().clone()
    optimiser = GaloreAdam([{"params": [weight], **PROJECTED}])
    optimiser.step()
    assert torch.equal(weight, before) and not optimiser.state

    def closure():
        loss = weight.square().sum()
        loss.backward()
        return loss.item()

    assert optimiser.step(closure) == pytest.approx(before.square().sum().item())
    assert not torch.equal(weight, before)

"""Codebooks, packing, double quantisation and the decomposition: sizes, errors and what is best."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from tain.core.errors import MethodError
from tain.methods.quantised import (
    Layout,
    QuantisedLinear,
    allocate,
    candidates,
    decompose,
    dequantise,
    normal_float,
    quantise,
)
from tain.methods.quantised.blockwise import round_trip
from tain.methods.quantised.budget import front
from tain.methods.quantised.layout import grid
from tain.methods.quantised.linear import packed_from
from tain.methods.quantised.packing import pack, unpack

GOLDEN = Path(__file__).parents[2] / "golden" / "bitsandbytes_nf4.json"
NF2 = [-1, 0, 0.3379, 1]
NF3 = [-1, -0.4786, -0.2171, 0, 0.1609, 0.3379, 0.5626, 1]


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def planted(size=128, rank=8):
    """Noise as weights are, and a part of low rank that stands out of it."""
    return 0.05 * random(size, size) + 0.1 * random(size, rank, seed=1) @ random(rank, size, seed=2)


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text())


def test_nf4_is_the_codebook_of_bitsandbytes(golden):
    for name in ("codebook", "normal_map"):
        assert normal_float(4).tolist() == pytest.approx(golden[name], abs=1e-4)


def test_nf4_values_are_those_of_bitsandbytes(golden):
    # Eight bits for each scale, one group for each block: scales as good as exact.
    ours = round_trip(torch.tensor(golden["weight"]), Layout(4, 8, "float32", golden["block"], 1))
    torch.testing.assert_close(ours, torch.tensor(golden["dequantised"]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("bits", "levels"), [(2, NF2), (3, NF3)])
def test_small_codebooks_have_the_published_levels(bits, levels):
    assert normal_float(bits).tolist() == pytest.approx(levels, abs=1e-4)


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_a_codebook_rises_from_minus_one_to_one_through_zero(bits):
    levels = normal_float(bits)
    assert len(levels) == 2**bits
    assert (levels.diff() > 0).all()
    assert {-1.0, 0.0, 1.0} <= set(levels.tolist())


def test_other_numbers_of_bits_have_no_codebook():
    with pytest.raises(ValueError, match=r"5 bits; expected one of \(2, 3, 4, 8\)"):
        normal_float(5)


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 1001])
def test_packed_codes_come_back_and_take_no_more_than_their_bits(bits, n):
    codes = torch.randint(0, 2**bits, (n,), generator=torch.Generator().manual_seed(n)).to(torch.uint8)
    packed = pack(codes, bits)
    assert packed.untyped_storage().nbytes() == -(-n * bits // 8)
    assert torch.equal(unpack(packed, bits, n), codes.int())


def test_the_packed_bytes_are_the_published_formula():
    weight = random(128, 128)
    for layout in grid():
        stored = quantise(weight, layout).n_bytes
        formula = layout.bits + layout.scale_bits / layout.block
        formula += {"float32": 32, "bfloat16": 16, "float16": 16}[layout.constant] / (layout.block * layout.group)
        assert layout.bits_per_weight == formula
        assert 8 * stored == formula * weight.numel() + 32, layout
    assert Layout(4).bits_per_weight == pytest.approx(4.127, abs=5e-4)
    assert Layout(3).bits_per_weight == pytest.approx(3.127, abs=5e-4)


@pytest.mark.parametrize("shape", [(7, 11), (1, 1), (5, 13), (3, 64), (17, 241)])
def test_matrices_of_any_size_are_stored_and_counted(shape):
    weight = random(*shape)
    for layout in (Layout(2), Layout(3, 3, "bfloat16", 16, 16), Layout(4, 2, "float16", 32, 64), Layout(8)):
        packed = quantise(weight, layout)
        assert packed.n_bytes == layout.stored_bytes(weight.numel())
        assert dequantise(packed).shape == shape
        assert torch.equal(dequantise(packed), round_trip(weight, layout))


def test_each_weight_goes_to_the_nearest_value_that_can_be_stored():
    weight = random(4, 64)
    layout = Layout(3, 3, "bfloat16", 16, 4)
    found = round_trip(weight, layout)
    scales = found.view(-1, 16).abs().amax(1)
    best = (weight.view(-1, 16, 1) - normal_float(3) * scales[:, None, None]).abs().amin(-1)
    assert ((weight - found).abs().view(-1, 16) <= best + 1e-6)[scales > 0].all()


def test_zeros_and_tiny_and_huge_weights_survive():
    weight = torch.cat([torch.zeros(2, 64), 1e-30 * random(2, 64), 1e6 * random(2, 64)])
    for constant in ("float32", "bfloat16", "float16"):
        found = round_trip(weight, Layout(4, 8, constant, 16, 4))
        assert torch.isfinite(found).all()
        assert not found[:2].any()


def test_more_bits_and_smaller_blocks_lose_less():
    weight = random(64, 64)

    def error(layout):
        return float((round_trip(weight, layout) - weight).norm())

    errors = [error(Layout(bits)) for bits in (2, 3, 4, 8)]
    assert errors == sorted(errors, reverse=True)
    assert error(Layout(3, 8, "float32", 16, 16)) < error(Layout(3, 8, "float32", 64, 16))


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_by_turns_is_no_worse_than_once_and_once_than_not_at_all(bits):
    weight = planted()
    errors = {way: decompose(weight, Layout(bits), rank=8, start=way).error for way in ("lq", "residual", "zero")}
    assert errors["lq"] < errors["residual"] < errors["zero"]


def test_the_best_turn_is_kept_though_the_error_rises_after_it():
    # At two bits the alternation passes its best turn; the authors' code returns the one after.
    found = decompose(planted(), Layout(2), rank=8)
    assert found.errors[-1] > found.error == min(found.errors)
    assert list(found.best_so_far) == sorted(found.best_so_far, reverse=True)
    measured = planted() - dequantise(found.packed) - found.left @ found.right
    assert float(measured.norm()) == pytest.approx(found.error, rel=1e-5)


def test_the_error_falls_with_rank():
    errors = [decompose(planted(), Layout(3), rank=rank).error for rank in (0, 2, 4, 8, 16)]
    assert errors == sorted(errors, reverse=True)


def test_the_low_rank_part_is_nearly_the_best_there_is():
    weight = planted()
    found = decompose(weight, Layout(3), rank=8)
    rest = weight - dequantise(found.packed)
    assert found.error <= 1.001 * float(torch.linalg.svdvals(rest)[8:].norm())


def weighted_norm(found, weight, importance):
    gap = weight - dequantise(found.packed) - found.left @ found.right
    return float((importance * gap.square()).sum().sqrt())


def test_weighted_beats_unweighted_in_the_weighted_norm():
    weight = planted()
    importance = random(128, 1, seed=3).abs() ** 3 * random(1, 128, seed=4).abs() ** 3
    weighted, plain = (decompose(weight, Layout(2), rank=8, importance=each) for each in (importance, None))
    assert weighted.error == pytest.approx(weighted_norm(weighted, weight, importance), rel=1e-4)
    assert weighted.error < 0.95 * weighted_norm(plain, weight, importance)
    assert plain.error < decompose(weight, Layout(2), rank=8, importance=torch.ones_like(weight)).error * 1.01


@pytest.mark.parametrize("value", [1.0, 1e-12, 300.0])
def test_a_constant_importance_changes_nothing(value):
    weight = planted(64, 4)
    plain = decompose(weight, Layout(3), rank=4, n_iterations=3)
    same = decompose(weight, Layout(3), rank=4, n_iterations=3, importance=torch.full_like(weight, value))
    torch.testing.assert_close(same.left @ same.right, plain.left @ plain.right, atol=1e-4, rtol=1e-3)
    assert same.error == pytest.approx(value**0.5 * plain.error, rel=1e-3)


def test_rows_without_importance_do_no_harm():
    weight, importance = planted(64, 4), torch.ones(64, 64)
    importance[:8] = 0
    for each in (importance, torch.zeros(64, 64)):
        found = decompose(weight, Layout(3), rank=4, importance=each)
        assert torch.isfinite(found.left).all() and torch.isfinite(found.right).all()


def test_the_same_seed_gives_the_same_bits():
    first, second = (decompose(planted(), Layout(3), rank=4, seed=5) for _ in range(2))
    assert torch.equal(first.packed.codes, second.packed.codes)
    assert torch.equal(first.left, second.left)


def test_a_rank_above_the_smaller_side_is_refused():
    with pytest.raises(MethodError, match=r"method.rank is 9, above the smaller side of a matrix of \(8, 64\)"):
        decompose(random(8, 64), Layout(4), rank=9)


def test_weights_that_are_not_finite_are_refused():
    with pytest.raises(MethodError, match="not finite"):
        decompose(torch.full((4, 4), torch.nan), Layout(4), rank=1)


def layer_of(weight, *, rank=4, bits=3, bias=True, scaling=2.0):
    found = decompose(weight, Layout(bits), rank=rank)
    offset = torch.nn.Parameter(random(len(weight), seed=7), requires_grad=False) if bias else None
    return QuantisedLinear(found.packed, bias=offset, left=found.left, right=found.right, scaling=scaling)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rank", [0, 4])
def test_a_quantised_layer_computes_what_the_formula_says(bias, rank):
    layer, inputs = layer_of(random(24, 40), rank=rank, bias=bias), random(5, 3, 40, seed=8)
    dense = dequantise(layer.packed)
    if rank:
        dense = dense + 2.0 * layer.lora_B @ layer.lora_A
    expected = inputs @ dense.T + (layer.bias if bias else 0)
    torch.testing.assert_close(layer(inputs), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(layer.dense()(inputs), expected, atol=1e-5, rtol=1e-5)


def test_gradients_are_those_of_the_dense_layer():
    layer, inputs = layer_of(random(24, 40)), random(6, 40, seed=8).requires_grad_()
    layer(inputs).square().sum().backward()
    found = [inputs.grad.clone(), layer.lora_A.grad.clone(), layer.lora_B.grad.clone()]
    inputs.grad = layer.lora_A.grad = layer.lora_B.grad = None
    dense = dequantise(layer.packed) + 2.0 * layer.lora_B @ layer.lora_A
    functional.linear(inputs, dense, layer.bias).square().sum().backward()
    for ours, expected in zip(found, (inputs.grad, layer.lora_A.grad, layer.lora_B.grad), strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-3, rtol=1e-4)


def test_no_dense_weight_is_kept_for_the_backward_pass():
    layer, kept = layer_of(random(24, 40)), []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor.shape) or tensor, lambda x: x):
        layer(random(6, 40).requires_grad_())
    assert torch.Size([24, 40]) not in kept and torch.Size([40, 24]) not in kept


def test_gradients_of_single_texts_come_through_vmap():
    layer, inputs = layer_of(random(8, 16)), random(3, 16, seed=8)
    each = torch.func.vmap(torch.func.grad(lambda row: layer(row).square().sum()))(inputs)
    alone = torch.stack([torch.func.grad(lambda row: layer(row).square().sum())(row) for row in inputs])
    torch.testing.assert_close(each, alone)


def test_a_cast_of_the_network_leaves_the_bits_alone():
    layer = layer_of(random(24, 40))
    before = {name: part.clone() for name, part in layer.tensors().items()}
    layer.to(torch.bfloat16)
    assert all(torch.equal(part, before[name]) for name, part in layer.tensors().items())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer.float()(random(2, 40)).dtype == torch.bfloat16


def test_stored_parts_that_do_not_fit_are_named():
    tensors = layer_of(random(24, 40)).tensors()
    with pytest.raises(ValueError, match=r"codes has \(360,\) bytes, expected 375 for \(25, 40\)"):
        packed_from(tensors, (25, 40))
    with pytest.raises(ValueError, match="scales missing"):
        packed_from({name: part for name, part in tensors.items() if name != "scales"}, (24, 40))
    with pytest.raises(ValueError, match=r"\[5, 8, 0, 64, 256\] is no layout"):
        packed_from({**tensors, "layout": torch.tensor([5, 8, 0, 64, 256])}, (24, 40))


def test_a_layout_survives_as_a_tensor():
    for layout in grid():
        assert Layout.from_tensor(layout.as_tensor()) == layout


def brute_force(costs, bits, budget):
    every = itertools.product(range(costs.shape[1]), repeat=len(costs))
    rows = range(len(costs))
    return min(costs[rows, each].sum() for each in every if bits[rows, each].sum() <= budget)


@pytest.mark.parametrize("seed", range(20))
def test_the_program_finds_what_brute_force_finds(seed):
    rng = np.random.default_rng(seed)
    costs, bits = rng.random((3, 4)), rng.integers(10, 100, (3, 4))
    budget = int(bits.min(axis=1).sum() + rng.integers(0, 120))
    found = allocate(costs, bits, budget=budget)
    assert found.cost == pytest.approx(brute_force(costs, bits, budget), rel=1e-6)
    assert len(found.layouts) == 3
    assert found.n_bits == bits[range(3), found.layouts].sum() <= budget


def test_the_program_is_never_worse_than_one_layout_for_all():
    rng = np.random.default_rng(0)
    bits = np.sort(rng.integers(10, 1000, (6, 8)), axis=1)
    costs = -np.sort(-rng.random((6, 8)), axis=1) * 10.0 ** rng.integers(-6, 6, (6, 1))
    for column in range(8):
        assert allocate(costs, bits, budget=int(bits[:, column].sum())).cost <= costs[:, column].sum()


def test_a_larger_budget_never_costs_more():
    rng = np.random.default_rng(1)
    costs, bits = rng.random((5, 6)), rng.integers(10, 100, (5, 6))
    least = int(bits.min(axis=1).sum())
    found = [allocate(costs, bits, budget=least + more).cost for more in range(0, 300, 25)]
    assert found == sorted(found, reverse=True)


def test_a_budget_below_the_smallest_layouts_is_refused():
    with pytest.raises(MethodError, match="A budget of 5 bits cannot be met: the smallest layouts take 6 already"):
        allocate(np.ones((2, 2)), np.array([[3, 4], [3, 9]]), budget=5)


def test_the_front_holds_what_nothing_beats():
    costs, bits = np.array([5.0, 3.0, 4.0, 1.0, 3.0]), np.array([1, 2, 3, 4, 2])
    assert front(costs, bits) in ([0, 1, 3], [0, 4, 3])


def test_candidates_hold_the_whole_numbers_and_reach_both_ends():
    found = candidates(6)
    assert found[:4] == (Layout(2), Layout(3), Layout(4), Layout(8))
    assert min(each.bits_per_weight for each in found) == pytest.approx(2.032, abs=1e-3)
    assert max(each.bits_per_weight for each in found) > 8.5

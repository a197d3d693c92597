import pytest
import torch

from tain.methods.eight_bit import BLOCK, dequantise, dynamic_levels, quantise

CPU = torch.device("cpu")


def numbers(*shape, signed=True):
    values = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    return values if signed else values.square()


@pytest.mark.parametrize("signed", [True, False])
def test_there_are_256_levels_closest_near_zero(signed):
    levels = dynamic_levels(signed, CPU)
    assert len(levels.unique()) == 256
    assert {0.0, 1.0} <= set(levels.tolist())
    assert (levels.min() < 0) == signed
    positive = levels[levels > 0]
    assert positive.min() < 1e-6
    gaps = positive.diff()
    assert gaps[-2] == pytest.approx(0.9 / (64 if signed else 128), rel=1e-3)
    assert gaps[0] < 1e-5


@pytest.mark.parametrize(("signed", "bound"), [(True, 0.00704), (False, 0.00352)])
def test_the_error_is_within_half_the_widest_gap_of_each_blocks_scale(signed, bound):
    values = numbers(40, 33, signed=signed) * torch.logspace(-6, 3, 40)[:, None]
    codes, scales = quantise(values, signed=signed)
    error = (dequantise(codes, scales, signed=signed) - values).abs().flatten()
    blocks = torch.nn.functional.pad(error, (0, -len(error) % BLOCK)).view(-1, BLOCK)
    assert (blocks.amax(dim=1) <= bound * scales).all()


@pytest.mark.parametrize("signed", [True, False])
def test_small_numbers_keep_their_size_beside_large_ones(signed):
    # In 255 even steps of 1/127 they would all be nothing.
    values = torch.cat([torch.ones(1), torch.logspace(-4, -1, 100)])
    codes, scales = quantise(values, signed=signed)
    assert ((dequantise(codes, scales, signed=signed) - values).abs() / values).max() < 0.3


def test_a_number_costs_a_byte_and_a_block_a_scale():
    codes, scales = quantise(numbers(10, 77), signed=True)
    assert codes.dtype == torch.uint8 and codes.shape == (10, 77)
    assert scales.dtype == torch.float32 and scales.shape == (4,)  # 770 numbers


@pytest.mark.parametrize("size", [1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_the_largest_of_each_block_and_zeros_are_kept_exactly(size):
    values = numbers(size, signed=False) + 0.1
    values[0], largest = 0.0 if size > 1 else values[0], values.argmax()
    found = dequantise(*quantise(values, signed=False), signed=False)
    assert found[largest] == values[largest]
    assert found[0] == 0 or size == 1


def test_a_block_of_zeros_stays_one():
    assert not dequantise(*quantise(torch.zeros(300), signed=True), signed=True).any()


def test_a_second_moment_that_is_not_zero_is_never_stored_as_zero():
    values = torch.tensor([1.0, 1e-12, 0.0])
    found = dequantise(*quantise(values, signed=False), signed=False)
    assert found[1] > 0 and found[2] == 0


def test_rounding_again_changes_nothing():
    codes, scales = quantise(numbers(300, signed=False), signed=False)
    again = quantise(dequantise(codes, scales, signed=False), signed=False)
    assert torch.equal(again[0], codes) and torch.equal(again[1], scales)

import pytest
import torch
from torch import nn

from tain.training.optimiser_bytes import optimiser_bytes


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda p: torch.optim.SGD(p), 0),
        (lambda p: torch.optim.SGD(p, momentum=0.9), 4 * 15),
        (lambda p: torch.optim.AdamW(p), 2 * 4 * 15 + 2 * 4),
        (lambda p: torch.optim.AdamW(p, amsgrad=True), 3 * 4 * 15 + 2 * 4),
    ],
)
def test_they_are_those_of_all_tensors_in_the_state(make, expected):
    layer = nn.Linear(4, 3)
    optimiser = make(layer.parameters())
    assert optimiser_bytes(optimiser) == 0
    layer(torch.ones(2, 4)).sum().backward()
    optimiser.step()
    assert optimiser_bytes(optimiser) == expected


def test_half_precision_counts_half_and_accelerates_wrapper_counts_nothing():
    from accelerate import Accelerator

    layer = nn.Linear(4, 3).bfloat16()
    optimiser = Accelerator(cpu=True).prepare(torch.optim.SGD(layer.parameters(), momentum=0.9))
    layer(torch.ones(2, 4, dtype=torch.bfloat16)).sum().backward()
    optimiser.step()
    assert optimiser_bytes(optimiser) == 2 * 15

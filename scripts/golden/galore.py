"""Make tests/golden/galore.json: the weights of two matrices after each step of galore-torch.

pip install --target PEERS --no-deps galore-torch==1.0
PYTHONPATH=PEERS python scripts/golden/galore.py

A tall and a wide matrix W fall towards a target along G = curvature * (W - target), entry by entry. `one_basis` is the
package as it is. In `new_bases` its SVD gets the signs that tain gives a basis, largest entry positive: LAPACK is free
in them, and what Adam remembers in an old basis is read in the new one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

FILE = Path(__file__).parents[2] / "tests" / "golden" / "galore.json"
SHAPES = {"tall": (6, 4), "wide": (3, 7)}
SETTINGS = {"rank": 2, "scale": 0.5, "weight_decay": 0.1}
PARTS = ("start", "target", "curvature")
RATES = [0.1, 0.2, 0.2, 0.15, 0.1, 0.05, 0.05, 0.025]
GAPS = {"one_basis": 1000, "new_bases": 3}


def main() -> None:
    """Write the file."""
    torch.manual_seed(0)
    problem = {
        name: {part: torch.rand(shape) + (0.5 if part == "curvature" else -0.5) for part in PARTS}
        for name, shape in SHAPES.items()
    }
    runs = {"one_basis": run(problem, GAPS["one_basis"])}
    with signed_svd():
        runs["new_bases"] = run(problem, GAPS["new_bases"])
    lists = {name: {part: value.tolist() for part, value in parts.items()} for name, parts in problem.items()}
    golden = {"settings": SETTINGS, "rates": RATES, "gaps": GAPS, "problem": lists, "runs": runs}
    FILE.write_text(json.dumps(golden) + "\n", encoding="utf-8")


def run(problem: dict[str, dict[str, torch.Tensor]], gap: int) -> dict[str, list[Any]]:
    """The weights after every step, by matrix."""
    weights = {name: torch.nn.Parameter(parts["start"].clone()) for name, parts in problem.items()}
    settings = {"rank": SETTINGS["rank"], "scale": SETTINGS["scale"], "update_proj_gap": gap, "proj_type": "std"}
    optimiser = peer()(
        [{"params": list(weights.values()), **settings}],
        weight_decay=SETTINGS["weight_decay"],
        no_deprecation_warning=True,
    )
    path: dict[str, list[Any]] = {name: [] for name in weights}
    for rate in RATES:
        optimiser.param_groups[0]["lr"] = rate
        for name, weight in weights.items():
            parts = problem[name]
            weight.grad = parts["curvature"] * (weight.detach() - parts["target"])
        optimiser.step()
        for name, weight in weights.items():
            path[name].append(weight.tolist())
    return path


def peer() -> Any:  # noqa: ANN401 (the package has no types)
    """The package's AdamW. Its 8-bit one, imported beside it, wants bitsandbytes, which nothing here uses."""
    stub = ModuleType("bitsandbytes.optim.optimizer")
    stub.Optimizer2State = object  # type: ignore[attr-defined]
    for name in ("bitsandbytes", "bitsandbytes.optim"):
        sys.modules.setdefault(name, ModuleType(name))
    sys.modules.setdefault(stub.__name__, stub)
    from galore_torch import GaLoreAdamW

    return GaLoreAdamW


@contextmanager
def signed_svd() -> Iterator[None]:
    """Let torch's SVD make the largest entry positive in each vector of the shorter side."""
    plain = torch.linalg.svd

    def signed(matrix: torch.Tensor, *, full_matrices: bool) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        left, values, right = plain(matrix, full_matrices=full_matrices)
        vectors = right if matrix.shape[0] >= matrix.shape[1] else left.T
        signs = torch.stack([vector[vector.abs().argmax()].sign() for vector in vectors])
        return left * signs, values, right * signs[:, None]

    torch.linalg.svd = signed
    try:
        yield
    finally:
        torch.linalg.svd = plain


if __name__ == "__main__":
    main()

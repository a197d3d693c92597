"""How far MiniLM's matrices are from what LQ-LoRA and its comparisons keep of them, before anything is trained.

    python scripts/studies/tuning/quantised_errors.py build/studies/lq-lora/errors.md

Each method of lq_lora.toml that quantises: bits of a weight as they are stored, adapters aside, and the Frobenius norm
of what is lost over all matrices as a share of theirs. Beside them the same budgets without a low-rank part.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from tain.core.example import DETECTION
from tain.core.files import whole_file
from tain.methods import build_method
from tain.methods.lq_lora import LqLora, quantised_layers
from tain.models import load_backbone
from tain.recipes.studies.markdown_table import markdown_table

STUDY = Path(__file__).with_name("lq_lora.toml")
HEAD = ("method", "bits stored", "lost, rank 8", "lost, rank 0")


def row(name: str, settings: dict[str, Any]) -> tuple[str, ...]:
    bits, lost = measured(settings)
    # What starts at nothing is no better for its rank.
    alone = lost if settings.get("init") == "zero" else measured(settings | {"rank": 0})[1]
    return name, f"{bits:.3f}", f"{lost:.4f}", f"{alone:.4f}"


def measured(settings: dict[str, Any]) -> tuple[float, float]:
    method = build_method(settings)
    assert isinstance(method, LqLora)
    layers = quantised_layers(method.prepare(load_backbone("minilm", DETECTION), seed=0)).values()
    n_bits = 8 * sum(layer.packed.n_bytes for layer in layers)
    return n_bits / sum(layer.out_features * layer.in_features for layer in layers), method.error


def main(output: Path) -> None:
    methods = tomllib.loads(STUDY.read_text())["methods"]
    rows = [row(each["name"], each["method"]) for each in methods if each["method"]["kind"] == "lq_lora"]
    with whole_file(output) as part:
        part.write_text(markdown_table(HEAD, rows, words={"method"}) + "\n", encoding="utf-8")
    print(output.read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]))

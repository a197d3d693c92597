"""Write what bitsandbytes holds for NF4, and what it makes of one matrix, as golden values for our own codebook.

pip install --target PEERS bitsandbytes --no-deps
PYTHONPATH=PEERS python scripts/golden/bitsandbytes_nf4.py tests/golden/bitsandbytes_nf4.json
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import torch
from bitsandbytes.functional import create_normal_map, dequantize_4bit, get_4bit_type, quantize_4bit

BLOCK = 64
SHAPE = (4, 64)


def main(output: Path) -> None:
    codebook = get_4bit_type("nf4", device="cpu")
    weight = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))
    packed, state = quantize_4bit(weight, blocksize=BLOCK, quant_type="nf4")
    value = {
        "made_by": f"bitsandbytes {version('bitsandbytes')}",
        "codebook": codebook.tolist(),
        "normal_map": create_normal_map().unique().tolist(),
        "block": BLOCK,
        "weight": weight.tolist(),
        "dequantised": dequantize_4bit(packed, state).tolist(),
    }
    output.write_text(json.dumps(value) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

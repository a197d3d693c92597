"""Run the study of Text-to-LoRA, or what is missing of it; a run that was stopped goes on where it was.

python scripts/studies/text_to_lora/run.py --output build/studies/text-to-lora
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from tain.recipes.suite.configuration import read_suite
from tain.recipes.suite.study import Form, Study, plan

SUITE = Path(__file__).with_name("suite.toml")
SEEDS: tuple[int, ...] = (0, 1, 2)
FORMS: tuple[Form, ...] = ("L", "M", "S")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", type=Path, default=SUITE)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="Arms, such as oracle or supervised; all without it.")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    study = Study(read_suite(asked.suite), asked.output, tell=lambda line: print(line, file=sys.stderr, flush=True))
    study.run(cell for cell in plan(SEEDS, FORMS) if not asked.only or cell.arm in asked.only)


if __name__ == "__main__":
    main()

"""Read 32 LoRA classifiers in one batch: benchmarks/adapters/run.py [DATA] writes results/<version>.json.

OPENBLAS_NUM_THREADS=1 python benchmarks/adapters/run.py        all of it, about eight minutes on one core
OPENBLAS_NUM_THREADS=1 python benchmarks/adapters/run.py --n-rounds 3
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from forms import FormNetwork, GatheredForm, StackedForm, flora
from numpy.typing import NDArray
from peft import PeftModel

import tain
from tain.core.example import DETECTION
from tain.detector.light_bert import load_light_bert
from tain.methods import build_method
from tain.methods.method import is_head
from tain.methods.mixed.adapter import Adapter, LinearChange
from tain.methods.mixed.network import MixedNetwork
from tain.methods.mixed.reading import read_adapter
from tain.models import collate, load_backbone, logits_of
from tain.models.presets import find_base
from tain.serving.adapters.folder import AdapterFolder
from tain.serving.adapters.opening import Opener
from tain.training.classifier import Classifier, load_classifier, read_description, write_classifier

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data" / "dev" / "detectrl.parquet"
N_ADAPTERS, RANK, SCALE = 32, 8, 0.05
REGIMES = {  # adapters, rows of each, most tokens of a row; the first fills a batch of the server, 4096 tokens
    "32 adapters, pages": (32, 1, 128),
    "32 adapters, sentences": (32, 1, 32),
    "4 adapters, paragraphs": (4, 8, 64),
}
ONE_PASS = 1 << 20
PARTS = ("gaps", "loading", "regimes", "layer")
Rows = list[list[int]]


def make_adapters(folder: Path, rows: Rows) -> NDArray[np.float32]:
    """32 classifiers with random A, B and heads, and what each answers to its own row when it is merged."""
    backbone, method = load_backbone("minilm", DETECTION, pooling="mean"), build_method({"kind": "lora", "rank": RANK})
    model = method.prepare(backbone, seed=0).eval()
    answers = []
    for index in range(N_ADAPTERS):
        generator = torch.Generator().manual_seed(index)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if parameter.requires_grad:
                    drawn = torch.randn(parameter.shape, generator=generator)
                    parameter.copy_(drawn if is_head(name) else drawn * SCALE)
        classifier = Classifier(backbone, method, model, 256)
        probe = [rows[index][:32]]
        (folder / f"{index:02}").mkdir(parents=True)
        write_classifier(classifier, folder / f"{index:02}", rows=probe, logits=classifier.logits(probe))
        answers.append(classifier.merge().logits([rows[index]])[0])
    return np.stack(answers)


def arms(
    folder: Path, network: MixedNetwork, adapters: Sequence[Adapter]
) -> dict[str, Callable[[Rows, list[int]], Any]]:
    """What is timed, by name: from rows and the adapter of each to logits. Rows of an adapter stand together."""
    names = [f"{index:02}" for index in range(N_ADAPTERS)]
    merged = load_classifier(folder / "00").merge()
    light = load_light_bert(folder / "00", read_description(folder / "00"), Path(find_base("minilm")))
    assert light is not None
    stock = load_backbone("minilm", DETECTION, pooling="mean")
    peft = PeftModel.from_pretrained(stock.model, str(folder / "00"), adapter_name="00")
    for name in names[1:]:
        peft.load_adapter(str(folder / name), adapter_name=name)
    peft.eval()
    gathered, stacked = (
        FormNetwork(load_backbone("minilm", DETECTION, pooling="mean"), adapters, form)
        for form in (GatheredForm, StackedForm)
    )

    def by_peft(rows: Rows, owners: list[int], *, is_mixed: bool) -> torch.Tensor:
        batch: dict[str, Any] = dict(collate(rows, pad_id=0))
        if is_mixed:
            batch["adapter_names"] = [names[owner] for owner in owners]
        with torch.inference_mode():
            return logits_of(peft, batch)

    def apart(rows: Rows, owners: list[int]) -> list[Any]:
        passes = {owner: [row for row, own in zip(rows, owners, strict=True) if own == owner] for owner in owners}
        return [merged.logits(own, batch_tokens=ONE_PASS) for own in passes.values()]

    def mixed(rows: Rows, owners: list[int]) -> list[Any]:
        pairs = [(adapters[owner], row) for row, owner in zip(rows, owners, strict=True)]
        return network.logits(pairs, batch_tokens=ONE_PASS)

    return {
        "one adapter, merged": lambda rows, owners: merged.logits(rows, batch_tokens=ONE_PASS),
        "one adapter, merged, numpy": lambda rows, owners: light.logits(rows),
        "one adapter, unmerged": lambda rows, owners: mixed(rows, [0] * len(rows)),
        "one adapter, peft": lambda rows, owners: by_peft(rows, owners, is_mixed=False),
        "mixed, grouped (ours)": mixed,
        "mixed, gathered": gathered.logits,
        "mixed, stacked": stacked.logits,
        "mixed, peft": lambda rows, owners: by_peft(rows, owners, is_mixed=True),
        "apart, merged, a pass for each": apart,
    }


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - processor


def compared(runs: dict[str, Callable[[], object]], n_rounds: int, *, base: str) -> dict[str, dict[str, Any]]:
    """Times of each, and ratios of processor time to that of `base`, which ran in the same round."""
    rounds = [{name: timed(run) for name, run in runs.items()} for _ in range(n_rounds)]
    found = {}
    for name in runs:
        ratios = [each[name][1] / each[base][1] for each in rounds]
        found[name] = {
            "wall_s": round(statistics.median(each[name][0] for each in rounds), 4),
            "processor_s": round(statistics.median(each[name][1] for each in rounds), 4),
            "ratio": round(statistics.median(ratios), 3),
            "ratios": [round(ratio, 3) for ratio in sorted(ratios)],
        }
    return found


def layer_table(n_rounds: int) -> list[dict[str, Any]]:
    """One layer of 384 to 1536 with one adapter for each of 32 rows: our form, the gathered one and FLoRA's."""
    table = []
    for n_tokens in (32, 128):
        for rank in (1, 2, 4, 8):
            generator = torch.Generator().manual_seed(rank)
            weight, x, a, b = (
                torch.randn(shape, generator=generator) * SCALE
                for shape in ((1536, 384), (32, n_tokens, 384), (32, rank, 384), (32, rank, 1536))
            )
            changes = [LinearChange(own_a.t(), own_b) for own_a, own_b in zip(a, b, strict=True)]

            def plain(x: torch.Tensor = x, weight: torch.Tensor = weight) -> torch.Tensor:
                return nn_linear(x, weight)

            def grouped(
                x: torch.Tensor = x, weight: torch.Tensor = weight, changes: list[LinearChange] = changes
            ) -> None:
                y = nn_linear(x, weight)
                for change, own_y, own_x in zip(changes, y, x, strict=True):
                    change.add_to(own_y, own_x)

            def gathered(
                x: torch.Tensor = x, weight: torch.Tensor = weight, a: torch.Tensor = a, b: torch.Tensor = b
            ) -> None:
                nn_linear(x, weight).baddbmm_(torch.bmm(x, a.mT), b)

            def multiplied(
                x: torch.Tensor = x, weight: torch.Tensor = weight, a: torch.Tensor = a, b: torch.Tensor = b
            ) -> None:
                flora(x, weight, a, b)

            runs = {"plain": plain, "grouped": grouped, "gathered": gathered, "flora": multiplied}
            with torch.inference_mode():
                found = compared(runs, n_rounds, base="plain")
            table.append({"n_tokens": n_tokens, "rank": rank} | {name: each["ratio"] for name, each in found.items()})
    return table


nn_linear = torch.nn.functional.linear


def gaps(network: MixedNetwork, adapters: Sequence[Adapter], rows: Rows, merged: NDArray[np.float32]) -> dict[str, Any]:
    """How far 32 rows of 32 adapters in one batch are from each adapter alone, and from each merged by peft."""
    pairs = list(zip(adapters, rows, strict=True))
    mixed = np.stack(network.logits(pairs, batch_tokens=ONE_PASS))
    alone = np.stack([network.logits([pair])[0] for pair in pairs])
    return {
        "from_one_at_a_time": float(np.abs(mixed - alone).max()),
        "from_merged": float(np.abs(mixed - merged).max()),
        "largest_logit": float(np.abs(merged).max()),
        "spread_between_adapters": float(merged[:, 1].std()),
    }


def loading(folder: Path) -> dict[str, Any]:
    """Processor seconds from a folder to a checked model, and bytes, over the shared network and merged alone."""
    opener = Opener(AdapterFolder(folder), engine="torch")
    names = [f"{index:02}" for index in range(N_ADAPTERS)]
    _, first = timed(lambda: opener.open("00", folder / "00"))
    rest = [timed(lambda name=name: opener.open(name, folder / name))[1] for name in names[1:]]
    model, size_bytes = opener.open("00", folder / "00")
    assert model.share is not None
    _, alone = timed(lambda: load_classifier(folder / "01").merge())
    weights = sum(p.nbytes for p in load_classifier(folder / "01").merge().model.parameters())
    return {
        "first_with_the_network_s": round(first, 3),
        "each_more_s": round(statistics.median(rest), 4),
        "adapter_bytes": size_bytes,
        "merged_alone_s": round(alone, 3),
        "merged_bytes": weights,
    }


def regimes(
    folder: Path, network: MixedNetwork, adapters: Sequence[Adapter], rows: Rows, n_rounds: int
) -> dict[str, Any]:
    """Times of every arm for each mixture of adapters and lengths."""
    found = arms(folder, network, adapters)
    table: dict[str, Any] = {}
    for name, (n_adapters, n_rows, n_tokens) in REGIMES.items():
        own = [_cut(row, n_tokens) for row in rows[: n_adapters * n_rows]]
        owners = [index // n_rows for index in range(len(own))]
        for run in found.values():  # once, so that nothing is made for the first time while it is timed
            run(own[:1], owners[:1])
        runs = {arm: lambda run=run, own=own, owners=owners: run(own, owners) for arm, run in found.items()}
        size = {"n_rows": len(own), "n_tokens": sum(map(len, own)), "padded": len(own) * max(map(len, own))}
        times = compared(runs, n_rounds, base="one adapter, merged")
        table[name] = size | {"times": times}
        print(f"{name}: {size}")
        for arm, each in times.items():
            print(f"  {arm:<34} {each['processor_s']:8.3f} s  {each['ratio']:.3f}  {each['ratios']}", flush=True)
    return table


def main() -> None:
    """Measure and write the result; what is not measured now stays as it was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=DATA, help="Parquet with a column text.")
    parser.add_argument("--n-rounds", type=int, default=5, help="Times that everything is timed in turn.")
    parser.add_argument("--only", choices=PARTS, action="append", help="A part; may be repeated. None takes all.")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    texts = pl.read_parquet(asked.data, columns=["text"], n_rows=N_ADAPTERS)["text"].to_list()
    tokenizer = load_backbone("minilm", DETECTION).tokenizer
    rows = [_cut(ids, 256) for ids in tokenizer(texts, verbose=False)["input_ids"]]
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        merged = make_adapters(folder, rows)
        network = MixedNetwork(load_backbone("minilm", DETECTION, pooling="mean"))
        adapters = [read_adapter(folder / f"{i:02}", network.backbone, n_labels=2) for i in range(N_ADAPTERS)]
        measures: dict[str, Callable[[], Any]] = {
            "gaps": lambda: gaps(network, adapters, rows, merged),
            "loading": lambda: loading(folder),
            "regimes": lambda: regimes(folder, network, adapters, rows, asked.n_rounds),
            "layer": lambda: layer_table(asked.n_rounds),
        }
        for part in asked.only or PARTS:
            load = round(os.getloadavg()[0], 1)
            write(part, {"load": load, "found": measures[part]()})


def write(part: str, measured: dict[str, Any]) -> None:
    """Put one part into the file of results."""
    target = HERE / "results" / f"{tain.__version__}.json"
    target.parent.mkdir(exist_ok=True)
    answer = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    answer |= {
        "version": tain.__version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("torch", "transformers", "peft")},
        "machine": {"processor": _processor(), "n_cores": os.cpu_count(), "threads": 1},
        "adapters": {"n": N_ADAPTERS, "rank": RANK, "targets": "all-linear", "base": "minilm"},
        part: measured,
    }
    target.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    print(part, json.dumps(measured if part != "regimes" else measured["load"]), flush=True)


def _cut(row: list[int], n_tokens: int) -> list[int]:
    return row if len(row) <= n_tokens else [*row[: n_tokens - 1], row[-1]]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()

"""Time scoring on a GPU beside transformers' pipeline: writes results/<shape>.json."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

os.environ["TOKENIZERS_PARALLELISM"] = "true"
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import polars as pl
import torch
from benchmarks.shapes import SHAPES, find_shape, n_weights, product_flops
from numpy.typing import NDArray

from tain.core.errors import ConfigError
from tain.core.example import DETECTION
from tain.core.files import write_json
from tain.core.version import VERSION
from tain.detector.half_network import HalfNetwork
from tain.methods import build_method
from tain.models import load_backbone
from tain.models.varlen_attention import use_varlen_attention
from tain.training.classifier import Classifier

HERE = Path(__file__).parent
FILES = ("pools/wikipedia2014", "dev/detectrl", "pools/persuade_essays")
MAX_TOKENS = 256
BATCH_TOKENS = (8_192, 32_768, 131_072)
BATCH_SIZES = (32, 128, 512)
REFERENCE = "tain, float32, 8192 tokens"
Score = Callable[[Sequence[str]], NDArray[np.float64]]


def main() -> None:
    """Measure everything and write the result."""
    options = _options()
    missing = [name for name in FILES if not (options.data / f"{name}.parquet").is_file()]
    if missing or (options.device == "cuda" and not torch.cuda.is_available()):
        print("Skipped: " + (f"{options.data} lacks {', '.join(missing)}." if missing else "there is no CUDA here."))
        return
    texts = _texts(options.data, options.texts or (6_000 if options.shape == "minilm" else 600))
    with tempfile.TemporaryDirectory() as folder:
        base = find_shape(options.shape, Path(folder))
        ways = _ways(base, options.device)
        n_tokens = sum(min(len(ids), MAX_TOKENS) for ids in _classifier(base, "cpu").token_ids(texts))
        scores, failed = _warmed_up(ways, texts)
        speeds = _measure({name: ways[name] for name in scores}, texts, n_tokens, options.repeats)
        flops, weights = _flops(options.device), n_weights(base)
    medians = {name: round(median(own)) for name, own in speeds.items()}
    answer = {
        "version": VERSION,
        "shape": options.shape,
        "device": torch.cuda.get_device_name() if options.device == "cuda" else "cpu",
        "torch": torch.__version__,
        "n_texts": len(texts),
        "n_tokens": n_tokens,
        "product_tflops": {name: round(own / 1e12, 3) for name, own in flops.items()},
        "tokens_per_s": medians,
        "share_of_product": {
            name: round(2 * weights * own / flops["bfloat16" if "bfloat16" in name else "float32"], 3)
            for name, own in medians.items()
        },
        "failed": failed,
        "ratio": _ratios(speeds, medians),
        "beside_float32": {name: _difference(own, scores[REFERENCE]) for name, own in scores.items()},
    }
    write_json(options.output or HERE / "results" / f"{options.shape}.json", answer)
    print(json.dumps(answer, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    parser.add_argument("--shape", default="minilm", choices=["minilm", *SHAPES])
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--texts", type=int, help="by default 6,000, of larger shapes than minilm 600")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def _texts(data: Path, n: int) -> list[str]:
    frames = [pl.read_parquet(data / f"{name}.parquet", columns=["text"]) for name in FILES]
    found = pl.concat([frame.sample(min(n // len(FILES), len(frame)), seed=0) for frame in frames])
    texts: list[str] = found.sample(fraction=1.0, shuffle=True, seed=0)["text"].to_list()
    return texts


def _ways(base: str, device: str) -> dict[str, Score]:
    """Every way to score, by name; the peer's all start with `pipeline`."""
    found: dict[str, Score] = {REFERENCE: _ours(_classifier(base, device), BATCH_TOKENS[0])}
    half = HalfNetwork(own := _classifier(base, device))
    found |= {f"tain, bfloat16, {n} tokens": _ours(own, n, engine=half) for n in BATCH_TOKENS}
    if device == "cuda":
        try:
            use_varlen_attention((own := _classifier(base, device)).model)
        except ConfigError as error:
            print(error, file=sys.stderr)
        else:
            half = HalfNetwork(own)
            found |= {f"tain, bfloat16, varlen, {n} tokens": _ours(own, n, engine=half) for n in BATCH_TOKENS}
    for dtype in ("float32", "bfloat16"):
        pipe = _pipeline(base, device, dtype)
        found |= {f"pipeline, {dtype}, batch {size}": _peer(pipe, size) for size in BATCH_SIZES}
    return found


def _classifier(base: str, device: str) -> Classifier:
    """The network with a head whose weights come from the seed, the same for both sides."""
    backbone = load_backbone(base, DETECTION, pooling="native")
    method = build_method({"kind": "full"})
    torch.manual_seed(0)
    model = method.prepare(backbone, seed=0).to(device)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "pooler" in name or "classifier" in name or "score" in name:
                weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)) * 0.05)
    return Classifier(backbone, method, model.eval(), MAX_TOKENS)


def _ours(classifier: Classifier, batch_tokens: int, engine: Any = None) -> Score:  # noqa: ANN401 (either engine)
    def score(texts: Sequence[str]) -> NDArray[np.float64]:
        # As the peer cuts: the closing special token stays.
        rows = [
            ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], ids[-1]] for ids in classifier.token_ids(texts)
        ]
        logits = (engine or classifier).logits(rows, batch_tokens=batch_tokens).astype(np.float64)
        return np.asarray(logits[:, 1] - logits[:, 0])

    return score


def _pipeline(base: str, device: str, dtype: str) -> Any:  # noqa: ANN401 (transformers' own type says no more)
    from transformers import pipeline

    own = _classifier(base, device)
    return pipeline(
        "text-classification", model=own.model.to(getattr(torch, dtype)), tokenizer=own.backbone.tokenizer,
        device=0 if device == "cuda" else -1,
    )  # fmt: skip


def _peer(pipe: Any, batch_size: int) -> Score:  # noqa: ANN401
    def score(texts: Sequence[str]) -> NDArray[np.float64]:
        answers = pipe(
            list(texts), batch_size=batch_size, truncation=True, max_length=MAX_TOKENS, top_k=None,
            function_to_apply="none",
        )  # fmt: skip
        logits = [{each["label"]: float(each["score"]) for each in answer} for answer in answers]
        return np.array([each["ai"] - each["human"] for each in logits])

    return score


def _warmed_up(ways: dict[str, Score], texts: list[str]) -> tuple[dict[str, NDArray[np.float64]], dict[str, str]]:
    scores, failed = {}, {}
    for name, way in ways.items():
        try:
            scores[name] = way(texts)
        except RuntimeError as error:  # too little memory is one, and a kernel that the device lacks
            failed[name] = str(error).splitlines()[0]
    return scores, failed


def _measure(ways: dict[str, Score], texts: list[str], n_tokens: int, n_repeats: int) -> dict[str, list[float]]:
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(n_repeats):
        for name in np.random.default_rng(repeat).permutation(list(ways)):
            start = time.perf_counter()
            ways[name](texts)  # its answer is on the processor, so nothing is under way any more
            speeds[name].append(n_tokens / (time.perf_counter() - start))
    return speeds


def _flops(device: str) -> dict[str, float]:
    def clock() -> float:
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    return {dtype: product_flops(device, dtype, clock) for dtype in ("float32", "bfloat16")}


def _ratios(speeds: dict[str, list[float]], medians: dict[str, int]) -> dict[str, float | str]:
    ours, peer = (
        max((name for name in medians if name.startswith(side)), key=medians.__getitem__)
        for side in ("tain, bfloat16", "pipeline")
    )
    ratios = sorted(a / b for a, b in zip(speeds[ours], speeds[peer], strict=True))
    between = {"median": median(ratios), "low": ratios[0], "high": ratios[-1]}
    return {"of": ours, "to": peer} | {name: round(value, 2) for name, value in between.items()}


def _difference(scores: NDArray[np.float64], reference: NDArray[np.float64]) -> dict[str, float]:
    threshold = np.quantile(reference, 0.99)
    return {
        "largest": float(np.abs(scores - reference).max()),
        "labels_agree": float(np.mean((scores > threshold) == (reference > threshold))),
    }


if __name__ == "__main__":
    main()

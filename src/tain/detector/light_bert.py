"""A BERT read with numpy alone.

Importing torch and transformers takes longer than reading a page of text. One text is therefore read here: the same
numbers to within rounding, from the same files, with nothing to import. Whatever this reader does not know (another
architecture, a method other than LoRA and head_only, a base that is no local file) it declines, and torch reads it.

Source: Devlin et al. 2018, arXiv:1810.04805; LoRA weights are folded in as W + s B A
(Hu et al. 2021, arXiv:2106.09685).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tain.core.blas import one_blas_thread
from tain.core.progress import Advance

Floats = NDArray[np.float32]
Weights = dict[str, Floats]

ADAPTER, ADAPTER_CONFIG, HEAD = "adapter_model.safetensors", "adapter_config.json", "head.safetensors"
POOLINGS = ("native", "mean", "first", "last")

# erf(x) = x P(x^2) / Q(x^2) on [-4, 4], highest power first; the rational approximation of Eigen for float32.
_ERF_P = (
    -2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05,
    -7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02,
)  # fmt: skip
_ERF_Q = (
    -1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02,
)  # fmt: skip


@dataclass(frozen=True)
class LightBert:
    """Token ids in, logits out, without padding: each text by one thread, as many at a time as there are workers.

    Attributes:
        weights: By the names of `transformers.BertModel`, and `classifier.weight` and `classifier.bias`.
        n_layers: Blocks.
        n_heads: Attention heads in a block.
        epsilon: Added to variances.
        pooling: native (tanh of the first token's projection), mean, first or last.
        n_workers: Texts read at the same time.
    """

    weights: Weights
    n_layers: int
    n_heads: int
    epsilon: float
    pooling: str
    n_workers: int = 1

    def logits(
        self,
        rows: Sequence[Sequence[int]],
        *,
        batch_tokens: int = 0,
        advance: Advance | None = None,
    ) -> Floats:
        """The logits of tokenised texts, in the order given.

        Args:
            rows: Token ids with special tokens.
            batch_tokens: Has no effect; each text goes alone.
            advance: Told the number of rows done.

        Returns:
            Shape (n_rows, n_labels).
        """
        out = np.empty((len(rows), len(self.weights["classifier.bias"])), dtype=np.float32)
        with one_blas_thread(), ThreadPoolExecutor(self.n_workers) as pool:
            for index, found in enumerate(pool.map(self._row, rows)):
                out[index] = found
                if advance:
                    advance(1)
        return out

    def _row(self, row: Sequence[int]) -> Floats:
        return self._linear("classifier", self._pool(self._read(row)))

    def _read(self, row: Sequence[int]) -> Floats:
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][np.asarray(row, dtype=np.intp)]
        x = x + w["embeddings.position_embeddings.weight"][: len(row)] + w["embeddings.token_type_embeddings.weight"][0]
        x = self._normalise("embeddings.LayerNorm", x)
        for layer in range(self.n_layers):
            name = f"encoder.layer.{layer}"
            # Nobody asks for the last block's other tokens where pooling takes one.
            is_last = layer == self.n_layers - 1
            own = self._pooled_token(x) if is_last and self.pooling != "mean" else x
            attended = self._attend(f"{name}.attention.self", own, x)
            x = self._normalise(
                f"{name}.attention.output.LayerNorm", own + self._linear(f"{name}.attention.output.dense", attended)
            )
            wide = gelu(self._linear(f"{name}.intermediate.dense", x))
            x = self._normalise(f"{name}.output.LayerNorm", x + self._linear(f"{name}.output.dense", wide))
        return x

    def _pooled_token(self, x: Floats) -> Floats:
        return x[-1:] if self.pooling == "last" else x[:1]

    def _attend(self, name: str, asking: Floats, x: Floats) -> Floats:
        width = x.shape[1]
        # (n_heads, n_tokens, width of a head)
        q, k, v = (
            self._linear(f"{name}.{part}", own).reshape(len(own), self.n_heads, -1).transpose(1, 0, 2)
            for part, own in (("query", asking), ("key", x), ("value", x))
        )
        scores: Floats = q @ k.transpose(0, 2, 1) * np.float32(1 / sqrt(width // self.n_heads))
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed: Floats = (scores @ v).transpose(1, 0, 2).reshape(len(asking), width)
        return mixed

    def _pool(self, x: Floats) -> Floats:
        pooled: Floats
        if self.pooling == "native":
            pooled = np.tanh(self._linear("pooler.dense", x[0]))
            return pooled
        pooled = x.mean(axis=0) if self.pooling == "mean" else x[0]
        return pooled

    def _linear(self, name: str, x: Floats) -> Floats:
        y: Floats = x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return y

    def _normalise(self, name: str, x: Floats) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = (centred * centred).mean(axis=-1, keepdims=True)
        y: Floats = centred / np.sqrt(variance + np.float32(self.epsilon))
        y *= self.weights[f"{name}.weight"]
        y += self.weights[f"{name}.bias"]
        return y


def gelu(x: Floats) -> Floats:
    """Each value times the normal distribution function at it, to float32's precision."""
    z = np.clip(x * np.float32(sqrt(0.5)), -4, 4)
    square = z * z
    erf: Floats = z * _polynomial(_ERF_P, square) / _polynomial(_ERF_Q, square)
    return x * np.float32(0.5) * (1 + erf)


def _polynomial(coefficients: Sequence[float], x: Floats) -> Floats:
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value *= x
        value += np.float32(coefficient)
    return value


def load_light_bert(folder: Path, classifier: Mapping[str, Any], base: Path) -> LightBert | None:
    """The network of a Classifier folder, or None where this reader does not know its kind.

    Args:
        folder: The Classifier folder.
        classifier: Its `classifier.json`.
        base: Folder of the base's weights.
    """
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    kind = classifier["method"].get("kind")
    files = {"lora": (ADAPTER, ADAPTER_CONFIG), "head_only": (HEAD,)}.get(kind, ("",))
    is_whole = (base / "model.safetensors").is_file() and all((folder / name).is_file() for name in files)
    if not is_whole or not _is_plain_bert(config) or classifier["pooling"] not in POOLINGS:
        return None
    weights = _read_base(base / "model.safetensors")
    if weights is None or not (_add_lora(weights, folder) if kind == "lora" else _add_head(weights, folder)):
        return None
    network = LightBert(
        weights,
        n_layers=config["num_hidden_layers"],
        n_heads=config["num_attention_heads"],
        epsilon=config.get("layer_norm_eps", 1e-12),
        pooling=classifier["pooling"],
    )
    return network if "classifier.bias" in weights and _is_complete(network) else None


def _is_plain_bert(config: Mapping[str, Any]) -> bool:
    return (
        config.get("model_type") == "bert"
        and config.get("hidden_act", "gelu") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder")
        and not config.get("quantization_config")
    )


def _read_base(file: Path) -> Weights | None:
    from safetensors import safe_open

    weights: Weights = {}
    with safe_open(file, framework="np") as tensors:
        for name in tensors.keys():  # noqa: SIM118 (not a dict)
            if tensors.get_slice(name).get_dtype() not in ("F32", "F16", "I64"):
                return None  # numpy has no bfloat16
            weights[name.removeprefix("bert.")] = tensors.get_tensor(name)
    return {name: value.astype(np.float32, copy=False) for name, value in weights.items()}


def _add_head(weights: Weights, folder: Path) -> bool:
    from safetensors.numpy import load_file

    head = load_file(folder / HEAD)
    weights.update({name: value.astype(np.float32) for name, value in head.items()})
    return set(head) == {"classifier.weight", "classifier.bias"}


def _add_lora(weights: Weights, folder: Path) -> bool:
    from safetensors.numpy import load_file

    config = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    odd = ("use_dora", "fan_in_fan_out", "rank_pattern", "alpha_pattern", "lora_bias", "layer_replication")
    if config.get("peft_type") != "LORA" or config.get("bias") != "none" or any(config.get(name) for name in odd):
        return False
    scale = np.float32(config["lora_alpha"] / (sqrt(config["r"]) if config.get("use_rslora") else config["r"]))
    saved = load_file(folder / ADAPTER)
    names = {name.removeprefix("base_model.model.").removeprefix("bert."): name for name in saved}
    n_used = _add_lora_embeddings(weights, saved, scale)
    for name, key in names.items():
        if name in ("classifier.weight", "classifier.bias"):
            weights[name] = saved[key].astype(np.float32)
            n_used += 1
        elif name.endswith(".lora_A.weight"):
            layer = name.removesuffix(".lora_A.weight")
            down, up = saved[key], saved.get(key.replace(".lora_A.", ".lora_B."))
            if up is None or f"{layer}.weight" not in weights:
                return False
            change = up.astype(np.float32) @ down.astype(np.float32)
            weights[f"{layer}.weight"] = weights[f"{layer}.weight"] + scale * change
            n_used += 2
    return n_used == len(saved)  # anything else in the adapter is a method this reader does not know


def _add_lora_embeddings(weights: Weights, saved: Weights, scale: np.float32) -> int:
    """Fold in the change of the token vectors; the number of tensors used."""
    table = "embeddings.word_embeddings"
    down, up = (saved.get(f"base_model.model.bert.{table}.lora_embedding_{part}") for part in "AB")
    if down is None or up is None:
        return 0
    change = down.astype(np.float32).T @ up.astype(np.float32).T
    weights[f"{table}.weight"] = weights[f"{table}.weight"] + scale * change
    return 2


def _is_complete(network: LightBert) -> bool:
    try:
        network.logits([[0, 0]])
    except KeyError:
        return False
    return True

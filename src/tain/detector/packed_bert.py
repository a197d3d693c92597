"""A BERT in torch that computes nothing it does not need: no padding, and of the last block only what is pooled.

Texts of a batch lie one after the other, (n_tokens, width); attention looks at runs of texts of one length. Where
pooling takes one token of a text, the last block is computed for that token alone, and its keys and values are never
made: q . (W x) = (W^T q) . x, and the mean of W x is W times the mean of x. That saves a sixth of six blocks.

Each worker thread takes whole batches and multiplies by itself. Threads that share one multiplication wait for each
other at every layer, which is 2 to 48 times slower once another program runs on one of the cores.

In bfloat16 are the products of the blocks and their attention; what is added up from block to block, its norms, and
what follows pooling stay float32. Scores move by .007 on average, .042 at most (benchmarks/scoring).

Source: Devlin et al. 2018, arXiv:1810.04805. Weights come from `light_bert`, which folds LoRA in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from math import sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention

from tain.core.progress import Advance
from tain.detector.engines import Precision
from tain.detector.light_bert import LightBert

PACK_TOKENS = 2048  # more at once only leaves the cache: a block's widest values are 12 MB then


@dataclass(frozen=True)
class Pack:
    """Texts that go through the network together, longest first.

    Attributes:
        places: Of the texts among all, shape (n_texts,).
        ids: Token ids of all, one text after the other, shape (n_tokens,).
        positions: Of each token in its text, shape (n_tokens,).
        runs: Number and length of texts of one length, in order.
    """

    places: list[int]
    ids: Tensor
    positions: Tensor
    runs: list[tuple[int, int]]


class PackedBert:
    """Token ids in, logits out."""

    def __init__(self, light: LightBert, *, n_workers: int, precision: Precision = "float32") -> None:
        """Take over the weights of the numpy network; most are shared with it.

        Args:
            light: With its adapter folded in.
            n_workers: Batches computed at the same time.
            precision: Of the products.
        """
        self.n_workers = n_workers
        self._w = {name: torch.from_numpy(value) for name, value in light.weights.items() if value.dtype == np.float32}
        self._n_heads, self._epsilon, self._pooling = light.n_heads, light.epsilon, light.pooling
        self._blocks = [f"encoder.layer.{index}" for index in range(light.n_layers)]
        for name in self._blocks:
            for kind in ("weight", "bias"):
                parts = [self._w[f"{name}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
                self._w[f"{name}.qkv.{kind}"] = torch.cat(parts)
        if precision == "bfloat16":
            self._halve(self._blocks if self._pooling == "mean" else self._blocks[:-1])

    def _halve(self, blocks: Sequence[str]) -> None:
        parts = "qkv", "attention.output.dense", "intermediate.dense", "output.dense"
        for name in (f"{block}.{part}.{kind}" for block in blocks for part in parts for kind in ("weight", "bias")):
            self._w[name] = self._w[name].bfloat16()

    def logits(
        self,
        rows: Sequence[Sequence[int]],
        *,
        batch_tokens: int = PACK_TOKENS,
        advance: Advance | None = None,
    ) -> NDArray[np.float32]:
        """The logits of tokenised texts, in the order given.

        Args:
            rows: Token ids with special tokens.
            batch_tokens: Most tokens in a batch; above 2,048 has no effect. A longer text goes alone.
            advance: Told the number of rows done.

        Returns:
            Shape (n_rows, n_labels).
        """
        out = np.empty((len(rows), len(self._w["classifier.bias"])), dtype=np.float32)
        packs = list(pack(rows, n_tokens=min(batch_tokens, PACK_TOKENS)))
        # A thread's own setting: the caller keeps its number of threads.
        with ThreadPoolExecutor(self.n_workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for done, found in zip(packs, pool.map(self._read, packs), strict=True):
                out[done.places] = found
                if advance:
                    advance(len(done.places))
        return out

    def _read(self, texts: Pack) -> NDArray[np.float32]:
        with torch.inference_mode():
            x = self._embed(texts)
            is_whole = self._pooling == "mean"
            for name in self._blocks if is_whole else self._blocks[:-1]:
                x = self._block(name, x, self._attend(name, x, texts.runs))
            pooled = self._means(x, texts.runs) if is_whole else self._last_block(x, texts.runs)
            if self._pooling == "native":
                pooled = torch.tanh(self._linear("pooler.dense", pooled))
            logits: NDArray[np.float32] = self._linear("classifier", pooled).numpy()
        return logits

    def _embed(self, texts: Pack) -> Tensor:
        w = self._w
        x = w["embeddings.word_embeddings.weight"][texts.ids]
        x += w["embeddings.position_embeddings.weight"][texts.positions]
        x += w["embeddings.token_type_embeddings.weight"][0]
        return self._normalise("embeddings.LayerNorm", x)

    def _block(self, name: str, x: Tensor, attended: Tensor) -> Tensor:
        x = self._normalise(
            f"{name}.attention.output.LayerNorm", x.add_(self._linear(f"{name}.attention.output.dense", attended))
        )
        wide = gelu(self._linear(f"{name}.intermediate.dense", x))
        return self._normalise(f"{name}.output.LayerNorm", x.add_(self._linear(f"{name}.output.dense", wide)))

    def _attend(self, name: str, x: Tensor, runs: Sequence[tuple[int, int]]) -> Tensor:
        width = x.shape[1]
        qkv = self._linear(f"{name}.qkv", x)  # (n_tokens, 3 width)
        found = []
        for texts in _by_length(qkv, runs):
            # (3, n_texts, n_heads, length, width of a head)
            q, k, v = texts.view(*texts.shape[:2], 3, self._n_heads, -1).permute(2, 0, 3, 1, 4)
            found.append(scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(-1, width))
        return torch.cat(found)

    def _last_block(self, x: Tensor, runs: Sequence[tuple[int, int]]) -> Tensor:
        """The last block's output for the token of each text that pooling takes, shape (n_texts, width)."""
        name, width = self._blocks[-1], x.shape[1]
        own = f"{name}.attention.self"
        w_key, w_value = (
            self._w[f"{own}.{part}.weight"].view(self._n_heads, -1, width) for part in ("key", "value")
        )  # (n_heads, width of a head, width)
        chosen, attended = [], []
        for texts in _by_length(x, runs):
            one = texts[:, -1 if self._pooling == "last" else 0]
            q = self._linear(f"{own}.query", one).view(len(one), self._n_heads, -1)
            # A key's bias adds the same to every score of a head, so softmax drops it.
            asked = torch.einsum("nhd,hdw->nhw", q, w_key) / sqrt(width // self._n_heads)
            shares = torch.softmax(asked @ texts.transpose(1, 2), dim=-1)  # (n_texts, n_heads, length)
            chosen.append(one)
            attended.append(torch.einsum("nhw,hdw->nhd", shares @ texts, w_value).flatten(1))
        values = torch.cat(attended) + self._w[f"{own}.value.bias"]
        return self._block(name, torch.cat(chosen), values)

    @staticmethod
    def _means(x: Tensor, runs: Sequence[tuple[int, int]]) -> Tensor:
        return torch.cat([texts.mean(1) for texts in _by_length(x, runs)])

    def _linear(self, name: str, x: Tensor) -> Tensor:
        weight = self._w[f"{name}.weight"]
        return linear(x.to(weight.dtype), weight, self._w[f"{name}.bias"])

    def _normalise(self, name: str, x: Tensor) -> Tensor:
        return layer_norm(x, x.shape[1:], self._w[f"{name}.weight"], self._w[f"{name}.bias"], self._epsilon)


def _by_length(x: Tensor, runs: Sequence[tuple[int, int]]) -> list[Tensor]:
    """Each run of texts of one length, shape (n_texts, length, width)."""
    parts = torch.split(x, [n * size for n, size in runs])
    return [part.view(n, size, -1) for part, (n, size) in zip(parts, runs, strict=True)]


def pack(rows: Sequence[Sequence[int]], *, n_tokens: int) -> Iterator[Pack]:
    """The rows in batches, longest first, so that no worker is left with a long one at the end.

    Args:
        rows: Token ids of each text.
        n_tokens: Most in a batch; a longer text goes alone.
    """
    order = sorted(range(len(rows)), key=lambda place: -len(rows[place]))
    start, size = 0, 0
    for end, place in enumerate(order):
        if end > start and size + len(rows[place]) > n_tokens:
            yield _pack(rows, order[start:end])
            start, size = end, 0
        size += len(rows[place])
    if order:
        yield _pack(rows, order[start:])


def _pack(rows: Sequence[Sequence[int]], places: list[int]) -> Pack:
    lengths = [len(rows[place]) for place in places]
    ids = np.concatenate([np.asarray(rows[place], dtype=np.int64) for place in places])
    positions = np.concatenate([np.arange(length) for length in lengths])
    runs = [(len(list(same)), length) for length, same in groupby(lengths)]
    return Pack(places, torch.from_numpy(ids), torch.from_numpy(positions), runs)

"""Who is timed: one function each, from texts to the logit of ai minus that of human."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tain.detector import Detector
from tain.detector.packed_bert import PackedBert
from tain.recipes.export import export
from tain.training.classifier import load_classifier
from tain.training.hardware import has_native_bf16

Score = Callable[[Sequence[str]], NDArray[np.float64]]
MAX_TOKENS = 256
OURS, OURS_HALF = "tain", "tain, bfloat16"
BATCH_SIZES = (1, 8, 32)


def contenders(detector: Detector, folder: Path, *, n_threads: int) -> dict[str, Score]:
    """Every way to score, by name; the peer's all start with `pipeline`.

    Args:
        detector: Whose network is scored with.
        folder: Empty; takes the exported network.
        n_threads: Of ours.
    """
    engines = detector.reader.engines
    light = engines.light()
    assert light is not None, "the shipped network is a plain BERT"
    found: dict[str, Score] = {
        OURS: _ours(detector, PackedBert(light, n_workers=n_threads)),
        "tain, padded fallback": _ours(detector, load_classifier(engines.folder).merge()),
    }
    if has_native_bf16():
        found[OURS_HALF] = _ours(detector, PackedBert(light, n_workers=n_threads, precision="bfloat16"))
    pipe = _pipeline(folder)
    return found | {f"pipeline, batch {size}": _peer(pipe, size) for size in BATCH_SIZES}


def _ours(detector: Detector, engine: Any) -> Score:  # noqa: ANN401 (either engine)
    encoder = detector.reader.encoder

    def score(texts: Sequence[str]) -> NDArray[np.float64]:
        rows = [_cut(tokens.ids) for tokens in encoder.encode(texts)]
        logits = engine.logits(rows).astype(np.float64)
        return np.asarray(logits[:, 1] - logits[:, 0])

    return score


def _cut(ids: list[int]) -> list[int]:
    # As the peer cuts: the closing special token stays.
    return ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], ids[-1]]


def _pipeline(folder: Path) -> Any:  # noqa: ANN401 (transformers' own type says no more)
    from transformers import pipeline

    export(None, format="transformers", output=folder / "network")
    return pipeline("text-classification", model=str(folder / "network"), device=-1, dtype="float32")


def _peer(pipe: Any, batch_size: int) -> Score:  # noqa: ANN401
    def score(texts: Sequence[str]) -> NDArray[np.float64]:
        answers = pipe(
            list(texts),
            batch_size=batch_size,
            truncation=True,
            max_length=MAX_TOKENS,
            top_k=None,
            function_to_apply="none",
        )
        return np.array(list(map(_difference, answers)))

    return score


def _difference(answer: Sequence[dict[str, Any]]) -> float:
    logit = {each["label"]: float(each["score"]) for each in answer}
    return logit["ai"] - logit["human"]


def workloads(texts: Sequence[str], detector: Detector, *, n_tokens: int) -> Iterator[tuple[str, list[str], int]]:
    """Name, texts and tokens (after the cut) of each: short texts, pages, a book in pieces.

    Args:
        texts: Drawn documents, in random order.
        detector: Whose tokens are counted.
        n_tokens: About so many in each.
    """
    encoder = detector.reader.encoder
    for name, n_words in (("short (20 tokens)", 16), ("page (400 tokens)", 310), ("book, in pieces", 10**6)):
        if n_words == 10**6:
            words = [word for text in texts for word in text.split()]
            pieces = [" ".join(words[i : i + 180]) for i in range(0, len(words), 180)]
        else:
            pieces = [" ".join(text.split()[:n_words]) for text in texts if len(text.split()) >= n_words // 2]
            if n_words == 16:  # many short ones from each text
                pieces = [
                    " ".join(w[i : i + 16]) for w in (t.split() for t in texts) for i in range(0, min(len(w), 320), 16)
                ]
        lengths = [len(_cut(tokens.ids)) for tokens in encoder.encode(pieces)]
        n = int(np.searchsorted(np.cumsum(lengths), n_tokens)) + 1
        yield name, pieces[:n], int(sum(lengths[:n]))

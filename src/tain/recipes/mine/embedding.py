"""Embeddings of texts by the plain backbone: the mean of its last token states, before anything is tuned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tain.core.example import DETECTION, Example
from tain.core.files import whole_file
from tain.core.progress import progress
from tain.corpora.normalise import LATEST, get_normaliser
from tain.models import collate, load_backbone
from tain.models.pooling import pool

Floats = NDArray[np.float32]
MAX_TOKENS = 256
BATCH_TOKENS = 8192
SHARD_TEXTS = 2048


class BackboneEmbedder:
    """Texts in, vectors out. all-MiniLM-L6-v2 was trained to be read like this; other bases serve less well.

    Source:
        Reimers and Gurevych 2019, Sentence-BERT, arXiv:1908.10084.
    """

    def __init__(self, base: str) -> None:
        """Load the backbone.

        Args:
            base: Preset, folder or Hub id.
        """
        backbone = load_backbone(base, DETECTION)
        self.tokenizer, self.max_tokens = backbone.tokenizer, min(MAX_TOKENS, backbone.max_tokens)
        self.model: torch.nn.Module = backbone.model.base_model
        if torch.cuda.is_available():
            self.model.to("cuda")
        self.normaliser = get_normaliser(LATEST)

    def __call__(self, texts: Sequence[str]) -> Floats:
        """The vector of each text, from its first 256 tokens, shape (n, d)."""
        plain = [self.normaliser.normalise(text).text for text in texts]
        rows = self.tokenizer(plain, truncation=True, max_length=self.max_tokens)["input_ids"] if plain else []
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
        found: dict[int, Floats] = {}
        start = 0
        for end in range(1, len(order) + 1):
            if end < len(order) and (end - start + 1) * len(rows[order[end]]) <= BATCH_TOKENS:
                continue
            chosen = order[start:end]
            found.update(zip(chosen, self._embed([rows[index] for index in chosen]), strict=True))
            start = end
        return np.stack([found[index] for index in range(len(rows))]) if rows else np.empty((0, 0), dtype=np.float32)

    def _embed(self, rows: Sequence[Sequence[int]]) -> Floats:
        device = next(self.model.parameters()).device
        batch = {key: value.to(device) for key, value in collate(rows, pad_id=self.tokenizer.pad_token_id).items()}
        with torch.inference_mode():
            states = self.model(**batch).last_hidden_state
            vectors: Floats = pool(states, batch["attention_mask"], "mean").float().cpu().numpy()
        return vectors


def embed_in_shards(
    embedder: BackboneEmbedder, examples: Sequence[Example], folder: Path, *, is_quiet: bool = False
) -> Floats:
    """The vectors of many texts, shape (n, d); shards that the folder holds are not computed again.

    Args:
        embedder: The backbone.
        examples: Always the same for a folder.
        folder: Of the shards.
        is_quiet: No progress bar.
    """
    shards: list[Floats] = []
    with progress("Embedding AI texts", len(examples), is_quiet=is_quiet) as advance:
        for start in range(0, len(examples), SHARD_TEXTS):
            file = folder / f"{start:09d}.npy"
            part = examples[start : start + SHARD_TEXTS]
            if not file.is_file():
                with whole_file(file) as target:
                    np.save(target, embedder([example.text for example in part]), allow_pickle=False)
            shards.append(np.load(file, allow_pickle=False))
            advance(len(part))
    return np.concatenate(shards) if shards else np.empty((0, 0), dtype=np.float32)

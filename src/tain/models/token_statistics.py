"""What causal language models say of each token of a text, in memory that does not grow with the vocabulary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tain.core.errors import ConfigError
from tain.core.progress import Advance
from tain.evaluation.zero_shot import TokenStatistics
from tain.models.batch import collate
from tain.models.causal import CausalModel, need_one_tokenizer, need_same_tokens

BATCH_TOKENS = 4_096
MAX_LOGITS = 1 << 26  # a quarter of a gigabyte in float32
MAX_CELLS = 1 << 22  # of the distributions worked on at once, in float64
LEAST_LOG = -1e4
NAMES = ("log_q", "rank", "entropy", "expected", "variance")  # the rows of every tensor of statistics

Row = tuple[list[int], bool]


def token_statistics(
    texts: Sequence[str],
    scoring: CausalModel,
    *,
    reference: CausalModel | None = None,
    max_tokens: int | None = None,
    max_logits: int = MAX_LOGITS,
    advance: Advance = lambda n: None,
) -> list[TokenStatistics]:
    """The statistics of each text; a text of fewer than two tokens has empty ones.

    Texts of like length share a batch, padded on the right; padding never counts. A batch goes through the network in
    stretches short enough that its logits fit `max_logits`, each with the memory of those before.

    Args:
        texts: n of them, normalised as the detector they are compared with does.
        scoring: q: in Fast-DetectGPT the scoring model, in Binoculars the performer.
        reference: p: in Fast-DetectGPT the sampling model, in Binoculars the observer. None takes `scoring`.
        max_tokens: The most tokens read; None takes the shorter context of the two.
        max_logits: The most numbers that come out of a network at once.
        advance: Told of texts done.

    Raises:
        ConfigError: If the models cut a text into different tokens, `max_tokens` is beyond a context, or a network
            without a memory cannot read a text at once.
    """
    models = [scoring] if reference is None or reference is scoring else [scoring, reference]
    if len(models) == 2:
        need_one_tokenizer(*models)
    rows = _encoded(texts, models, _limit(models, max_tokens))
    found: list[TokenStatistics] = [_of_text(np.empty((len(NAMES), 0)), went_on) for _, went_on in rows]
    for places in _batches(rows):
        for place, statistics in zip(places, _of_batch([rows[i] for i in places], models, max_logits), strict=True):
            found[place] = statistics
        advance(len(places))
    return found


def _limit(models: list[CausalModel], asked: int | None) -> int:
    context = min(model.max_tokens for model in models)
    if asked is not None and not 2 <= asked <= context:
        raise ConfigError(f"{asked} tokens are asked for; expected 2 to {context}, the context of the model.")
    return asked or context


def _encoded(texts: Sequence[str], models: list[CausalModel], max_tokens: int) -> list[Row]:
    by_model = [model.encode(texts, max_tokens=max_tokens) for model in models]
    for text, (first, _), (second, _) in zip(texts, by_model[0], by_model[-1], strict=True):
        need_same_tokens(first, second, text=text)
    return by_model[0]


def _batches(rows: list[Row]) -> Iterator[list[int]]:
    order = sorted((i for i, (ids, _) in enumerate(rows) if len(ids) > 1), key=lambda i: -len(rows[i][0]))
    batch: list[int] = []
    for i in order:
        if batch and (len(batch) + 1) * len(rows[batch[0]][0]) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


@torch.inference_mode()
def _of_batch(rows: list[Row], models: list[CausalModel], max_logits: int) -> list[TokenStatistics]:
    batch = collate([ids for ids, _ in rows], pad_id=0)
    ids, mask = (batch[name].to(models[0].model.device) for name in ("input_ids", "attention_mask"))
    found = torch.full((len(NAMES), len(rows), ids.shape[1] - 1), torch.nan, dtype=torch.float64)
    for start, logits in _stretches(ids, mask, models, max_logits):
        stop = start + logits[0].shape[1]
        is_real = mask[:, start + 1 : stop + 1].bool()
        cells = [each[is_real] for each in logits]
        found[:, :, start:stop][:, is_real.cpu()] = _of_cells(cells, ids[:, start + 1 : stop + 1][is_real])
    numbers = found.numpy()
    return [_of_text(numbers[:, i, : len(ids) - 1], went_on) for i, (ids, went_on) in enumerate(rows)]


def _stretches(
    ids: torch.Tensor, mask: torch.Tensor, models: list[CausalModel], max_logits: int
) -> Iterator[tuple[int, list[torch.Tensor]]]:
    """The logits that foretell tokens 1 to the last, a stretch of positions at a time."""
    vocabulary = max(model.model.config.get_text_config().vocab_size for model in models)
    n_before = ids.shape[1] - 1  # the last token foretells nothing that is there
    step = max(1, max_logits // (vocabulary * ids.shape[0]))
    memories: list[Any] = [None] * len(models)
    for start in range(0, n_before, step):
        stop = min(start + step, n_before)
        outputs = [
            model.model(
                input_ids=ids[:, start:stop],
                attention_mask=mask[:, :stop],
                past_key_values=memory,
                use_cache=step < n_before,
            )
            for model, memory in zip(models, memories, strict=True)
        ]
        memories = [output.get("past_key_values") for output in outputs]
        if stop < n_before and None in memories:
            raise ConfigError(
                f"{models[memories.index(None)].name} keeps no memory of what it has read, and {n_before} tokens at "
                f"once are too many. Read fewer than {step} tokens of each text."
            )
        yield start, [output.logits for output in outputs]


def _of_cells(logits: list[torch.Tensor], tokens: torch.Tensor) -> torch.Tensor:
    """Shape (5, n_cells), a few distributions at a time: float64 of a whole batch would take gigabytes."""
    width = min(each.shape[1] for each in logits)  # networks of one family pad their vocabularies differently
    n_rows = max(1, MAX_CELLS // width)
    parts = [
        _of_distributions(_cut(logits[0], i, n_rows, width), _cut(logits[-1], i, n_rows, width), tokens[i : i + n_rows])
        for i in range(0, len(tokens), n_rows)
    ]
    return torch.cat(parts, dim=1).cpu() if parts else torch.empty((len(NAMES), 0), dtype=torch.float64)


def _cut(logits: torch.Tensor, start: int, n_rows: int, width: int) -> torch.Tensor:
    return logits[start : start + n_rows, :width].double()


def _of_distributions(scoring: torch.Tensor, reference: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    log_q = torch.log_softmax(scoring, dim=1).clamp(min=LEAST_LOG)  # nothing times minus infinity is no number
    p = torch.softmax(reference, dim=1)
    of_token = log_q.gather(1, tokens[:, None])
    n_better, n_as_good = (log_q > of_token).sum(1), (log_q >= of_token).sum(1)
    expected = (p * log_q).sum(1)
    return torch.stack(
        [
            of_token[:, 0],
            (n_better + n_as_good + 1) / 2,
            -(log_q.exp() * log_q).sum(1),
            expected,
            (p * (log_q - expected[:, None]).square()).sum(1),
        ]
    ).double()


def _of_text(numbers: NDArray[np.float64], is_truncated: bool) -> TokenStatistics:
    log_q, rank, entropy, expected, variance = numbers
    return TokenStatistics(log_q, rank, entropy, expected, variance, is_truncated)

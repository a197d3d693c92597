"""What a causal language model answers: the likeliest of some choices, or words of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from tain.models.causal import CausalModel


@torch.inference_mode()
def choice_log_likelihoods(model: CausalModel, question: str, choices: Sequence[str]) -> list[float]:
    """The mean log-probability of a token of each choice, natural, if it were to follow the question.

    The mean over tokens, so that a short choice is not favoured for being short.

    Args:
        model: In eval mode.
        question: What stands before; of one that is too long the beginning is left out.
        choices: At least one, none empty.
    """
    tokenizer: Any = model.tokenizer
    answers = [tokenizer(f" {choice}", add_special_tokens=False)["input_ids"] for choice in choices]
    before = _fitting(model, question, room=model.max_tokens - max(map(len, answers)))
    width = len(before) + max(map(len, answers))
    ids = torch.zeros(len(answers), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, answer in enumerate(answers):
        ids[row, : len(before) + len(answer)] = torch.tensor([*before, *answer])
        mask[row, : len(before) + len(answer)] = 1
    device = next(model.model.parameters()).device
    logits = model.model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits
    # The last token of the question foretells the first of the answer.
    said = logits[:, len(before) - 1 : -1].float().log_softmax(-1).cpu()
    found = said.gather(2, ids[:, len(before) :, None]).squeeze(2)
    return [float(found[row, : len(answer)].mean()) for row, answer in enumerate(answers)]


@torch.inference_mode()
def generate(
    model: CausalModel,
    prompt: str,
    *,
    n_samples: int = 1,
    max_new_tokens: int = 256,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int = 0,
) -> list[str]:
    """What the model writes on behind a prompt, without the prompt.

    Args:
        model: In eval mode.
        prompt: Of one that is too long the beginning is left out.
        n_samples: How many texts; with temperature 0 they would be alike, and one is written.
        max_new_tokens: Longest text.
        temperature: 0 always takes the likeliest token.
        top_p: Only the likeliest tokens that have this share of the probability together are drawn from.
        seed: Of what is drawn; equal ones draw alike on one machine.
    """
    tokenizer: Any = model.tokenizer
    before = _fitting(model, prompt, room=max(model.max_tokens - max_new_tokens, 1))
    device = next(model.model.parameters()).device
    ids = torch.tensor([before], device=device)
    options: dict[str, Any] = {"do_sample": False}
    if temperature > 0:
        options = {"do_sample": True, "temperature": temperature, "top_p": top_p, "top_k": 0}
        options["num_return_sequences"] = n_samples
    torch.manual_seed(seed)
    network: Any = model.model
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    written = network.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=min(max_new_tokens, model.max_tokens - len(before)),
        pad_token_id=pad,
        **options,
    )
    texts: list[str] = tokenizer.batch_decode(written[:, len(before) :].tolist(), skip_special_tokens=True)
    return texts


def _fitting(model: CausalModel, text: str, *, room: int) -> list[int]:
    """The token ids; of too many the earliest are left out, but not the mark for the beginning."""
    [(ids, _)] = model.encode([text], max_tokens=1 << 20)
    if len(ids) <= room:
        return ids
    has_mark = ids[0] in set(model.tokenizer.all_special_ids)
    return [ids[0], *ids[len(ids) - room + 1 :]] if has_mark else ids[len(ids) - room :]

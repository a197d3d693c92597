"""Mirrors from a causal language model on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, TopPLogitsWarper

from tain.mirrors.request import Answer, Message, MirrorRequest, RefusedError, Sampling, Usage
from tain.models.causal import load_causal

MIN_ROOM_TOKENS = 16
TINY = 1e-12  # the logarithm of 0 is none


class LocalModel:
    """Answers batches of requests with one model.

    Each request samples from a random stream of its own, so that its text depends on its seed and not on which requests
    happen to be written beside it.
    """

    def __init__(self, name: str, *, device: str = "cpu") -> None:
        """Load the model.

        Args:
            name: Preset, folder or Hub id of a causal model.
            device: Where it runs.

        Raises:
            ConfigError: If it is no causal model.
            DetectorError: If it cannot be loaded.
        """
        causal = load_causal(name, device=device)
        self._model: Any = causal.model
        self._tokenizer: Any = causal.tokenizer
        self._n_context = causal.max_tokens
        self._tokenizer.padding_side = "left"
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token or self._tokenizer.unk_token
        self._ends = _ids(self._model.generation_config.eos_token_id) | _ids(self._tokenizer.eos_token_id)

    def __call__(self, requests: Sequence[MirrorRequest]) -> list[Answer | RefusedError]:
        """The answers, in order; a prompt that fills the model's context is refused.

        Args:
            requests: With the sampling of each.
        """
        prompts = [self._encode(request.prompt) for request in requests]
        fits = [len(prompt) + MIN_ROOM_TOKENS <= self._n_context for prompt in prompts]
        chosen = [index for index, does_fit in enumerate(fits) if does_fit]
        written = self._write([prompts[i] for i in chosen], [requests[i].params for i in chosen]) if chosen else []
        answers: list[Answer | RefusedError] = [
            RefusedError(f"the prompt has {len(prompt)} tokens, and the model reads {self._n_context}")
            for prompt in prompts
        ]
        for index, tokens in zip(chosen, written, strict=True):
            answers[index] = self._answer(requests[index], len(prompts[index]), tokens)
        return answers

    def _encode(self, prompt: Sequence[Message]) -> list[int]:
        if self._tokenizer.chat_template is None:
            return list(self._tokenizer("\n\n".join(message.content for message in prompt) + "\n\n")["input_ids"])
        turns = [{"role": message.role, "content": message.content} for message in prompt]
        encoded = self._tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)
        return list(encoded["input_ids"])

    @torch.inference_mode()
    def _write(self, prompts: Sequence[list[int]], params: Sequence[Sampling]) -> list[list[int]]:
        inputs = self._tokenizer.pad({"input_ids": list(prompts)}, return_tensors="pt").to(self._model.device)
        n_read = inputs["input_ids"].shape[1]
        settings = GenerationConfig(  # type: ignore[no-untyped-call]
            max_new_tokens=min(max(each.max_tokens for each in params), self._n_context - n_read),
            do_sample=False,
            pad_token_id=self._tokenizer.pad_token_id,
            eos_token_id=sorted(self._ends) or None,
        )
        default = self._model.generation_config.temperature
        sampling = SeededSampling(params, default_temperature=1.0 if default is None else default)
        written = self._model.generate(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            generation_config=settings,
            logits_processor=LogitsProcessorList([sampling]),
        )
        rows: list[list[int]] = written[:, n_read:].tolist()
        return rows

    def _answer(self, request: MirrorRequest, n_read: int, tokens: Sequence[int]) -> Answer:
        kept = list(tokens[: request.params.max_tokens])
        end = next((place for place, token in enumerate(kept) if token in self._ends), None)
        text = self._tokenizer.decode(kept[:end], skip_special_tokens=True)
        n_written = len(kept) if end is None else end + 1
        return Answer(text.strip(), "length" if end is None else "stop", Usage(n_read, n_written), request.model)


class SeededSampling(LogitsProcessor):
    """Samples each row from its own random stream, by taking the likeliest token after noise was added.

    Gumbel noise on log-probabilities makes the arg-max a draw from the distribution, so greedy decoding samples.

    Source:
        Gumbel 1954; Maddison et al. 2014, A* Sampling, section 2.
    """

    def __init__(self, params: Sequence[Sampling], *, default_temperature: float) -> None:
        """Start a stream for each row.

        Args:
            params: Of each row. Temperature 0 adds no noise.
            default_temperature: Where a row says nothing.
        """
        self._temperatures = [default_temperature if each.temperature is None else each.temperature for each in params]
        self._warpers = [TopPLogitsWarper(each.top_p) if each.top_p is not None else None for each in params]
        self._streams = [torch.Generator() for _ in params]
        for stream, each in zip(self._streams, params, strict=True):
            _ = stream.seed() if each.seed is None else stream.manual_seed(each.seed)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores whose arg-max is a sample.

        Args:
            input_ids: Of the texts so far, shape (n_rows, n_tokens).
            scores: Logits of the next token, shape (n_rows, n_vocabulary).
        """
        return torch.stack([self._sample(row, input_ids[row], scores[row]) for row in range(len(scores))])

    def _sample(self, row: int, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if self._temperatures[row] == 0:
            return scores
        scores, warper = scores.float() / self._temperatures[row], self._warpers[row]
        if warper is not None:
            scores = warper(input_ids[None], scores[None])[0]
        uniform = torch.rand(scores.shape, generator=self._streams[row]).clamp(TINY, 1 - 1e-7)
        return scores - torch.log(-torch.log(uniform)).to(scores.device)


def _ids(value: int | list[int] | None) -> set[int]:
    return set() if value is None else {value} if isinstance(value, int) else set(value)

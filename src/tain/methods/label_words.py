"""Classification by label words: a decoder reads a prompt and a text, and is asked which word comes next.

    score of label y = log p(word of y | before, text, after),   loss = -log p(word of the true label | ...)

The prompt has the form that Alpaca's has: a sentence of introduction, then `### Instruction:`, `### Input:` with the
text, `### Response:`. The loss is on the answer alone; nothing of prompt or text is foretold. Source: the template of
Stanford Alpaca (github.com/tatsu-lab/stanford_alpaca), as it is used to teach LLaMA-2 the sentiment of IMDB reviews;
label words: Schick and Schutze 2021, arXiv:2001.07676; examples in the prompt: Brown et al. 2020, arXiv:2005.14165.
Differs: the introduction is worded anew; a label's word is one token, so that one pass scores every label and
none is favoured for its length, and two words that begin alike are refused; a text too long for the network loses its
own end, never the response marker; no end mark is learned after the word, as nothing is written on.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from pydantic import Field
from safetensors.torch import save_file
from torch import nn

from tain.core.errors import MethodError
from tain.core.files import read_json, write_json
from tain.methods.method import Method, MethodConfig, trainable
from tain.methods.network import NetworkSettings, fold_adapters, n_network, network_linears, prepare_network
from tain.methods.prompt import Prompt, build_prompt
from tain.methods.weights import read_weights, trained_weights
from tain.models import Backbone, TokenIds
from tain.models.backbone import max_tokens_of
from tain.models.causal import reads_ahead
from tain.models.framing import marks_of
from tain.models.next_word import NextWord, load_causal_network, n_causal_parameters

if TYPE_CHECKING:
    from transformers import PreTrainedModel

WEIGHTS, PROMPT = "label_words.safetensors", "prompt.json"
LEAST_ROOM = 16
INTRODUCTION = "Below is a task and an input to do it with. Write the response that completes the task."


class LabelWordsSettings(NetworkSettings):
    """Settings of the prompt and of what trains."""

    introduction: str = Field(INTRODUCTION, description="First sentence of the prompt.")
    instruction: str | None = Field(
        None, description="What is asked of the network; none asks which of the label words fits the input best."
    )
    label_words: dict[str, str] = Field({}, description="Word of each label, one token long; none takes its name.")
    n_shots: int = Field(0, ge=0, description="Training texts with their answers in the prompt, classes in turn.")
    shot_tokens: int = Field(64, ge=1, description="Tokens of each of them; what is longer loses its end.")
    loss: Literal["answer", "labels"] = Field(
        "answer", description="answer: the word among all words; labels: the word among the label words."
    )


class LabelWords(Method[LabelWordsSettings]):
    """A decoder's own next-word head as classifier: trained whole, by LoRA, or, frozen, the zero-shot baseline."""

    kind: ClassVar[str] = "label_words"
    config_type: ClassVar[type[MethodConfig]] = LabelWordsSettings
    starts_at_base: ClassVar[bool] = False
    saves_peft: ClassVar[bool] = False
    merges_to_stock: ClassVar[bool] = False

    def __init__(self, config: LabelWordsSettings) -> None:
        """Keep the settings."""
        super().__init__(config)
        self.shots: list[tuple[list[int], str]] = []

    def require(self, backbone: Backbone) -> None:
        """Return only if the backbone is a decoder, which foretells the next word."""
        if reads_ahead(backbone.model.base_model):
            raise MethodError(
                f"{backbone.name} reads tokens that come later, so it foretells no next word. label_words needs a "
                "decoder, such as qwen3-0.6b; for an encoder use lora."
            )

    def make_room(self, backbone: Backbone) -> None:
        """Lower `max_tokens` by the prompt, examples at their full length.

        Raises:
            MethodError: If the backbone is no decoder, a label's word will not do, or the text gets under 16 tokens.
        """
        self.require(backbone)
        names = backbone.labels.names
        longest = [([0] * self.config.shot_tokens, names[i % len(names)]) for i in range(self.config.n_shots)]
        prompt = self._prompt(backbone, longest)
        n, limit = len(prompt.before) + len(prompt.after), max_tokens_of(backbone.model, backbone.tokenizer)
        if limit - n < LEAST_ROOM:
            raise MethodError(
                f"The prompt takes {n} tokens, and {backbone.name} reads {limit} at once. Expected at most "
                f"{limit - LEAST_ROOM}, so that {LEAST_ROOM} are left for text: shorten method.instruction, or lower "
                "method.n_shots or method.shot_tokens."
            )
        backbone.max_tokens = min(backbone.max_tokens, limit - n)

    def look_at(self, backbone: Backbone, rows: Sequence[TokenIds], targets: Sequence[int]) -> None:
        """Choose the examples of the prompt: the first texts of each class, classes in turn.

        Raises:
            MethodError: If a class has too few texts.
        """
        begin, end = (set(marks) for marks in marks_of(backbone.tokenizer))
        names, n = backbone.labels.names, self.config.n_shots
        of_class = [[row for row, target in zip(rows, targets, strict=True) if target == i] for i in range(len(names))]
        self.shots = []
        for index in range(n):
            place, label = divmod(index, len(names))
            if place >= len(of_class[label]):
                raise MethodError(
                    f"method.n_shots is {n}, but there are {len(of_class[label])} {names[label]} texts to choose from. "
                    "Lower it, or give more texts."
                )
            ids = [int(token) for token in of_class[label][place] if int(token) not in begin | end]
            self.shots.append((ids[: self.config.shot_tokens], names[label]))

    def _prompt(self, backbone: Backbone, shots: Sequence[tuple[list[int], str]]) -> Prompt:
        return build_prompt(
            backbone.tokenizer,
            backbone.labels.names,
            words=self.config.label_words,
            introduction=self.config.introduction,
            instruction=self.config.instruction,
            shots=shots,
        )

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The decoder with its own head for the next word, inside the prompt.

        The backbone's network is let go before the one with the head is read, so that memory holds one of them.

        Raises:
            MethodError: If the backbone is no decoder, or `n_shots` examples were not chosen by `look_at`.
        """
        if len(self.shots) != self.config.n_shots:
            raise MethodError(f"method.n_shots is {self.config.n_shots}, but no texts were looked at before.")
        self.make_room(backbone)
        return self._built(backbone, self._prompt(backbone, self.shots), seed=seed)

    def _built(self, backbone: Backbone, prompt: Prompt, *, seed: int) -> NextWord:
        names = list(network_linears(backbone, self.config))
        network = load_causal_network(backbone)
        prepare_network(network, names, self.config, seed=seed)
        return NextWord(network, prompt.frame(backbone), list(prompt.words.values()), text=prompt.text).eval()

    def n_trainable(self, backbone: Backbone) -> int:
        """Sum of r (d_in + d_out) over targets; every weight with network = full, tied ones once; or nothing."""
        self.require(backbone)
        linears = network_linears(backbone, self.config)
        n_parameters = n_causal_parameters(backbone) if self.config.network == "full" else 0
        return n_network(n_parameters, linears, self.config)

    def loss(
        self, logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, *, smoothing: float = 0.0
    ) -> torch.Tensor:
        """The weighted mean of -log p of the true label's word, in nats.

        Args:
            logits: Log-probabilities of the label words, shape (n_texts, n_labels), float32.
            targets: Class indices, shape (n_texts,).
            weights: Weight of each text, shape (n_texts,), mean 1 over the training texts.
            smoothing: Share of certainty given to all label words alike.
        """
        if self.config.loss == "labels":
            return super().loss(logits, targets, weights, smoothing=smoothing)
        of_answer = -logits.gather(1, targets[:, None])[:, 0]
        return (((1 - smoothing) * of_answer - smoothing * logits.mean(1)) * weights).mean()

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write the prompt, as ids and for people, and what trained."""
        assert isinstance(model, NextWord), "of `prepare` or `load`"
        frame = model.frame
        value = {
            "text": model.text,
            "before": frame.before.tolist(),
            "after": frame.after.tolist(),
            "words": model.words.tolist(),
        }
        write_json(folder / PROMPT, value)
        save_file(trained_weights(model), folder / WEIGHTS)

    def load(self, backbone: Backbone, folder: Path) -> nn.Module:
        """The decoder in the saved prompt, whose examples are there as they were, with the saved weights."""
        value = read_json(folder / PROMPT)
        self.make_room(backbone)
        words = dict(zip(backbone.labels.names, value["words"], strict=True))
        model = self._built(backbone, Prompt(value["before"], value["after"], words, value["text"]), seed=0)
        read_weights(model, folder / WEIGHTS, expected=list(trainable(model)))
        return model

    def merge(self, model: nn.Module) -> PreTrainedModel:
        """A copy with any A and B folded in. Stock transformers has no such classifier; tain and ONNX read it."""
        return fold_adapters(deepcopy(model))  # type: ignore[return-value]

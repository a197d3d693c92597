"""Prompt tuning: k trained vectors are read along with every text, by a network that stays as it is.

    logits = f([x_1; P; x_2 ... x_n]) for encoders,   f([P; x_1 ... x_n]) for decoders,   P (k, e)

e is the width of the token embeddings. Only P and the head train: k e parameters and the head's.

Source: Lester et al. 2021, "The Power of Scale for Parameter-Efficient Prompt Tuning", arXiv:2104.08691, on a T5 that
writes the name of the class. Differs: there is a head, so the class names are only where P may start; the steps are
AdamW's, not Adafactor's. The paper's rate is 0.3, hundreds of times LoRA's: expect to raise `training.lr` to 0.01 and
more, and set `training.head_lr` apart.

Where P stands. Encoders are trained to find their first token ([CLS], <s>) at position 0, and BERT's own pooler reads
position 0 whatever stands there. P therefore goes behind the first token in encoders, and before everything in
decoders, where every token sees it. Position ids run on through P: what stands behind it is k places further on.

What is pooled. The states of P are taken out again before anything outside the body sees them, so every pooling reads
the tokens of the text, at the places where they would be without P: first is the text's first token, last its last one,
and a mean counts no virtual token. peft, by contrast, prepends P and leaves it there: poolers that read position 0
then see a virtual token and nothing of the text but by attention, and decoders, which it calls without token ids, are
pooled at the padding of a batch.

Cost: k tokens in every pass, and k fewer of the network's limit for text: `Backbone.max_tokens` goes down by k.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import nn

from tain.core.errors import MethodError
from tain.methods.method import Method, MethodConfig
from tain.methods.wrapping import Wrapper, body_of, read_own, save_own, wrap
from tain.models import Backbone
from tain.models.backbone import max_tokens_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FILE = "prompt.safetensors"
N_FREQUENT = 5_000  # of the paper; vocabularies are ordered by frequency, or by merges, which is nearly the same
LEAST_ROOM = 16
MARKER = re.compile(r"\[.*\]|<.*>")  # [unused7], <extra_id_3>, <0x0A>: tokens of no text


class PromptTuningSettings(MethodConfig):
    """Settings of prompt tuning."""

    n_tokens: int = Field(20, ge=1, description="Virtual tokens k; as many fewer of a text are read at once.")
    init: Literal["class_labels", "vocabulary", "random"] = Field(
        "class_labels",
        description="Where P starts: at the words of the label names and then at frequent tokens (the paper's "
        "choice), at frequent tokens alone, or uniform in -0.5 to 0.5.",
    )


class PromptedNetwork(Wrapper):
    """The body of a network that reads P with every text, and returns the states of the text alone."""

    def __init__(self, network: nn.Module, prompt: torch.Tensor, *, place: int, max_tokens: int) -> None:
        """Hold the prompt; nothing is drawn.

        Args:
            network: The body.
            prompt: Shape (k, e).
            place: How many tokens of the text stand before it.
            max_tokens: The longest text that still fits beside it.
        """
        super().__init__(network)
        self.prompt = nn.Parameter(prompt)
        self.place = place
        self.max_tokens = max_tokens

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        **rest: Any,  # noqa: ANN401 (whatever the network takes)
    ) -> Any:  # noqa: ANN401 (transformers' output, which differs by family)
        """What the body answers, `last_hidden_state` of shape (n_texts, n_tokens, d), the prompt's states left out.

        Args:
            input_ids: Shape (n_texts, n_tokens), padded on the right.
            attention_mask: Like it; None means no padding.
            rest: Passed on. `token_type_ids` are filled up with zeros.

        Raises:
            MethodError: If text and prompt are longer than the network reads, or `rest` has positions or embeddings.
        """
        self._require(input_ids, rest)
        words = self.get_input_embeddings()(input_ids)
        prompt = self.prompt.to(words.dtype).expand(len(words), -1, -1)
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        beside = mask.new_ones(prompt.shape[:2])
        given = {name: value for name, value in rest.items() if value is not None}
        if "token_type_ids" in given:
            given["token_type_ids"] = self._with(given["token_type_ids"], torch.zeros_like(beside))
        output = self.network(inputs_embeds=self._with(words, prompt), attention_mask=self._with(mask, beside), **given)
        output.last_hidden_state = self._without(output.last_hidden_state)
        return output

    def _with(self, of_text: torch.Tensor, of_prompt: torch.Tensor) -> torch.Tensor:
        return torch.cat([of_text[:, : self.place], of_prompt, of_text[:, self.place :]], dim=1)

    def _without(self, states: torch.Tensor) -> torch.Tensor:
        return torch.cat([states[:, : self.place], states[:, self.place + len(self.prompt) :]], dim=1)

    def _require(self, input_ids: torch.Tensor, rest: dict[str, Any]) -> None:
        if (n_tokens := input_ids.shape[1]) > self.max_tokens:
            raise MethodError(
                f"A text of {n_tokens} tokens and a prompt of {len(self.prompt)} are more than the network reads at "
                f"once. Cut texts to {self.max_tokens} tokens, or lower method.n_tokens and train again."
            )
        if odd := [name for name in ("position_ids", "inputs_embeds") if rest.get(name) is not None]:
            raise MethodError(f"A network with a prompt takes no {' or '.join(odd)}. Give it token ids and their mask.")


class PromptTuning(Method[PromptTuningSettings]):
    """Trained virtual tokens in front of the text, or behind its first token, and the head."""

    kind: ClassVar[str] = "prompt_tuning"
    config_type: ClassVar[type[MethodConfig]] = PromptTuningSettings
    can_merge: ClassVar[bool] = False
    starts_at_base: ClassVar[bool] = False
    saves_peft: ClassVar[bool] = False

    def make_room(self, backbone: Backbone) -> None:
        """Lower `max_tokens` to what fits beside the prompt.

        Raises:
            MethodError: If fewer than 16 tokens would be left for text.
        """
        limit = max_tokens_of(backbone.model, backbone.tokenizer)
        if (room := limit - self.config.n_tokens) < LEAST_ROOM:
            raise MethodError(
                f"method.n_tokens is {self.config.n_tokens}, but {backbone.name} reads {limit} tokens at once. "
                f"Expected at most {limit - LEAST_ROOM}, so that {LEAST_ROOM} are left for text."
            )
        backbone.max_tokens = min(backbone.max_tokens, room)

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The backbone with a prompt drawn from `seed`; it and the head train."""
        return self._prompted(backbone, self._start(backbone, seed))

    def n_trainable(self, backbone: Backbone) -> int:
        """The prompt's k e, and the head."""
        return self.config.n_tokens * _table(backbone).embedding_dim + backbone.n_head_parameters

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write the prompt and the head."""
        save_own(model, folder / FILE)

    def load(self, backbone: Backbone, folder: Path) -> nn.Module:
        """The backbone with a saved prompt and head."""
        empty = torch.zeros(self.config.n_tokens, _table(backbone).embedding_dim, device=backbone.model.device)
        model = self._prompted(backbone, empty)
        read_own(model, folder / FILE)
        return model

    def merge(self, model: nn.Module) -> PreTrainedModel:
        """Not possible: a plain network has no place for a prompt.

        Raises:
            MethodError: Always.
        """
        raise MethodError("A prompt cannot be merged into a plain network. Score with tain, which reads it as it is.")

    def _prompted(self, backbone: Backbone, prompt: torch.Tensor) -> nn.Module:
        self.make_room(backbone)
        # transformers names the head `score` where, and only where, the network is a decoder.
        place = 0 if backbone.head_name == "score" else 1
        return wrap(backbone, PromptedNetwork(body_of(backbone), prompt, place=place, max_tokens=backbone.max_tokens))

    def _start(self, backbone: Backbone, seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        k, table = self.config.n_tokens, _table(backbone)
        if self.config.init == "random":
            return (torch.rand(k, table.embedding_dim, generator=generator) - 0.5).to(table.weight.device)
        rows = _of_labels(backbone)[:k] if self.config.init == "class_labels" else []
        ordinary = _frequent(backbone)
        while len(rows) < k:  # without repeats while the vocabulary lasts
            order = torch.randperm(len(ordinary), generator=generator)
            rows += [[ordinary[index]] for index in order[: k - len(rows)].tolist()]
        return torch.stack([_mean_vector(table, ids) for ids in rows])


def _table(backbone: Backbone) -> nn.Embedding:
    table = backbone.model.get_input_embeddings()
    assert isinstance(table, nn.Embedding), "a network of transformers embeds its tokens by a table"
    return table


@torch.no_grad()
def _mean_vector(table: nn.Embedding, ids: list[int]) -> torch.Tensor:
    # By the module, not its weight: some families scale what they look up.
    vectors: torch.Tensor = table(torch.tensor(ids, device=table.weight.device)).float()
    return vectors[0].clone() if len(ids) == 1 else vectors.mean(0)


def _of_labels(backbone: Backbone) -> list[list[int]]:
    """The token ids of each label name, those it knows none of left out."""
    tokenizer, found = backbone.tokenizer, []
    for name in backbone.labels.names:
        # Inside a text a word follows a space, which byte-level vocabularies hold as part of its token.
        ways = (tokenizer(f" {name}", add_special_tokens=False), tokenizer(name, add_special_tokens=False))
        ids: list[int] = min((way["input_ids"] for way in ways), key=len)
        if known := [token for token in ids if token != tokenizer.unk_token_id]:
            found.append(known)
    return found


def _frequent(backbone: Backbone) -> list[int]:
    """The first 5,000 ids of the vocabulary that stand for text."""
    special = set(backbone.tokenizer.all_special_ids)
    n_ids = min(len(backbone.tokenizer), _table(backbone).num_embeddings)
    names = backbone.tokenizer.convert_ids_to_tokens(list(range(n_ids)))
    found = [
        token
        for token, name in enumerate(names)
        if token not in special and name and not MARKER.fullmatch(name) and any(map(str.isalnum, name))
    ]
    if not found:
        raise MethodError(f"{backbone.name}: its vocabulary has no token with a letter. Use method.init random.")
    return found[:N_FREQUENT]

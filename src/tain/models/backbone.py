"""A pretrained network with a plain classification head, and its tokenizer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from tain.core.errors import ConfigError, DetectorError
from tain.core.example import LabelSet
from tain.models.dropout import set_dropout
from tain.models.pooling import Pooling, with_pooling
from tain.models.presets import find_base
from tain.models.t5_encoder import encoder_classifier, is_encoder_decoder
from tain.models.transposed import with_plain_linears

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

HEAD_NAMES = ("classifier", "score", "classification_head")
DEFAULT_MAX_TOKENS = 512
DType = Literal["float32", "bfloat16"]


@dataclass
class Backbone:
    """What every Method starts from.

    Attributes:
        name: As the user named it: preset, Hub id or folder.
        model: A transformers sequence-classification model in eval mode, dropout off.
        tokenizer: Its tokenizer, with a padding token.
        labels: The classes of the head, in order.
        pooling: How token states become one vector.
        max_tokens: The longest input the network can read.
    """

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    labels: LabelSet
    pooling: Pooling
    max_tokens: int

    @property
    def head_name(self) -> str:
        """The attribute that holds the classification head, named as peft's `modules_to_save` names it."""
        for name in HEAD_NAMES:
            if isinstance(getattr(self.model, name, None), nn.Module):
                return name
        raise DetectorError(f"{type(self.model).__name__} has no head named {' or '.join(HEAD_NAMES)}.")

    @property
    def n_head_parameters(self) -> int:
        """The number of parameters in the head."""
        return sum(parameter.numel() for parameter in getattr(self.model, self.head_name).parameters())


def load_backbone(
    name: str,
    labels: LabelSet,
    *,
    pooling: Pooling = "native",
    dtype: DType = "float32",
    seed: int = 0,
    revision: str | None = None,
) -> Backbone:
    """A backbone with a fresh head.

    The head is drawn from `seed` alone, whatever else was drawn before; other weights that a checkpoint lacks are the
    same for every seed. Dropout is set to zero in the
    frozen network: it costs 40% of the training time on a CPU and methods that want it bring their own.

    Args:
        name: Preset, folder or Hub id.
        labels: The classes the head chooses from.
        pooling: `native` is what the architecture does itself and what stock tools reload; `mean`,
            `first` and `last` replace it.
        dtype: Precision of the weights in memory.
        seed: Seed of the head.
        revision: Hub revision; None takes the newest.

    Raises:
        ConfigError: If the name is no backbone.
        DetectorError: If the weights cannot be loaded.
    """
    from transformers import AutoConfig, AutoTokenizer

    location = find_base(name)
    try:
        config = AutoConfig.from_pretrained(location, revision=revision, trust_remote_code=False)
        config.num_labels = len(labels)
        config.id2label = dict(enumerate(labels.names))
        config.label2id = {label: index for index, label in enumerate(labels.names)}
        tokenizer = AutoTokenizer.from_pretrained(location, revision=revision, trust_remote_code=False)
        load = partial(_loaded, config, location, revision=revision, dtype=dtype)
        model, drawn = load(seed=seed)
        if seed and drawn:
            # What a checkpoint lacks besides the head, as DeBERTa's pooler, is no part of a saved classifier either.
            _copy_weights(load(seed=0)[0], model, drawn)
    except (OSError, ValueError, KeyError, UnpicklingError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DetectorError(
            f"--base {name}: cannot be loaded ({reason}). Expected a folder or Hub id of a transformers encoder or "
            "decoder with its tokenizer; unset HF_HUB_OFFLINE if it has to be fetched."
        ) from error
    _give_padding_token(model, tokenizer)
    with_plain_linears(model)
    # Keys and values would be kept for words that are to follow, and none will.
    model.config.get_text_config().use_cache = False
    set_dropout(model)
    model.requires_grad_(False)
    model.train(False)
    return Backbone(name, with_pooling(model, pooling), tokenizer, labels, pooling, max_tokens_of(model, tokenizer))


def _loaded(
    config: PretrainedConfig, location: str, *, revision: str | None, dtype: DType, seed: int
) -> tuple[PreTrainedModel, list[str]]:
    """A model, and the names of the weights besides the head that its checkpoint lacks."""
    with torch.random.fork_rng(devices=[]), quiet_loading():
        torch.manual_seed(seed)
        model, info = _class_of(config).from_pretrained(
            location,
            revision=revision,
            config=config,
            dtype=getattr(torch, dtype),
            trust_remote_code=False,
            output_loading_info=True,
        )
    return model, sorted(name for name in info["missing_keys"] if not set(HEAD_NAMES) & set(name.split(".")))


def _copy_weights(source: PreTrainedModel, target: PreTrainedModel, names: list[str]) -> None:
    values, places = source.state_dict(), target.state_dict()
    with torch.no_grad():
        for name in names:
            places[name].copy_(values[name])


def _class_of(config: PretrainedConfig) -> Any:  # noqa: ANN401 (transformers' own loaders share no type)
    from transformers import AutoModelForSequenceClassification

    return encoder_classifier(config) if is_encoder_decoder(config) else AutoModelForSequenceClassification


class quiet_loading:
    """Silence the report on missing head weights: a fresh head is what was asked for."""

    def __enter__(self) -> None:
        """Remember how much was said."""
        from transformers.utils import logging

        self.verbosity = logging.get_verbosity()
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]

    def __exit__(self, *_: object) -> None:
        """Say as much again."""
        from transformers.utils import logging

        logging.set_verbosity(self.verbosity)


def _give_padding_token(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    # Decoders often have no padding token, and without one transformers refuses batches.
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token_id is None:
            raise ConfigError(f"{tokenizer.name_or_path}: the tokenizer has neither a padding nor an end token.")
        tokenizer.pad_token = tokenizer.eos_token
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id


def max_tokens_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """The longest input that both a network and its tokenizer can read."""
    config = model.config.get_text_config()
    positions = getattr(config, "max_position_embeddings", None) or DEFAULT_MAX_TOKENS
    if config.model_type in {"roberta", "xlm-roberta", "camembert"}:
        positions -= 2  # their position ids start behind the padding index
    return int(min(positions, tokenizer.model_max_length))

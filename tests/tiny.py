"""Backbones small enough to train in a test: random weights from a config, with a real tokenizer of few words."""

import json
import random
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    BertConfig,
    DebertaV2Config,
    GPT2Config,
    LlamaConfig,
    ModernBertConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    RobertaConfig,
    T5Config,
    XLMRobertaConfig,
)

WORDS = tuple(f"w{index}" for index in range(40))
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def tiny_tokenizer(*, max_tokens: int = 64) -> PreTrainedTokenizerFast:
    vocabulary = {word: index for index, word in enumerate((*SPECIAL, *WORDS, "."))}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=max_tokens,
    )


SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
DECODER_SIZES = {**SIZES, "num_key_value_heads": 1}
POSITIONS = {"max_position_embeddings": 64, "initializer_range": 0.2}
T5_SIZES = {
    "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "feed_forward_proj": "gated-gelu",
    "initializer_factor": 0.5,
}  # fmt: skip
FAMILIES = {
    "bert": (BertConfig, {**SIZES, **POSITIONS}),
    "roberta": (RobertaConfig, {**SIZES, **POSITIONS, "max_position_embeddings": 70}),
    "xlm-roberta": (XLMRobertaConfig, {**SIZES, **POSITIONS, "max_position_embeddings": 70}),
    "deberta-v3": (
        DebertaV2Config,
        {
            **SIZES, **POSITIONS, "relative_attention": True, "position_buckets": 8, "norm_rel_ebd": "layer_norm",
            "share_att_key": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False, "type_vocab_size": 0,
        },
    ),
    "modernbert": (ModernBertConfig, {**SIZES, **POSITIONS, "cls_token_id": 2, "sep_token_id": 3}),
    "t5-encoder": (T5Config, T5_SIZES),
    "llama": (LlamaConfig, {**DECODER_SIZES, **POSITIONS}),
    "gpt2": (
        GPT2Config,
        {
            "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64, "initializer_range": 0.2,
            "bos_token_id": None, "eos_token_id": None,
        },
    ),
    "qwen": (Qwen2Config, {**DECODER_SIZES, **POSITIONS}),
}  # fmt: skip

_DECODERS = (LlamaConfig, Qwen2Config, GPT2Config)
_LOADERS = {T5Config: AutoModelForSeq2SeqLM} | dict.fromkeys(_DECODERS, AutoModelForCausalLM)


def save_tiny(family: str, folder: Path) -> Path:
    """A backbone of a family with random weights: a masked, a causal or an encoder-decoder model and its tokenizer."""
    tokenizer = tiny_tokenizer()
    kind, sizes = FAMILIES[family]
    config = kind(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **sizes)
    torch.manual_seed(0)
    with torch.random.fork_rng():
        _LOADERS.get(kind, AutoModelForSequenceClassification).from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_tiny_encoder(folder: Path) -> Path:
    return save_tiny("bert", folder)


def save_tiny_texts(folder: Path, *, n: int = 240) -> Path:
    """Texts of two classes that differ in which words are frequent, so that there is something to learn."""
    rng = random.Random(0)
    with (folder / "texts.jsonl").open("w") as file:
        for index in range(n):
            label = index % 2
            words = rng.choices(WORDS, weights=[1 + 2 * ((i % 2) == label) for i in range(len(WORDS))], k=30)
            file.write(json.dumps({"id": str(index), "text": " ".join(words) + ".", "label": label}) + "\n")
    return folder / "texts.jsonl"


def save_tiny_decoder(folder: Path) -> Path:
    return save_tiny("llama", folder)

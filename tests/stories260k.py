"""A real language model of 260 thousand parameters, from llama2.c's own files to a transformers folder."""

import struct
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, normalizers
from tokenizers.models import BPE
from tokenizers.processors import TemplateProcessing
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

HEADER = struct.Struct("<7i")


def save_stories260k(source: Path, folder: Path) -> Path:
    """The model and tokenizer of `stories260K.bin` and `tok512.bin`, as transformers saves them."""
    model = _model(source / "stories260K.bin")
    model.save_pretrained(folder)
    _tokenizer(source / "tok512.bin", max_tokens=model.config.max_position_embeddings).save_pretrained(folder)
    return folder


def _model(file: Path) -> LlamaForCausalLM:
    data = file.read_bytes()
    dim, hidden, n_layers, n_heads, n_kv, vocabulary, context = HEADER.unpack_from(data)
    assert vocabulary > 0, "a negative size would say that the output weights are not the embeddings"
    numbers = _taker(np.frombuffer(data, dtype="<f4", offset=HEADER.size))
    kv_dim = dim // n_heads * n_kv
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=dim, intermediate_size=hidden, num_hidden_layers=n_layers,
        num_attention_heads=n_heads, num_key_value_heads=n_kv, max_position_embeddings=context,
        rms_norm_eps=1e-5, tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, pad_token_id=None,
    )  # fmt: skip
    shapes = {
        "input_layernorm": (dim,), "self_attn.q_proj": (dim, dim), "self_attn.k_proj": (kv_dim, dim),
        "self_attn.v_proj": (kv_dim, dim), "self_attn.o_proj": (dim, dim), "post_attention_layernorm": (dim,),
        "mlp.gate_proj": (hidden, dim), "mlp.down_proj": (dim, hidden), "mlp.up_proj": (hidden, dim),
    }  # fmt: skip
    state = {"model.embed_tokens.weight": numbers(vocabulary, dim)}
    for name, shape in shapes.items():
        for layer, weight in enumerate(numbers(n_layers, *shape)):
            state[f"model.layers.{layer}.{name}.weight"] = weight
    state["model.norm.weight"] = numbers(dim)
    for layer in range(n_layers):
        for name, heads in (("q_proj", n_heads), ("k_proj", n_kv)):
            key = f"model.layers.{layer}.self_attn.{name}.weight"
            state[key] = _halves(state[key], heads)
    model = LlamaForCausalLM(config)
    tensors = {name: torch.tensor(np.array(value)) for name, value in state.items()}
    missing, unexpected = model.load_state_dict(tensors, strict=False)
    assert (list(missing), list(unexpected)) == (["lm_head.weight"], [])
    return model.eval()


def _taker(numbers):
    place = 0

    def take(*shape):
        nonlocal place
        size = int(np.prod(shape))
        place += size
        return numbers[place - size : place].reshape(shape)

    return take


def _halves(weight, n_heads):
    # llama2.c turns neighbouring pairs of a head; transformers turns its first half against its second.
    rows, columns = weight.shape
    return weight.reshape(n_heads, rows // n_heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _tokenizer(file: Path, *, max_tokens: int) -> PreTrainedTokenizerFast:
    pieces = _pieces(file.read_bytes())
    vocabulary = {piece: index for index, (piece, _) in enumerate(pieces)}
    scores = dict(pieces)
    pairs = [
        (-scores[piece], len(left), left, piece[len(left) :])
        for piece in vocabulary
        for left in (piece[:cut] for cut in range(1, len(piece)))
        if left in vocabulary and piece[len(left) :] in vocabulary and not piece.startswith("<")
    ]
    merges = [(left, right) for _, _, left, right in sorted(pairs)]
    tokenizer = Tokenizer(BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>", model_max_length=max_tokens
    )


def _pieces(data: bytes) -> list[tuple[str, float]]:
    place, found = 4, []
    while place < len(data):
        score, size = struct.unpack_from("<fi", data, place)
        piece = data[place + 8 : place + 8 + size].decode("utf-8")
        found.append((piece.strip("\n") if piece.strip("\n") in {"<s>", "</s>"} else piece.replace(" ", "▁"), score))
        place += 8 + size
    return found

"""Turn the 260-thousand-parameter llama of llama2.c into a folder that transformers loads and serves.

    scripts/weights/stories260k.py SOURCE OUTPUT

SOURCE holds stories260K.bin (the legacy format: seven integers, then float32) and tok512.bin, both MIT, from
https://github.com/karpathy/llama2.c. tests/reference_llama.py decodes the same files without torch; a test compares.
"""

import argparse
import struct
from pathlib import Path

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, normalizers
from tokenizers.models import BPE
from tokenizers.processors import TemplateProcessing
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

HEADER = struct.Struct("<7i")
SPACE = "▁"  # stands for a space inside tokens, as sentencepiece writes it
UNKNOWN, BEGIN, END = "<unk>", "<s>", "</s>"
# The model knows no roles; it goes on with whatever stands there.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ m.content }}{% if not loop.last %}{{ '\n' }}{% endif %}{% endfor %}"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    convert(arguments.source, arguments.output)
    print(arguments.output)


def convert(source: Path, output: Path) -> None:
    """Write model and tokenizer as transformers keeps them."""
    config, weights = read_checkpoint(source / "stories260K.bin")
    model = LlamaForCausalLM(config)
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if unexpected or set(missing) - {"lm_head.weight"}:
        raise SystemExit(f"The checkpoint does not fit: missing {missing}, unexpected {unexpected}.")
    model.tie_weights()
    # A story ends where the next would begin, so both marks end the text; run.c samples unless it is told not to.
    model.generation_config = GenerationConfig(do_sample=True, bos_token_id=1, eos_token_id=[1, 2], pad_token_id=0)
    model.save_pretrained(output)
    build_tokenizer(source / "tok512.bin", config.vocab_size, config.max_position_embeddings).save_pretrained(output)


def read_checkpoint(path: Path) -> tuple[LlamaConfig, dict[str, torch.Tensor]]:
    """Settings and weights in the names and the order that transformers gives them."""
    data = path.read_bytes()
    dim, hidden, n_layers, n_heads, n_kv_heads, vocabulary, context = HEADER.unpack_from(data)
    if vocabulary < 0:
        raise SystemExit(f"{path} has an output matrix of its own; expected one shared with the embeddings.")
    head = dim // n_heads
    values, at = np.frombuffer(data, "<f4", offset=HEADER.size), 0

    def take(*shape: int) -> torch.Tensor:
        nonlocal at
        size = int(np.prod(shape))
        at += size
        return torch.from_numpy(values[at - size : at].reshape(shape).copy())

    weights = {"model.embed_tokens.weight": take(vocabulary, dim)}
    parts = (
        ("input_layernorm", (dim,)),
        ("self_attn.q_proj", (dim, dim)),
        ("self_attn.k_proj", (n_kv_heads * head, dim)),
        ("self_attn.v_proj", (n_kv_heads * head, dim)),
        ("self_attn.o_proj", (dim, dim)),
        ("post_attention_layernorm", (dim,)),
        ("mlp.gate_proj", (hidden, dim)),
        ("mlp.down_proj", (dim, hidden)),
        ("mlp.up_proj", (hidden, dim)),
    )
    for name, shape in parts:
        stacked = take(n_layers, *shape)
        for layer in range(n_layers):
            weight = stacked[layer]
            if name.endswith(("q_proj", "k_proj")):
                weight = split_pairs(weight, head)
            weights[f"model.layers.{layer}.{name}.weight"] = weight.contiguous()
    weights["model.norm.weight"] = take(dim)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=dim,
        intermediate_size=hidden,
        num_hidden_layers=n_layers,
        num_attention_heads=n_heads,
        num_key_value_heads=n_kv_heads,
        max_position_embeddings=context,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    return config, weights


def split_pairs(weight: torch.Tensor, head: int) -> torch.Tensor:
    """Rows of a projection from llama2.c's order to that of transformers.

    Both rotate pairs of numbers by the position: the one neighbours, the other the two halves of a head.
    """
    rows, columns = weight.shape
    return weight.view(rows // head, head // 2, 2, columns).transpose(1, 2).reshape(rows, columns)


def build_tokenizer(path: Path, n_tokens: int, context: int) -> PreTrainedTokenizerFast:
    """The byte-pair tokenizer; which pairs merge first follows from the scores of what they make."""
    pieces = read_pieces(path, n_tokens)
    vocabulary = {piece: index for index, (piece, _) in enumerate(pieces)}
    scores = dict(pieces)
    merges = [
        (-scores[piece], vocabulary[piece[:cut]], piece[:cut], piece[cut:])
        for piece in vocabulary
        for cut in range(1, len(piece))
        if not (piece.startswith("<") and piece.endswith(">")) and {piece[:cut], piece[cut:]} <= vocabulary.keys()
    ]
    ordered = [(left, right) for _, _, left, right in sorted(merges)]
    tokenizer = Tokenizer(BPE(vocabulary, ordered, unk_token=UNKNOWN, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.post_processor = TemplateProcessing(single=f"{BEGIN} $A", special_tokens=[(BEGIN, vocabulary[BEGIN])])
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in (UNKNOWN, BEGIN, END)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token=UNKNOWN,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=UNKNOWN,
        model_max_length=context,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def read_pieces(path: Path, n_tokens: int) -> list[tuple[str, float]]:
    """Each token and its score; the first is merged first where the score is highest."""
    data, at, pieces = path.read_bytes(), 4, []
    for _ in range(n_tokens):
        score, size = struct.unpack_from("<fi", data, at)
        piece = data[at + 8 : at + 8 + size].decode()
        pieces.append((piece.replace(" ", SPACE), score))
        at += 8 + size
    return [(UNKNOWN, 0.0), (BEGIN, 0.0), (END, 0.0), *pieces[3:]]


if __name__ == "__main__":
    main()

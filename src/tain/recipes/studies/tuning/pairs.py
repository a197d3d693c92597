"""Token ids of texts and of pairs of texts.

A pair is joined as the tokenizer joins two segments: `[CLS] a [SEP] b [SEP]` for BERT, `<s> a </s></s> b </s>` for
RoBERTa. Segment ids are left out, as nothing here gives them to a network: the separators tell the two apart. Where a
tokenizer adds nothing for a second segment, as those of decoders do, its separator stands between the two, or a line
break where it has none. A pair that is too long loses tokens of its longer text first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Ids = list[int]


def token_ids(tokenizer: Any, texts: Sequence[str], pairs: Sequence[str | None], *, max_tokens: int) -> list[Ids]:  # noqa: ANN401
    """Token ids with special tokens.

    Args:
        tokenizer: Of transformers.
        texts: The texts, or the first of each pair.
        pairs: The second of each pair; None for all where there are none.
        max_tokens: Longest row.
    """
    if not len(texts):
        return []
    if pairs[0] is None:
        plain: list[Ids] = tokenizer(list(texts), truncation=True, max_length=max_tokens)["input_ids"]
        return plain
    if tokenizer.num_special_tokens_to_add(pair=True) > tokenizer.num_special_tokens_to_add(pair=False):
        joined: list[Ids] = tokenizer(list(texts), list(pairs), truncation="longest_first", max_length=max_tokens)[
            "input_ids"
        ]
        return joined
    return _joined(tokenizer, texts, [str(pair) for pair in pairs], max_tokens)


def _joined(tokenizer: Any, texts: Sequence[str], pairs: Sequence[str], max_tokens: int) -> list[Ids]:  # noqa: ANN401
    before, after = _around(tokenizer)
    between = [tokenizer.sep_token_id] if tokenizer.sep_token_id is not None else _bare(tokenizer, "\n")
    room = max_tokens - len(before) - len(after) - len(between)
    rows = []
    for text, pair in zip(texts, pairs, strict=True):
        first, second = _trimmed(_bare(tokenizer, text), _bare(tokenizer, pair), room)
        rows.append([*before, *first, *between, *second, *after])
    return rows


def _bare(tokenizer: Any, text: str) -> Ids:  # noqa: ANN401
    ids: Ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return ids


def _around(tokenizer: Any) -> tuple[Ids, Ids]:  # noqa: ANN401
    """The special tokens before and after a single text."""
    whole, bare = tokenizer("a")["input_ids"], _bare(tokenizer, "a")
    for start in range(len(whole) - len(bare) + 1):
        if whole[start : start + len(bare)] == bare:
            return whole[:start], whole[start + len(bare) :]
    return [], []


def _trimmed(first: Ids, second: Ids, room: int) -> tuple[Ids, Ids]:
    half = room // 2
    n_second = max(room - len(first), half) if len(second) > half else len(second)
    second = second[:n_second]
    return first[: room - len(second)], second

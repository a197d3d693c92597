"""Fixed token ids around those of a text: a prefix, or a whole prompt, put in where the network reads them.

    [begin] text [end]  becomes  [begin] before text after [end]

Rows of token ids stay those of the texts alone, so that training, windows, scoring and a saved classifier all get the
same frame from one place. Differs from tokenising prompt and text in one go: no token spans the seam between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PROBE = "a"


class Frame(nn.Module):
    """Puts ids before and after each text of a batch. Holds no weights; moves with the network it belongs to."""

    before: torch.Tensor
    after: torch.Tensor
    begin: torch.Tensor
    end: torch.Tensor

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        *,
        before: Sequence[int],
        after: Sequence[int] = (),
        max_tokens: int,
        ends_open: bool = False,
    ) -> None:
        """Note the ids.

        Args:
            tokenizer: Says which marks it puts at the beginning and the end of a text.
            before: Ids put between the mark of the beginning and the text.
            after: Ids put behind the text.
            max_tokens: The longest text with its marks; what is longer loses its end, and nothing of the frame.
            ends_open: Drop the mark of the end and put padding on the left, so that the last column of every row is
                where a decoder goes on.
        """
        super().__init__()
        begin, end = marks_of(tokenizer)
        ids = {"before": before, "after": after, "begin": begin, "end": end}
        for name, values in ids.items():
            self.register_buffer(name, torch.tensor(list(values), dtype=torch.int64), persistent=False)
        self.pad_id = int(tokenizer.pad_token_id or 0)
        self.max_tokens = max_tokens
        self.ends_open = ends_open

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Framed ids and their mask.

        Args:
            input_ids: Texts with the tokenizer's own marks, shape (n_texts, n_tokens), padded on either side.
            attention_mask: 1 for real tokens, same shape.

        Returns:
            Both int64 of shape (n_texts, n_framed).
        """
        n_before, n_after = len(self.before), len(self.after)
        lengths = attention_mask.sum(1, keepdim=True)
        place = attention_mask.cumsum(1) - 1
        real = attention_mask != 0
        n_begin = _n_marks(input_ids, place, real, self.begin)
        n_end = _n_marks(input_ids, lengths - 1 - place, real, self.end.flip(0))
        stop = (lengths - n_end).clamp_max(self.max_tokens - len(self.end))
        n_kept_end = torch.zeros_like(n_end) if self.ends_open else n_end
        total = stop + n_before + n_after + n_kept_end
        width = input_ids.shape[1] + n_before + n_after
        shift = width - total if self.ends_open else torch.zeros_like(total)

        is_end = place >= lengths - n_end
        target = torch.where(place >= n_begin, place + n_before, place)
        target = torch.where(is_end, place - (lengths - n_end) + stop + n_before + n_after, target)
        is_kept = real & torch.where(is_end, n_kept_end > 0, place < stop)
        # What is dropped goes into one more column, which is cut off.
        target = torch.where(is_kept, target + shift, width)
        ids = input_ids.new_full((input_ids.shape[0], width + 1), self.pad_id).scatter(1, target, input_ids)
        ids = _put(ids, self.before, n_begin + shift)
        ids = _put(ids, self.after, stop + n_before + shift)[:, :width]
        column = torch.arange(width, device=ids.device)[None]
        mask = ((column >= shift) & (column < shift + total)).to(attention_mask.dtype)
        return ids, mask


def _n_marks(ids: torch.Tensor, place: torch.Tensor, real: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """How many marks stand at the places 0, 1, ... of each row, shape (n_texts, 1): all of them or none."""
    if not len(marks):
        return ids.new_zeros((ids.shape[0], 1))
    wanted = marks[place.clamp(0, len(marks) - 1)]
    n_equal = ((ids == wanted) & (place < len(marks)) & (place >= 0) & real).sum(1, keepdim=True)
    return torch.where(n_equal == len(marks), n_equal, torch.zeros_like(n_equal))


def _put(ids: torch.Tensor, values: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
    columns = start + torch.arange(len(values), device=ids.device)[None]
    return ids.scatter(1, columns, values.expand(ids.shape[0], -1))


def marks_of(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """The ids that a tokenizer puts before and behind every text."""
    plain, marked = plain_ids(tokenizer, PROBE), list(tokenizer(PROBE)["input_ids"])
    for start in range(len(marked) - len(plain) + 1):
        if marked[start : start + len(plain)] == plain:
            return marked[:start], marked[start + len(plain) :]
    return [], []


def plain_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """The ids of a text without marks."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def ids_behind(tokenizer: PreTrainedTokenizerBase, context: str, text: str) -> list[int]:
    """The ids of a text as it is written behind another, where some tokenizers cut otherwise than at a beginning.

    Args:
        tokenizer: Whose ids.
        context: What stands before.
        text: What is asked for.
    """
    own, both = plain_ids(tokenizer, context), plain_ids(tokenizer, context + text)
    return both[len(own) :] if both[: len(own)] == own else plain_ids(tokenizer, text)

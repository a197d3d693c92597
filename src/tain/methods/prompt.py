"""The prompt in which a text is put before a decoder, as token ids before and after it, and the words it may answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tain.core.errors import MethodError
from tain.models import Backbone
from tain.models.framing import PROBE, Frame, ids_behind, plain_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

INSTRUCTION, INPUT, RESPONSE = "### Instruction:\n", "### Input:\n", "\n\n### Response:\n"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What stands around a text.

    Attributes:
        before: Ids before the text.
        after: Ids behind it, the response marker last.
        words: The id of each label's word, by label.
        text: The whole for people, `{text}` where the text goes.
    """

    before: list[int]
    after: list[int]
    words: dict[str, int]
    text: str

    def frame(self, backbone: Backbone) -> Frame:
        """What puts the prompt around the texts of a batch."""
        return Frame(
            backbone.tokenizer,
            before=self.before,
            after=self.after,
            max_tokens=backbone.max_tokens,
            ends_open=True,
        )


def build_prompt(
    tokenizer: PreTrainedTokenizerBase,
    labels: Sequence[str],
    *,
    words: Mapping[str, str],
    introduction: str,
    instruction: str | None,
    shots: Sequence[tuple[list[int], str]] = (),
) -> Prompt:
    """The prompt of a set of labels.

    Args:
        tokenizer: Whose ids.
        labels: In the order of the scores.
        words: Word of each label; if empty, the label itself.
        introduction: First sentence.
        instruction: What is asked; None asks which word fits the input best.
        shots: Token ids and label of examples, shown before the text.

    Raises:
        MethodError: If the words do not fit the labels or the tokenizer.
    """
    answers = _words_of_labels(labels, words)
    asked = instruction or f"Which of these words fits the input best: {', '.join(answers.values())}?"
    head = f"{introduction}\n\n{INSTRUCTION}{asked}\n\n"
    after = ids_behind(tokenizer, PROBE, RESPONSE)
    ids = _ids_of_words(tokenizer, answers)
    text, before = head + INPUT, plain_ids(tokenizer, head + INPUT)
    for shot, label in shots:
        text += f"{tokenizer.decode(shot)}{RESPONSE}{answers[label]}\n\n{INPUT}"
        before += [*shot, *after, ids[label], *ids_behind(tokenizer, answers[label], f"\n\n{INPUT}")]
    return Prompt(before, after, ids, f"{text}{{text}}{RESPONSE}")


def _words_of_labels(labels: Sequence[str], words: Mapping[str, str]) -> dict[str, str]:
    if words and set(words) != set(labels):
        raise MethodError(
            f"method.label_words has words for {', '.join(words)}, and the labels are {', '.join(labels)}. Give one "
            "word for each label."
        )
    return {label: words.get(label, label) for label in labels}


def _ids_of_words(tokenizer: PreTrainedTokenizerBase, answers: Mapping[str, str]) -> dict[str, int]:
    """The one id of each word behind the response marker."""
    pieces = {label: ids_behind(tokenizer, PROBE + RESPONSE, word) for label, word in answers.items()}
    for label, ids in pieces.items():
        if not ids or ids[0] == tokenizer.unk_token_id:
            raise MethodError(
                f"method.label_words: the tokenizer does not know {answers[label]!r}, the word of {label}. Give "
                "another."
            )
    _need_other_beginnings(tokenizer, answers, pieces)
    for label, ids in pieces.items():
        if len(ids) > 1:
            cut = tokenizer.convert_ids_to_tokens(ids)
            raise MethodError(
                f"method.label_words: {answers[label]!r}, the word of {label}, is {len(ids)} tokens for this tokenizer "
                f"({', '.join(map(repr, cut))}), expected one. Give a shorter or more common word, such as A or B."
            )
    return {label: ids[0] for label, ids in pieces.items()}


def _need_other_beginnings(
    tokenizer: PreTrainedTokenizerBase, answers: Mapping[str, str], pieces: Mapping[str, list[int]]
) -> None:
    first: dict[int, str] = {}
    for label, ids in pieces.items():
        if (other := first.setdefault(ids[0], label)) != label:
            token = tokenizer.convert_ids_to_tokens(ids[0])
            raise MethodError(
                f"method.label_words: {answers[other]!r}, the word of {other}, and {answers[label]!r}, that of "
                f"{label}, begin with the same token {token!r}, so the next token cannot tell them apart. Give other "
                "words."
            )

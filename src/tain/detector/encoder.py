"""Texts to token ids, by the tokenizer file itself: no padding side or length limit stored in it plays a part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Encoding, Tokenizer

from tain.core.errors import DetectorError

FILE = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Tokens:
    """A tokenised text.

    Attributes:
        ids: With special tokens, ready for the network.
        starts: Where each token of the text itself begins, in characters; special tokens have none.
    """

    ids: list[int]
    starts: list[int]


class Encoder:
    """Tokenises texts whole; what is too long for the network is the windows' affair."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Take the tokenizer over and switch its padding and cutting off."""
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self.n_special = tokenizer.num_special_tokens_to_add(False)

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """The encoder of a model folder.

        Raises:
            DetectorError: If the folder has no tokenizer file that can be read.
        """
        file = folder / FILE
        if not file.is_file():
            raise DetectorError(f"{folder}: {FILE} is missing. Expected a tokenizer of the tokenizers library.")
        try:
            return cls(Tokenizer.from_file(str(file)))
        except Exception as error:
            raise DetectorError(f"{file}: cannot be read as a tokenizer ({error}).") from error

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, in order."""
        return [_tokens(encoding) for encoding in self._tokenizer.encode_batch(list(texts))]


def _tokens(encoding: Encoding) -> Tokens:
    marks = zip(encoding.offsets, encoding.special_tokens_mask, strict=True)
    return Tokens(encoding.ids, [start for (start, _), is_special in marks if not is_special])

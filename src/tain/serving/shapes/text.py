"""What counts as a text in every request."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def _whole(text: str) -> str:
    # JSON can spell half of a character, which no file and no tokenizer takes.
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"character {error.start} is half of a surrogate pair; expected Unicode text") from error
    return text


Text = Annotated[str, AfterValidator(_whole)]
"""A string of whole characters."""

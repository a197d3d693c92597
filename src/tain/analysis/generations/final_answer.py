"""The number that an answer in words ends with, as GSM8K is graded."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

MARK = "####"
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def final_number(text: str) -> Decimal | None:
    """The number behind the last `####`, or without one the last number of the text; None if there is none.

    Args:
        text: An answer; commas within numbers and signs around them do not count.
    """
    places = _NUMBER.findall(text.rpartition(MARK)[2]) if MARK in text else _NUMBER.findall(text)[-1:]
    try:
        return Decimal(places[0].replace(",", "")) if places else None
    except InvalidOperation:
        return None


def is_exact_match(said: str, right: str) -> bool:
    """Whether two answers end with the same number; of answers without any, whether they are the same words.

    Args:
        said: By a model.
        right: The true answer.
    """
    number = final_number(right)
    if number is None:
        return " ".join(said.split()).casefold() == " ".join(right.split()).casefold()
    return final_number(said) == number

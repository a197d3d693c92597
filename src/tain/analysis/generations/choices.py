"""The answers that a question in words lets one choose from."""

from __future__ import annotations

import re

from tain.core.errors import DataError, sample

FORMAT = re.compile(r"answer format:\s*(\S[^\n]*?)\s*$", re.IGNORECASE)


def choices_of(question: str) -> tuple[str, ...]:
    """What stands between slashes behind `Answer format:` at the end, such as answer1/answer2.

    Args:
        question: With at least two choices.

    Raises:
        DataError: If it names none.
    """
    found = FORMAT.search(question)
    names = tuple(name.strip() for name in found.group(1).split("/")) if found else ()
    if len(set(names)) < 2 or not all(names):
        raise DataError(
            f"The question {sample(question)} names no choices. Expected it to end in two or more of them, such as "
            "'Answer format: answer1/answer2'."
        )
    return names

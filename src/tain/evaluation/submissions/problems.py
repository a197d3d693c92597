"""What is wrong with the rows of a submission before its organisers say so."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tain.core.errors import DataError, sample

Id = str | int
Row = Mapping[str, object]
N_SHOWN = 3
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that the organisers would refuse or misread.

    Attributes:
        file: As it was named.
        line: From 1; None when it is not about a line.
        reason: What is wrong, the value, and what was expected.
    """

    file: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        """File, line and reason on one line."""
        return f"{self.file}{'' if self.line is None else f':{self.line}'}: {self.reason}"


def check_rows(
    rows: Iterable[tuple[int, Row | Problem]],
    *,
    file: str,
    reason: Callable[[Row], str | None],
    against: Collection[Id] | None = None,
) -> list[Problem]:
    """All problems of a file's rows, in order, and those of the file as a whole behind them.

    Args:
        rows: The line of each row, and the row, or why it could not be read.
        file: As it was named.
        reason: Why the values of a row will not do; None when they do.
        against: Ids of the input; None compares with none.
    """
    ids = _Ids(file, against)
    problems: list[Problem] = []
    for line, row in rows:
        if isinstance(row, Problem):
            problems.append(row)
            continue
        problems += [Problem(file, line, each) for each in (ids.add(row, line), reason(row)) if each]
    if not ids.lines and not problems:
        problems.append(Problem(file, None, "holds no row; expected one for each text"))
    return [*problems, *(ids.missing() if ids.lines else ())]


def refuse(problems: Iterable[Problem]) -> None:
    """Return only if there is no problem.

    Args:
        problems: Of what is about to be written.

    Raises:
        DataError: With the first of them and how many there are.
    """
    found = list(problems)
    if found:
        more = f"\nand {len(found) - N_SHOWN:,} more" if len(found) > N_SHOWN else ""
        raise DataError("\n".join(str(each) for each in found[:N_SHOWN]) + more + "\nNothing was written.")


def number_reason(row: Row, name: str) -> str | None:
    """Why a field of a row is no finite number; None if it is one.

    Args:
        row: As read.
        name: Of the field.
    """
    value = row.get(name)
    if name not in row:
        return f"there is no {name}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"the {name} is {shown(value)}; expected a number"
    return None if math.isfinite(value) else f"the {name} is {value}; expected a finite number"


def is_plain_number(word: str) -> bool:
    """Whether a string is a whole number as JSON writes it, such as "12", but not "012" or "+1".

    Args:
        word: Any string.
    """
    digits = word.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS and str(int(word)) == word


def shown(value: object) -> str:
    """A value short enough for a message.

    Args:
        value: As JSON gave it.
    """
    return "null" if value is None else sample(repr(value))


@dataclass
class _Ids:
    file: str
    against: Collection[Id] | None
    lines: dict[Id, int] = field(default_factory=dict)

    def add(self, row: Row, line: int) -> str | None:
        value = row.get("id")
        if "id" not in row:
            return "there is no id"
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            return f"the id is {shown(value)}; expected a string or a whole number"
        if isinstance(value, str) and not _is_utf8(value):
            return f"the id {shown(value)} holds half a surrogate pair; it cannot be written as UTF-8"
        if value in self.lines:
            return f"the id {shown(value)} stands on line {self.lines[value]} too; ids must differ"
        self.lines[value] = line
        if self.against is not None and value not in self.against:
            return f"the id {shown(value)} is not in the input{self._other_kind(value)}"
        return None

    def missing(self) -> Iterator[Problem]:
        gone = [each for each in self.against or () if each not in self.lines]
        if gone:
            names = ", ".join(shown(each) for each in gone[:N_SHOWN]) + (", …" if len(gone) > N_SHOWN else "")
            n = len(self.against or ())
            yield Problem(self.file, None, f"{len(gone):,} of {n:,} ids of the input have no row: {names}")

    def _other_kind(self, value: Id) -> str:
        other: Id | None = str(value) if isinstance(value, int) else int(value) if is_plain_number(value) else None
        if other is None or other not in (self.against or ()):
            return ""
        return f", which has the {'string' if isinstance(other, str) else 'number'} {shown(other)}"


def _is_utf8(word: str) -> bool:
    try:
        word.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True

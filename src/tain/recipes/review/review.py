"""A sheet of doubted labels under review: what is shown of each text, and decisions that are kept as they are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from tain.core.errors import ConfigError, DataError, sample
from tain.mining.about_sheet import AboutSheet, read_about
from tain.mining.decisions import DROP, Decided, append, decisions_of, journal_of, last_step, read_journal
from tain.mining.quarantine import DECISION
from tain.mining.sheet import read_sheet
from tain.recipes.review.items import Item, read_items, text_sha256

Now = Callable[[], str]


def utc_now() -> str:
    """The time, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Review:
    """The texts of a sheet and what is decided of them.

    Attributes:
        sheet: The table.
        about: What it was made from.
        items: Its texts, in its order.
        by: Who decides.
    """

    def __init__(self, sheet: Path, *, by: str, now: Now = utc_now) -> None:
        """Read a sheet and all that was decided before.

        Args:
            sheet: What `tain suspects --output` or `tain mine` wrote.
            by: Name of the person, for the journal.
            now: Tells the time.

        Raises:
            ConfigError: If the name is empty.
            DataError: If the sheet, what it was made from or its journal cannot be read, or there is no text.
        """
        if not by.strip():
            raise ConfigError("--by is empty; expected a name that stands beside each decision.")
        self.sheet, self.by, self._now, self._lock = sheet, by.strip(), now, Lock()
        self.about = read_about(sheet)
        self.items = read_items(sheet, self.about)
        self._journal = read_journal(journal_of(sheet))
        self._places = {item.id: place for place, item in enumerate(self.items)}
        self._written = written(sheet, self.about)
        self._decisions = decisions(sheet, self.about)

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be decided of a text."""
        return (*self.about.labels, DROP)

    def decision(self, place: int) -> str | None:
        """What is decided of a text; None if nothing."""
        return self._decisions.get(self.items[place].id)

    @property
    def n_decided(self) -> int:
        """How many texts have a decision."""
        return len(self._decisions)

    def decide(self, place: int, decision: str | None) -> None:
        """Keep a decision; it is on the disk when this returns.

        Args:
            place: Of the text, from 0.
            decision: A label, `drop`, or None to take the decision back.

        Raises:
            ConfigError: If it is none of the choices.
            DataError: If the column of the sheet itself says something else.
        """
        if decision is not None and decision not in self.choices:
            raise ConfigError(f"{sample(decision)!r} cannot be decided. Expected one of {', '.join(self.choices)}.")
        item = self.items[place]
        if self._written.get(item.id, decision) != decision:
            raise DataError(
                f"{self.sheet.name} itself says {self._written[item.id]} of this text. Empty that cell first."
            )
        with self._lock:
            self._keep(self._line(item, decision or ""))

    def undo(self) -> int | None:
        """Take the last decision back; the one before it, if there was one, holds again.

        Returns:
            The place of its text; None if there is nothing to take back.
        """
        with self._lock:
            step = last_step(self._journal)
            if step is None or step[0] not in self._places:
                return None
            name, before = step
            place = self._places[name]
            line = self._line(self.items[place], before.decision if before else "")
            self._keep(replace(line, is_undo=True))
            return place

    def _line(self, item: Item, decision: str) -> Decided:
        return Decided(
            id=item.id,
            decision=decision,
            was=item.label or "",
            by=self.by,
            at=self._now(),
            text_sha256=text_sha256(item.text),
            reasons=item.reasons,
            evidence=item.evidence,
        )

    def _keep(self, decided: Decided) -> None:
        append(journal_of(self.sheet), decided)
        self._journal.append(decided)
        now = decided.decision or self._written.get(decided.id)
        if now:
            self._decisions[decided.id] = now
        else:
            self._decisions.pop(decided.id, None)


def decisions(sheet: Path, about: AboutSheet) -> dict[str, str]:
    """All that is decided of a sheet, on the page or in its own column.

    Raises:
        DataError: If something else than a label or `drop` is decided, or page and column disagree.
    """
    allowed = (*about.labels, DROP)
    found = decisions_of(sheet, written(sheet, about))
    if strange := next((word for word in found.values() if word not in allowed), None):
        raise DataError(f"{journal_of(sheet)}: {sample(strange)!r} was decided; expected {', '.join(allowed)}.")
    return found


def written(sheet: Path, about: AboutSheet) -> dict[str, str]:
    """What somebody wrote into the column of a sheet, by id.

    Raises:
        DataError: If something else than a label or `drop` stands there.
    """
    # The column is compared in lower case, and labels may have capitals.
    known = {word.lower(): word for word in (*about.labels, DROP)}
    return {row.id: known[row.answer] for row in read_sheet(sheet, answer=DECISION, allowed=tuple(known))}

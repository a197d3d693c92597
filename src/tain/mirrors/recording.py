"""Mirrors that were written before: a JSONL file instead of a language model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

from tain.core.errors import DataError, sample
from tain.core.example import Example
from tain.mirrors.python_docs import opening
from tain.mirrors.request import Answer, MirrorRequest, Sampling, UnansweredError, Usage
from tain.mirrors.run_parts import Judgement, Written
from tain.mirrors.screen import Rejection, Rules, SeenMirrors, screen, trim
from tain.mirrors.store_rows import text_sha256
from tain.mirrors.words import count_words

PARENT_COLUMNS = ("parent", "parent_id")
UNKNOWN_MODEL = "unknown"
RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class RecordedMirror:
    """One row of the file.

    Attributes:
        text: The mirror.
        opening: First five words of its parent; None where the row has the hash.
        parent_sha256: Of the text of its parent; None where the row has the opening.
        generator: Who wrote it.
        date: When.
        variant: How it was asked for.
        template: By which prompts.
        template_version: Of these.
        finish_reason: How it ended.
    """

    text: str
    opening: str | None = None
    parent_sha256: str | None = None
    generator: str = UNKNOWN_MODEL
    date: str | None = None
    variant: str = RECORDED
    template: str = RECORDED
    template_version: str = ""
    finish_reason: str | None = None

    def belongs_to(self, parent: Example) -> bool:
        """Whether it was written for this very text, which may have been changed since."""
        if self.parent_sha256 is not None:
            return self.parent_sha256 == text_sha256(parent.text)
        return self.opening == opening(parent.text)


def parse_recorded(rows: Iterable[tuple[int, Mapping[str, object]]], *, place: str) -> dict[str, list[RecordedMirror]]:
    """The mirrors in the rows of a file, by the id of their parent, several of one parent in order.

    Args:
        rows: Line numbers and columns. Each has `parent`, `text`, and `opening` (the first five words of the parent) or
            `parent_sha256`, as the rows that `tain mirror` writes have.
        place: Name of the file, for errors.

    Raises:
        DataError: If a row lacks one of these; names file and line.
    """
    mirrors: dict[str, list[RecordedMirror]] = {}
    for line, row in rows:
        parent_id = next((row[name] for name in PARENT_COLUMNS if row.get(name)), None)
        if not isinstance(parent_id, str) or not isinstance(row.get("text"), str):
            raise DataError(f"{place}, line {line}: expected a row with parent and text, found {', '.join(row)}.")
        if not any(isinstance(row.get(name), str) for name in ("opening", "parent_sha256")):
            raise DataError(
                f"{place}, line {line}: nothing says which text {sample(parent_id)!r} was. Expected opening (its first "
                "five words) or parent_sha256, so that a mirror is not put beside another text."
            )
        mirrors.setdefault(parent_id, []).append(_mirror(row))
    return mirrors


class RecordedMirrors:
    """A Generator that reads out what a file has, and the Planner that asks it."""

    name: ClassVar[str] = RECORDED

    def __init__(
        self, mirrors: Mapping[str, list[RecordedMirror]], *, rules: Rules, seen: SeenMirrors | None = None
    ) -> None:
        """Take the mirrors.

        Args:
            mirrors: From `parse_recorded`.
            rules: Of the screen.
            seen: Mirrors accepted before; None knows none.
        """
        self._mirrors, self._rules = mirrors, rules
        self._seen = SeenMirrors() if seen is None else seen
        self._changed: set[str] = set()

    def request(self, parent: Example, *, attempt: int, topic: str | None) -> MirrorRequest:
        """What to look up.

        Args:
            parent: The human text.
            attempt: Mirrors of it that were turned down.
            topic: Not used.
        """
        mirror = self._find(parent.id, attempt) or RecordedMirror("")
        if not mirror.belongs_to(parent):
            self._changed.add(parent.id)
        return MirrorRequest(
            parent_id=parent.id,
            group=parent.group or parent.id,
            prompt=(),
            template=mirror.template,
            template_version=mirror.template_version,
            variant=mirror.variant,
            model=mirror.generator,
            params=Sampling(max_tokens=0),
            n_words=count_words(parent.text),
            language=parent.language,
            attempt=attempt,
        )

    async def generate(self, request: MirrorRequest) -> Answer:
        """The recorded mirror for a request.

        Args:
            request: Of this planner.

        Raises:
            UnansweredError: If the file has none, or its parent was another text.
        """
        mirror = self._find(request.parent_id, request.attempt)
        if mirror is None:
            raise UnansweredError(f"no mirror of {sample(request.parent_id)!r} is recorded")
        if request.parent_id in self._changed:
            raise UnansweredError(f"the text of {sample(request.parent_id)!r} was changed since its mirror was written")
        return Answer(mirror.text, mirror.finish_reason, Usage(0, 0), mirror.generator, mirror.date)

    def judge_topic(self, parent: Example, topic: Written) -> tuple[Rejection, ...]:
        """Nothing: no topic is asked for.

        Args:
            parent: The human text.
            topic: Not used.
        """
        return ()

    def judge(self, parent: Example, request: MirrorRequest, answer: Answer) -> Judgement:
        """What is wrong with a mirror.

        Args:
            parent: The human text.
            request: What was looked up.
            answer: What was found.
        """
        text = trim(answer.text, parent=parent.text).text
        # Of the end of a text that was cut out of something, nothing is known.
        ending = answer if answer.finish_reason else None
        rejections = screen(parent, text, ending, rules=self._rules, variant=request.variant, seen=self._seen)
        if not rejections:
            self._seen.add(parent.id, text)
        return Judgement(text, rejections)

    def n_answers(self, parent_id: str) -> int | None:
        """How many mirrors of a parent are recorded."""
        return len(self._mirrors.get(parent_id, ())) or None

    def hurry(self) -> None:
        """Nothing waits."""

    async def close(self) -> None:
        """Nothing is open."""

    def _find(self, parent_id: str, attempt: int) -> RecordedMirror | None:
        mirrors = self._mirrors.get(parent_id, [])
        return mirrors[attempt] if attempt < len(mirrors) else None


def _mirror(row: Mapping[str, object]) -> RecordedMirror:
    known = {name: str(row[name]) for name in _OPTIONAL if row.get(name) is not None}
    return RecordedMirror(text=str(row["text"]), **known)


_OPTIONAL = tuple(field.name for field in fields(RecordedMirror) if field.name != "text")

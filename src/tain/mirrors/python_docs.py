"""A small real corpus that every machine has half of: Python's own documentation, and mirrors of it.

The human half is read from this interpreter when it is asked for: the reference in `pydoc_data.topics` and the
docstrings of the standard library, both written by people before 2022 for the greater part. The AI half lies beside
this file: one mirror for each of 260 of those texts, written for this project by a language model, matched in topic,
length and form.
"""

from __future__ import annotations

import ast
import json
import re
import sysconfig
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

from tain.core.example import Example

RECORDED = "recorded/python_docs.jsonl"
PASSAGE_WORDS = 90  # paragraphs of a topic are joined until they have this many
MIN_WORDS, MAX_WORDS = 60, 190
MIN_SHARE_LETTERS = 0.88  # less is a table, a grammar or code
LICENCE = "PSF-2.0"
LEFT_OUT = frozenset({"test", "tests", "site-packages", "idlelib", "lib2to3", "ensurepip", "turtledemo", "pydoc_data"})
SENTENCE_END = re.compile(r"[.!?](\s|$)")
PARAGRAPH = re.compile(r"\n\s*\n")
OPENING_WORDS = 5
Documented: TypeAlias = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def human_docs() -> list[Example]:
    """The human half: prose of 60 to 190 words, by key, in a fixed order. Takes about three seconds."""
    found = [*_topics(), *_docstrings(Path(sysconfig.get_paths()["stdlib"]))]
    return [
        Example(key, text, "human", group=key, source="python_docs", domain=domain, language="en", licence=LICENCE)
        for key, text, domain in found
        if _is_prose(text)
    ]


def recorded_mirrors(parents: list[Example]) -> list[Example]:
    """The AI half: mirrors whose parent this interpreter has, word for word at its opening.

    Args:
        parents: What `human_docs` gave. Other versions of Python lack some of the 260, and reword a few.
    """
    by_key = {parent.id: parent for parent in parents}
    mirrors = []
    for line in files("tain.mirrors").joinpath(RECORDED).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        parent = by_key.get(row["parent"])
        if parent is not None and opening(parent.text) == row["opening"]:
            mirrors.append(_mirror(row, parent))
    return mirrors


def opening(text: str) -> str:
    """The first five words, by which a mirror knows its parent."""
    return " ".join(text.split()[:OPENING_WORDS])


def _mirror(row: dict[str, str], parent: Example) -> Example:
    return Example(
        f"mirror:{row['parent']}",
        row["text"],
        "ai",
        group=parent.group,
        source="python_docs",
        domain=parent.domain,
        generator=row["generator"],
        language="en",
        date=row["date"],
        licence="Apache-2.0",
    )


def _topics() -> Iterator[tuple[str, str, str]]:
    from pydoc_data.topics import topics

    for name, text in topics.items():
        for index, passage in enumerate(_passages(text)):
            yield f"topic:{name}#{index}", passage, "reference"


def _passages(text: str) -> Iterator[str]:
    paragraphs: list[str] = []
    for paragraph in PARAGRAPH.split(text.strip()):
        paragraphs.append(paragraph)
        if len(" ".join(paragraphs).split()) >= PASSAGE_WORDS:
            yield "\n\n".join(paragraphs)
            paragraphs = []
    yield "\n\n".join(paragraphs)


def _docstrings(root: Path) -> Iterator[tuple[str, str, str]]:
    for file in sorted(root.rglob("*.py")):
        relative = file.relative_to(root)
        if LEFT_OUT.isdisjoint(relative.parts):
            module = ".".join(relative.with_suffix("").parts)
            for name, text in _docstrings_of(file):
                yield f"doc:{module}:{name}", text, "docstring"


def _docstrings_of(file: Path) -> Iterator[tuple[str, str]]:
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError, ValueError):
        return  # a deliberately broken file, or one in another encoding
    waiting: list[tuple[str, Documented]] = [("", tree)]
    while waiting:
        name, node = waiting.pop(0)
        if text := ast.get_docstring(node):
            yield name, text
        inner = (child for child in ast.iter_child_nodes(node) if isinstance(child, Documented))
        waiting.extend(
            (f"{name}.{child.name}".strip("."), child) for child in inner if not isinstance(child, ast.Module)
        )


def _is_prose(text: str) -> bool:
    n_words = len(text.split())
    if not MIN_WORDS <= n_words <= MAX_WORDS or ">>>" in text or "::=" in text:
        return False
    share_letters = sum(c.isalpha() or c.isspace() for c in text) / len(text)
    n_lines = sum(bool(line.strip()) for line in text.splitlines())
    return share_letters >= MIN_SHARE_LETTERS and len(SENTENCE_END.findall(text)) >= 3 and n_words > 6 * n_lines

"""Which uploads a job takes: the name says what the file is, and its first bytes must not say otherwise."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from tain.serving.errors import Refusal

KINDS = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
SUFFIXES = tuple(kind + compression for kind in KINDS for compression in ("", ".gz", ".zst"))
HEAD_BYTES = 4
_MAGIC = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst", b"PAR1": ".parquet"}
_MOST_CHARS = 120
_NAMELESS = "upload"


def plain_name(name: str | None) -> str:
    """The name of a file as it may be shown: without folders, control characters and what turns writing around.

    Args:
        name: As sent.
    """
    last = re.split(r"[/\\]", name or "")[-1]
    shown = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip(" .")
    return shown[-_MOST_CHARS:] or _NAMELESS


def suffix_of(name: str, head: bytes) -> str:
    """The suffix under which an upload is kept, one of ours whatever the name is.

    Args:
        name: A plain one.
        head: First bytes.

    Raises:
        Refusal: 415 if files of this kind are not read, or the bytes are of another kind.
    """
    parts = PurePosixPath(name.lower()).suffixes
    suffix = next((found for found in ("".join(parts[-2:]), "".join(parts[-1:])) if found in SUFFIXES), None)
    if suffix is None:
        raise Refusal(
            415,
            f"Files named {''.join(parts[-2:])[:20] or 'without a suffix'} are not read. Expected one of "
            f"{', '.join(KINDS)}, also with .gz or .zst.",
        )
    found = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    expected = next((kind for kind in _MAGIC.values() if suffix.endswith(kind)), None)
    if found != expected:
        raise Refusal(
            415,
            f"The name says {suffix}, but the file begins {f'as {found} data does' if found else 'otherwise'}. "
            "Give it the suffix of what it is.",
        )
    return suffix

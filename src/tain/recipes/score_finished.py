"""Which files of scores are finished: those that say that the same detector made them from the same input."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tain.core.errors import ConfigError
from tain.core.files import sha256_of
from tain.corpora.columns import ColumnMap
from tain.corpora.places import Place
from tain.recipes.score_output import STDOUT, made_by_of

INPUT = "input"


def input_mark(places: Sequence[Place], columns: ColumnMap, *, is_stream: bool) -> str:
    """What changes when the texts of a unit do, as hex.

    Files count by size and time of change, because reading a large corpus again takes as long as copying it.

    Args:
        places: What is read.
        columns: Which columns are read.
        is_stream: The files are copies of a stream, whose time says nothing; their bytes count.
    """
    marks = [_mark(place, is_stream=is_stream) for place in places]
    return hashlib.sha256(json.dumps([columns.id, columns.text, marks]).encode()).hexdigest()


def _mark(place: Place, *, is_stream: bool) -> list[str | int]:
    if place.path is None:
        return [place.id_prefix]
    if is_stream:
        return [place.id_prefix, sha256_of(place.path)]
    state = place.path.stat()
    return [place.id_prefix, state.st_size, state.st_mtime_ns]


def is_finished(output: str, made_by: Mapping[str, object], *, is_resumed: bool, force: bool) -> bool:
    """Whether an output need not be made again.

    Args:
        output: Path, or `-` for stdout.
        made_by: What would make it now.
        is_resumed: Finished files are kept.
        force: Others that exist may be replaced.

    Raises:
        ConfigError: If it exists, is not finished and must not be replaced.
    """
    path = Path(output)
    if output == STDOUT or not path.exists():
        return False
    if not is_resumed and not force:
        raise ConfigError(
            f"{path} exists already. Pass --resume to score only what is missing, --force to replace it, or "
            "choose another --output."
        )
    reason = _difference(made_by_of(path), made_by) if is_resumed else None
    if reason and not force:
        raise ConfigError(f"{path} {reason}. Pass --force to replace it, or choose another --output.")
    return is_resumed and reason is None


def _difference(found: Mapping[str, object] | None, made_by: Mapping[str, object]) -> str | None:
    if found is None:
        return "does not say what made it, so it cannot be taken as finished"
    different = {name for name in made_by if found.get(name) != made_by[name]}
    if different == {INPUT}:
        return "was made from another input, or the input has changed since"
    return "was made by another detector, operating point or prior" if different else None

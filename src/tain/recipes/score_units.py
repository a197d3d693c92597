"""Which files of scores a source makes; what tain itself has written there is not read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tain.core.errors import ConfigError, DataError
from tain.corpora.formats import format_of
from tain.corpora.places import Place, find_places
from tain.recipes.score_output import STDOUT, check_suffix

SCORES_SUFFIX = ".scores.parquet"
SET_ASIDE_SUFFIX = ".set_aside.jsonl"
OUR_SUFFIXES = (SCORES_SUFFIX, ".scores.jsonl", ".scores.jsonl.gz", ".scores.jsonl.zst", SET_ASIDE_SUFFIX)
"""Files with these names hold what was found out about texts, not texts."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What becomes one file of scores.

    Attributes:
        name: For messages.
        places: Read one after the other.
        output: Path, or `-` for stdout.
    """

    name: str
    places: tuple[Place, ...]
    output: str


def plan_units(source: str, output: str | None, *, set_aside: Path | None = None) -> list[Unit]:
    """The files of scores that a source makes.

    A folder makes a folder of the same shape, with one file of scores for each file of rows and one for all the .txt
    files of a folder; named a single file as output, it makes that.

    Args:
        source: File, folder or Hub id.
        output: As in `score`.
        set_aside: File for bad rows, which may lie inside the source.

    Raises:
        ConfigError: If the output does not fit the source.
        DataError: If the source leads nowhere or holds nothing that can be read.
    """
    places = find_places([source], labels=None)
    root = Path(source)
    is_single = output == STDOUT or (output is not None and Path(output).suffix != "")
    if not root.is_dir():
        return [_unit_of_file(source, places, output)]
    target = output or str(_beside(root, ".scores"))
    kept = [place for place in places if not _is_ours(place.path, root, target, set_aside)]
    if not kept:
        raise DataError(f"{source}: holds only scores and rows that were set aside; expected files of texts.")
    if not is_single:
        return _units_of_folder(root, kept, Path(target))
    return [_unit(_named(root).name or source, kept, target)]


def _unit_of_file(source: str, places: Sequence[Place], output: str | None) -> Unit:
    path = places[0].path
    if output is None and path is None:
        raise ConfigError(f"{source} is on the Hub. Say where its scores shall go: --output FILE.")
    target = output or str(_beside(Path(source), SCORES_SUFFIX))
    if path is not None and target != STDOUT and Path(target).resolve() == path.resolve():
        raise ConfigError(f"--output {target} is the input itself. Choose another --output.")
    return _unit(Path(source).name, places, target)


def _unit(name: str, places: Sequence[Place], target: str) -> Unit:
    if target != STDOUT:
        check_suffix(Path(target))
    return Unit(name, tuple(places), target)


def _named(path: Path) -> Path:
    # `.` and `..` stand for a folder without saying its name.
    return path.resolve() if path.name in ("", "..") else path


def _beside(path: Path, suffix: str) -> Path:
    named = _named(path)
    if not named.name:
        raise ConfigError(f"There is no place beside {path} for its scores. Say where they shall go: --output DIR.")
    return named.with_name(named.name + suffix)


def _is_ours(path: Path | None, root: Path, target: str, set_aside: Path | None) -> bool:
    assert path is not None, "a folder holds files"
    if path.name.lower().endswith(OUR_SUFFIXES):
        return True
    found = path.resolve()
    if set_aside is not None and found == set_aside.resolve():
        return True
    written = Path(target).resolve()
    # Scores may also go into the source itself, or above it; then only the names above tell.
    is_inside = root.resolve() in written.parents
    return target != STDOUT and is_inside and (found == written or written in found.parents)


def _units_of_folder(root: Path, places: Sequence[Place], output: Path) -> list[Unit]:
    groups: dict[str, list[Place]] = {}
    for place in places:
        assert place.path is not None, "a folder holds files"
        relative = place.path.relative_to(root)
        is_text = format_of(place.path) == "txt"
        groups.setdefault((relative.parent / "all.txt" if is_text else relative).as_posix(), []).append(place)
    return [Unit(name, tuple(group), str(output / (name + SCORES_SUFFIX))) for name, group in groups.items()]

"""Where a result comes from: commit, versions, files and the command, so that it can be made again."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tain.core.files import sha256_of
from tain.core.version import VERSION
from tain.corpora.hub import hub_revision
from tain.corpora.places import find_places

PACKAGES = ("torch", "transformers", "peft", "numpy", "scipy")
_GIT_SECONDS = 5


def versions() -> dict[str, str]:
    """The versions of Python, tain and what its numbers depend on; nothing heavy is imported."""
    found = {"python": platform.python_version(), "tain": VERSION}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def commit() -> str | None:
    """The git commit of the code that runs, with a mark if it was changed since; None outside a checkout."""
    here = Path(__file__).resolve()
    # An installation inside somebody's own checkout is not part of that checkout.
    if _git(here.parent, "ls-files", "--error-unmatch", here.name) is None:
        return None
    found = _git(here.parent, "rev-parse", "HEAD")
    changed = _git(here.parents[1], "status", "--porcelain", "--untracked-files=no", "--", ".")
    return f"{found} with changes" if found and changed else found


def command() -> str | None:
    """The command line as typed; None when tain runs inside another program."""
    is_ours = Path(sys.argv[0]).name in ("tain", "tain.exe", "__main__.py")
    return shlex.join(["tain", *sys.argv[1:]]) if is_ours else None


def file_hashes(paths: Sequence[str | Path]) -> list[dict[str, str]]:
    """Name and sha256 of every file that paths lead to; of a Hub data set its commit.

    Args:
        paths: Files, folders and Hub ids.

    Raises:
        DataError: If a path leads nowhere.
    """
    return [
        {"file": place.name, "sha256": sha256_of(place.path)}
        if place.path
        else {"data set": place.name, "commit": hub_revision(place.name) or "unknown"}
        for place in find_places(paths, labels=None)
    ]


def provenance_of(paths: Sequence[str | Path] = ()) -> dict[str, object]:
    """Everything above that is known, by the words a Report shows it under.

    Args:
        paths: Files, folders and Hub ids that were read.

    Raises:
        DataError: If a path leads nowhere.
    """
    known: dict[str, object | None] = {
        "made on": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command(),
        "commit": commit(),
        "versions": versions(),
        "data": file_hashes(paths) or None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_GIT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None

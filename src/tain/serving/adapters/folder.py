"""The folder of adapters: which are there, and whether one is still as it was."""

from __future__ import annotations

import os
from pathlib import Path

from tain.core.errors import ConfigError
from tain.detector.folder import DETECTOR, RUN_DETECTOR, find_classifier

_MOST_CHARS = 200

Stamp = tuple[object, ...]
"""Equal as long as no file of a model was written, replaced, added or taken away."""


class AdapterFolder:
    """A folder whose subfolders are detectors, classifiers or Runs. Others may write in it at any time."""

    def __init__(self, path: Path) -> None:
        """Open it; it may be empty.

        Raises:
            ConfigError: If there is no such folder.
        """
        if not path.is_dir():
            raise ConfigError(f"--adapters {path}: there is no such folder. Expected one whose subfolders are models.")
        self._path = path.resolve()

    def names(self) -> list[str]:
        """Of all that are models, in order."""
        with os.scandir(self._path) as entries:
            found = sorted(entry.name for entry in entries)
        return [name for name in found if self.place(name) is not None]

    def place(self, name: str) -> Path | None:
        """Where the files of a model lie; None if there is none of that name.

        Args:
            name: As a request gave it: anything but the plain name of a subfolder that is not hidden names nothing.
        """
        if not _is_plain(name):
            return None
        folder = self._path / name
        try:
            for each in (folder, folder / RUN_DETECTOR):
                if (each / DETECTOR).is_file():
                    return each
            return find_classifier(folder)
        except (OSError, ValueError):  # no name that this disk could hold
            return None


def stamp_of(place: Path) -> Stamp:
    """What changes with the files of a model, by their names, sizes and times; times of change cannot be set back.

    Args:
        place: Of `AdapterFolder.place`.
    """
    try:
        with os.scandir(place) as entries:
            stats = sorted((entry.name, entry.stat()) for entry in entries if not entry.name.startswith("."))
    except OSError:  # taken away just now
        return ()
    return (place, *((name, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for name, s in stats))


def _is_plain(name: str) -> bool:
    separators = {os.sep, os.altsep or os.sep, "/", "\\", "\0"}
    return 0 < len(name) <= _MOST_CHARS and not name.startswith(".") and not separators & set(name)

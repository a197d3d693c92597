"""One page for one sheet: two at a time would take back each other's decisions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tain.core.errors import ConfigError
from tain.mining.about_sheet import about_of


@contextmanager
def alone(sheet: Path) -> Iterator[None]:
    """Hold a sheet for this process; a lock of the system, which ends with the process however it ends.

    Args:
        sheet: Whose `about.json` is there. On Windows nothing is locked.

    Raises:
        ConfigError: If another process holds it.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with about_of(sheet).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigError(f"{sheet} is open on another page of tain review. End that one first.") from error
        yield

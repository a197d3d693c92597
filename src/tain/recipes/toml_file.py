"""Settings as users write them: one TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tain.core.errors import ConfigError


def read_toml(file: Path, *, where: str) -> dict[str, Any]:
    """The values of a file of settings.

    Args:
        file: TOML.
        where: How messages name the file, such as the flag and its path.

    Raises:
        ConfigError: If there is no such file, or it is no TOML.
    """
    if not file.is_file():
        raise ConfigError(
            f"{where}: there is no such file. Expected a TOML file of settings: check the path, which is taken from "
            f"{Path.cwd()} where it does not begin with /."
        )
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{where}: cannot be read as TOML ({error}).") from error

"""Every kind of study, and the one that a TOML file holds."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError

from tain.core.errors import ConfigError
from tain.recipes.studies.configuration import LeaveOneOut
from tain.recipes.studies.forgetting.configuration import Forgetting
from tain.recipes.studies.scaling.configuration import Scaling
from tain.recipes.studies.tuning.configuration import Tuning
from tain.recipes.toml_file import read_toml

Study: TypeAlias = LeaveOneOut | Scaling | Tuning | Forgetting
STUDIES: dict[str, type[LeaveOneOut] | type[Scaling] | type[Tuning] | type[Forgetting]] = {
    "leave-one-out": LeaveOneOut,
    "scaling": Scaling,
    "tuning": Tuning,
    "forgetting": Forgetting,
}


def read_study(file: Path) -> Study:
    """The settings of a study.

    Args:
        file: TOML.

    Raises:
        ConfigError: If it cannot be read, or a setting is unknown or impossible; all problems at once.
    """
    values = read_toml(file, where=str(file))
    kind = values.get("study")
    if kind not in STUDIES:
        raise ConfigError(f"{file}: study is {kind!r}. Expected one of {', '.join(STUDIES)}.")
    try:
        return STUDIES[kind].model_validate(values)
    except ValidationError as error:
        lines = (f"{file}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}." for problem in error.errors())
        raise ConfigError("\n".join(lines)) from error

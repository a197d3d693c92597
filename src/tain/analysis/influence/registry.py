"""Every estimator of influence by name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from tain.analysis.influence.datainf import DataInf
from tain.analysis.influence.estimator import Estimator
from tain.analysis.influence.exact import Exact
from tain.analysis.influence.hessian_free import HessianFree
from tain.analysis.influence.lissa import Lissa
from tain.analysis.influence.representation import Representation
from tain.analysis.influence.scaled_hessian_free import ScaledHessianFree
from tain.analysis.influence.tracin import TracIn
from tain.core.errors import ConfigError

_ALL: tuple[type[Estimator[Any]], ...] = (
    DataInf,
    HessianFree,
    ScaledHessianFree,
    Lissa,
    Exact,
    TracIn,
    Representation,
)
ESTIMATORS: dict[str, type[Estimator[Any]]] = {estimator.kind: estimator for estimator in _ALL}


def build_estimator(kind: str, settings: Mapping[str, Any] | None = None) -> Estimator[Any]:
    """The estimator of a name.

    Args:
        kind: One of `ESTIMATORS`.
        settings: Its own; None and absent take its defaults.

    Raises:
        ConfigError: If the name or a setting is unknown or impossible.
    """
    found = ESTIMATORS.get(kind)
    if found is None:
        near = get_close_matches(kind, ESTIMATORS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ConfigError(f"--estimator {kind!r} is not known. Expected one of {', '.join(ESTIMATORS)}.{hint}")
    try:
        return found(found.settings_type.model_validate(dict(settings or {})))
    except ValidationError as error:
        known = ", ".join(found.settings_type.model_fields) or "none at all"
        lines = (f"{'.'.join(map(str, p['loc']))} is {p['input']!r}: {p['msg']}." for p in error.errors())
        raise ConfigError(f"--estimator {kind}: {' '.join(lines)} Its settings are {known}.") from error

"""How texts are measured: as the protocol of a bundle says, or as the user does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isclose
from typing import get_args

from tain.core.errors import ConfigError
from tain.detector import Detector
from tain.evaluation.protocol import Property, Protocol, make_protocol
from tain.evaluation.thresholds import OperatingPoint

OF_PROPERTY = {"year": "date", "era": "date", "generators of the training": "generator"}
"""Slices that are cut by a property of another name."""

Slices = Mapping[str, Sequence[str | None]]


def own_rules(detector: Detector, *, pools: str, n_draws: int, seed: int) -> Protocol:
    """Every operating point of the detector and every property of the texts.

    Args:
        detector: That is measured.
        pools: Property by which false positives are split.
        n_draws: Of each bootstrap.
        seed: Of the bootstrap.

    Raises:
        ConfigError: If a value is out of range.
    """
    values = {
        "name": "files",
        "target_fprs": [point.target_fpr for point in detector.calibration.record.points],
        "default_fpr": detector.settings.default_fpr,
        "pools": pools,
        "slices": get_args(Property),
        "n_draws": n_draws,
        "seed": seed,
    }
    return make_protocol(values, where="The evaluation")


def points_of(detector: Detector, rules: Protocol) -> list[OperatingPoint]:
    """The stored operating points that are reported.

    Args:
        detector: That is measured.
        rules: Name the false positive rates.

    Raises:
        ConfigError: If the detector stores none of them.
    """
    stored = detector.calibration.record.points
    kept = [point for point in stored if any(isclose(point.target_fpr, target) for target in rules.target_fprs)]
    if not kept:
        raise ConfigError(
            f"{rules.name} is measured at operating points set for {_listed(rules.target_fprs)}, but the detector "
            f"stores those for {_listed([point.target_fpr for point in stored])}. Calibrate it with more human texts."
        )
    return kept


def missing_points(rules: Protocol, points: Sequence[OperatingPoint]) -> tuple[str, ...]:
    """A warning where operating points that should be reported are not stored.

    Args:
        rules: Name the false positive rates.
        points: From `points_of`.
    """
    stored = [point.target_fpr for point in points]
    missing = [target for target in rules.target_fprs if not any(isclose(target, each) for each in stored)]
    if not missing:
        return ()
    return (f"{rules.name} asks for operating points set for {_listed(missing)}, which the detector does not store.",)


def chosen_slices(slices: Slices, rules: Protocol) -> dict[str, Sequence[str | None]]:
    """The slices by properties that are reported, and by length.

    Args:
        slices: By name.
        rules: Name the properties.
    """
    wanted = {"length", *rules.slices}
    return {name: values for name, values in slices.items() if OF_PROPERTY.get(name, name) in wanted}


def _listed(targets: Sequence[float]) -> str:
    return ", ".join(f"{100 * target:g}%" for target in targets)

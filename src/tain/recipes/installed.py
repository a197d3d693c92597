"""Which of the packages that tain asks for are installed, read from its own metadata."""

from __future__ import annotations

import importlib.metadata

from packaging.requirements import Requirement

DEVELOPMENT_EXTRA = "dev"


def required() -> list[Requirement]:
    """The packages tain cannot do without."""
    return [need for need in _requirements() if need.marker is None]


def extras() -> dict[str, list[Requirement]]:
    """What each optional feature needs."""
    names = importlib.metadata.metadata("tain").get_all("Provides-Extra") or []
    return {
        name: [need for need in _requirements() if need.marker and need.marker.evaluate({"extra": name})]
        for name in names
        if name != DEVELOPMENT_EXTRA
    }


def problem_with(need: Requirement) -> str | None:
    """What is wrong with one package; None when it is there in a version that will do.

    Args:
        need: Name and versions.
    """
    try:
        version = importlib.metadata.version(need.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{need.name} is not installed"
    if need.specifier.contains(version, prereleases=True):
        return None
    return f"{need.name} is {version}, needs {need.specifier}"


def _requirements() -> list[Requirement]:
    return [Requirement(line) for line in importlib.metadata.requires("tain") or []]

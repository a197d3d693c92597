"""Requirements read from the metadata of the installed package."""

import pytest
from packaging.requirements import Requirement

from tain.recipes.installed import extras, problem_with, required


def test_what_tain_needs_is_installed_here():
    assert [problem for need in required() if (problem := problem_with(need))] == []


def test_required_packages_hold_no_extras():
    names = {need.name for need in required()}
    assert {"torch", "peft", "typer"} <= names
    assert names.isdisjoint({"onnx", "pytest", "ruff"})


def test_extras_are_those_a_user_may_want():
    assert "dev" not in extras()
    assert "onnxruntime" in {need.name for need in extras()["onnx"]}


@pytest.mark.parametrize(
    ("need", "problem"),
    [
        ("typer>=0.1", None),
        ("no-such-package-of-tain", "no-such-package-of-tain is not installed"),
        ("typer>=9999", "needs >=9999"),
    ],
)
def test_the_problem_names_the_package_and_the_version_asked_for(need, problem):
    found = problem_with(Requirement(need))
    assert found is None if problem is None else problem in found

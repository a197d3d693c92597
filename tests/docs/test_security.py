"""docs/security.md: whatever it says was tried has a test, by that name."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
TRIED = re.findall(r"^\| (.+?) \| (.+?) \| (.+) \|$", PAGE.partition("## What was tried")[2], re.MULTILINE)[2:]


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_the_page_names_exists(file, name):
    functions = [node.name for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.FunctionDef)]
    assert name in functions


def test_every_attack_has_a_test():
    assert len(TRIED) > 30
    assert [attack for attack, _, tests in TRIED if "::test_" not in tests] == []


def test_every_flag_that_the_page_names_is_one_of_the_server():
    section = (ROOT / "docs" / "cli.md").read_text().partition("## tain serve\n")[2].partition("\n## ")[0]
    assert [flag for flag in set(re.findall(r"`(--[a-z-]+)", PAGE)) if flag not in section] == []

"""What the documents promise, held against the program."""

import inspect
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

import tain
from tain.cli.app import VERBS, build_app, load_verb

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
DECISIONS = sorted((DOCS / "adr").glob("*.md"))
ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def _name(page):
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def commands():
    return typer.main.get_command(build_app(*VERBS)).commands


@pytest.mark.parametrize("script", ["make_cli_docs.py", "make_settings_docs.py"])
def test_a_page_made_from_the_program_is_what_the_program_says(script):
    script = ROOT / "scripts" / script
    answer = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_flag_is_documented_and_says_what_it_does(commands, verb):
    words = {verb: commands[verb]}
    words |= {f"{verb} {word}": command for word, command in getattr(commands[verb], "commands", {}).items()}
    for title, command in words.items():
        section = (DOCS / "cli.md").read_text().partition(f"## tain {title}\n")[2].partition("\n## ")[0]
        for parameter in command.params:
            assert parameter.help, f"{title} {parameter.name} has no help"
            shown = parameter.opts if parameter.param_type_name == "option" else [parameter.metavar or parameter.name]
            assert [name for name in shown if name not in section] == []


@pytest.mark.parametrize(("verb", "line"), VERBS.items())
def test_the_line_of_a_verb_opens_its_docstring_and_fits_the_list(verb, line):
    assert (inspect.getdoc(load_verb(verb)) or "").splitlines()[0] == line
    assert len(line) <= 80 - len("  calibrate  ") - 2


@pytest.mark.parametrize("decision", DECISIONS, ids=_name)
def test_a_decision_says_context_choice_and_what_was_given_up(decision):
    text = decision.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Choice", "What we gave up"]
    assert text.startswith(f"# {decision.name[:4]} ")


def test_decisions_are_numbered_without_gaps_and_listed():
    assert [int(decision.name[:4]) for decision in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    index = (DOCS / "index.md").read_text()
    assert [decision.name for decision in DECISIONS if f"adr/{decision.name}" not in index] == []


def test_the_changelog_has_this_version():
    assert re.search(rf"^## {re.escape(tain.__version__)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert version("tain") == tain.__version__


def test_every_paper_the_code_names_has_its_reference():
    named = {paper for file in (ROOT / "src").rglob("*.py") for paper in ARXIV.findall(file.read_text())}
    assert named - set(ARXIV.findall((DOCS / "papers.md").read_text())) == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_between_pages_lead_somewhere(page):
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


def test_make_help_lists_every_task():
    lines = (ROOT / "Makefile").read_text().splitlines()
    tasks = next(line for line in lines if line.startswith(".PHONY:")).split()[1:]
    described = [line.partition(":")[0] for line in lines if re.match(r"[a-z]+:.*## ", line)]
    assert sorted(described) == sorted(tasks)

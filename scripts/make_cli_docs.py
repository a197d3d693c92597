"""Write docs/cli.md from the commands themselves, so that the page cannot say what the program does not do.

scripts/make_cli_docs.py            write the page
scripts/make_cli_docs.py --check    exit with status 1 if the page is stale
"""

import sys
from pathlib import Path

from typer.testing import CliRunner

from tain.cli.app import VERBS, build_app, commands_of

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
OPENING = """# The command line

Made by `scripts/make_cli_docs.py` from the commands themselves. Do not edit.

Data goes to stdout; talk, warnings and progress bars go to stderr. `-` reads stdin where a file is asked for.
Nothing that exists is overwritten without `--force`.

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | failed: the data, the model or the machine does not allow it |
| 2 | misuse: a flag, setting or path that cannot be right |
| 3 | done in part: what was not done is named on stderr |
| 130 | interrupted |

An error is one message on stderr. `TAIN_TRACEBACK=1` shows where it came from.
"""


def make_page() -> str:
    """The page as it should be now."""
    sections = [OPENING, _section("tain", [])]
    for verb in VERBS:
        sections.append(_section(f"tain {verb}", [verb]))
        sections += [_section(f"tain {verb} {c.__name__}", [verb, c.__name__]) for c in commands_of(verb)]
    return "\n".join(sections)


def _section(title: str, arguments: list[str]) -> str:
    # Only the verb of the section is loaded: the list of all keeps its order then.
    app = build_app(*arguments[:1])
    result = CliRunner().invoke(app, [*arguments, "--help"], prog_name="tain")
    if result.exit_code:
        raise SystemExit(f"{title} --help failed: {result.output}{result.exception!r}")
    text = "\n".join(line.rstrip() for line in result.output.strip().splitlines())
    return f"## {title}\n\n```text\n{text}\n```\n"


def main() -> None:
    """Write or check the page."""
    page = make_page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page:
        raise SystemExit(f"{PAGE} is stale. Run: make docs")


if __name__ == "__main__":
    main()

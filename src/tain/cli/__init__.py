"""The command line: one file per verb. Each reads its flags, calls one recipe and renders the answer."""

from __future__ import annotations

import sys
from typing import Final

DONE: Final = 0
FAILED: Final = 1
MISUSE: Final = 2
PARTIAL: Final = 3  # some of the input was done, and what was not is named on stderr
INTERRUPTED: Final = 130


def main() -> None:
    """Run the command that the user typed, and exit with its status."""
    from tain.cli.app import run

    raise SystemExit(run(sys.argv[1:]))

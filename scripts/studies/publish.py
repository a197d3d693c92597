"""Put the table of a study between the markers of its page, and its pictures beside it; the text is written by hand.

Run as `python scripts/studies/publish.py build/studies/leave-one-family-out docs/results/leave-one-family-out.md`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tain.core.files import whole_file

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def main(study: Path, page: Path) -> None:
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page} lacks the markers {BEGIN} and {END}.")
    table = (study / "table.md").read_text(encoding="utf-8")
    with whole_file(page) as part:
        part.write_text(f"{before}{BEGIN}\n{table}{END}{after}", encoding="utf-8")
    shutil.copyfile(study / "table.json", page.with_suffix(".json"))
    for picture in sorted((study / "plots").glob("*.png")):
        shutil.copyfile(picture, page.with_name(f"{page.stem}-{picture.name}"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

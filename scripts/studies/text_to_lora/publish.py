"""Put the tables of the study between the markers of its page, from the cells that are done; the text stays.

python scripts/studies/text_to_lora/publish.py build/studies/text-to-lora docs/results/text-to-lora.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from tain.core.files import whole_file, write_json
from tain.recipes.suite.study import Form, plan, read_cells
from tain.recipes.suite.study_table import markdown

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
SEEDS: tuple[int, ...] = (0, 1, 2)
FORMS: tuple[Form, ...] = ("L", "M", "S")


def main(study: Path, page: Path) -> None:
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page} lacks the markers {BEGIN} and {END}.")
    cells = read_cells(study)
    n_all = len(plan(SEEDS, FORMS))
    done = "All cells are done." if len(cells) == n_all else f"{len(cells)} of {n_all} cells are done."
    with whole_file(page) as part:
        part.write_text(f"{before}{BEGIN}\n{done}\n\n{markdown(cells)}\n{END}{after}", encoding="utf-8")
    write_json(page.with_suffix(".json"), cells)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

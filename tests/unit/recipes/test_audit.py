import json
from pathlib import Path

import pytest

from tain.core.errors import ConfigError, DataError
from tain.recipes.audit import audit_files
from tain.recipes.audit_page import feature_rows, render_page, write_page
from tain.recipes.audit_terminal import render_terminal

HUMAN = "The {0} boat left at dawn, and nobody on the {1} pier waved; number {0} had been late {1} times before that."
AI = "It is important\nto note that {0} journeys foster {1} connections.\n\nFurthermore, {0} remains {1} and vital."


@pytest.fixture
def corpus_file(tmp_path: Path) -> Path:
    rows = [
        {"id": f"{label}{i}", "text": form.format(i * 3, i * i), "label": label, "pair_id": i, "domain": f"d{i % 3}"}
        for i in range(30)
        for label, form in (("human", HUMAN), ("ai", AI))
    ]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_surface_features_are_measured_before_and_after(corpus_file: Path) -> None:
    (split,) = audit_files([str(corpus_file)]).splits
    rows = feature_rows(split)
    assert rows[0].name == "all together"
    newlines = next(row for row in rows if row.name == "newlines")
    assert newlines.raw == 1
    assert newlines.normalised == newlines.matched == 0.5


def test_files_of_one_name_keep_their_paths(corpus_file: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other" / "mine.jsonl"
    twin.write_bytes(corpus_file.read_bytes())
    report = audit_files([str(corpus_file), str(twin)])
    assert [split.name for split in report.splits] == [str(corpus_file), str(twin)]
    assert report.overlaps[0].n_exact == 60
    with pytest.raises(ConfigError, match="named twice"):
        audit_files([str(corpus_file), str(corpus_file)])
    with pytest.raises(ConfigError, match="No file was named"):
        audit_files([])


def test_bad_rows_of_all_files_are_set_aside_together(corpus_file: Path, tmp_path: Path) -> None:
    good = corpus_file.read_bytes()
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path in paths:
        path.write_bytes(good + b'{"id": "bad", "text": "", "label": "ai"}\n')
    names = [str(path) for path in paths]
    with pytest.raises(DataError, match=r"a\.jsonl:61: text: the text is empty"):
        audit_files(names)
    aside = tmp_path / "aside.jsonl"
    assert audit_files(names, set_aside=aside).splits[0].n == 60
    assert [json.loads(line)["file"] for line in aside.read_text().splitlines()] == names
    with pytest.raises(ConfigError, match="exists already"):
        audit_files(names, set_aside=aside)
    for path in paths:
        path.write_bytes(good)
    audit_files(names, set_aside=aside, force=True)
    assert not aside.exists()


def test_the_page_shows_every_warning_and_escapes_names(corpus_file: Path, tmp_path: Path) -> None:
    odd = tmp_path / "<b>odd.jsonl"
    odd.write_bytes(corpus_file.read_bytes())
    report = audit_files([str(odd)])
    page = render_page(report)
    assert "<b>odd" not in page
    assert "&lt;b&gt;odd" in page
    assert page.count("<li>") >= len(report.warnings)
    for name in ("newlines", "d2", "Words per text", report.splits[0].sha256):
        assert name in page
    write_page(report, tmp_path / "audit.html")
    assert (tmp_path / "audit.html").read_text() == page


def test_the_tables_name_splits_labels_and_warnings(corpus_file: Path) -> None:
    from rich.console import Console

    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(render_terminal(audit_files([str(corpus_file)])))
    shown = console.export_text()
    for part in (
        "mine: 60 texts in 30 groups",
        "human",
        "all together",
        "Look at",
        "newlines alone separate the labels",
    ):
        assert part in shown
